"""datakit: dataset curation and annotation for portrait segmentation and matting.

Every verb of the command line is a function here, with the same options:

>>> import datakit
>>> summary = datakit.coco2mask("export", "dataset", kind="binary")  # doctest: +SKIP
>>> summary.counts  # doctest: +SKIP
{'samples': 589, 'masks': 589, 'empty': 0, 'failed': 0}

What is read or written is an object to hold, whatever its layout:

>>> dataset = datakit.open("dataset")  # doctest: +SKIP
>>> dataset.where("fg_ratio > 0.2")[0].mask  # doctest: +SKIP
"""

# Nothing is imported here that takes time: the command handles Ctrl-C from its first instruction,
# and this runs before it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOTEBOOK = {"Dataset": "Dataset", "open": "open_dataset"}
"""Names of this package -> names in `datakit.notebook.dataset`."""


def __getattr__(name: str) -> "Any":
    # Imported at first use, so that `import datakit` and `datakit --help` cost nothing.
    from importlib import import_module

    if name == "__version__":
        return import_module("datakit.version").__version__
    if name in _NOTEBOOK:
        return getattr(import_module("datakit.notebook.dataset"), _NOTEBOOK[name])
    verbs = import_module("datakit.verbs.table").VERBS
    if name == "VERBS":
        return verbs
    if name == "__all__":
        return ["VERBS", "Dataset", "__version__", "open", *verbs]
    if name not in verbs:
        raise AttributeError(f"module 'datakit' has no attribute {name!r}")
    function = import_module("datakit.verbs.shared.api").python_verb(verbs[name])
    globals()[name] = function
    return function


def __dir__() -> list[str]:
    return sorted([*__getattr__("__all__"), "__doc__", "__name__"])
