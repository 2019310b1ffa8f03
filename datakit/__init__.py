"""datakit: dataset curation and annotation for portrait segmentation and matting.

Every verb of the command line is a function here, with the same options:

>>> import datakit
>>> summary = datakit.coco2mask("export", "dataset", kind="binary")  # doctest: +SKIP
>>> summary.counts  # doctest: +SKIP
{'samples': 589, 'masks': 589, 'empty': 0, 'failed': 0}
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from datakit.version import __version__

VERBS = {
    "anonymize": "datakit.verbs.anonymize.run",
    "augment": "datakit.verbs.augment.run",
    "coco2mask": "datakit.verbs.coco2mask.run",
    "mask2coco": "datakit.verbs.mask2coco.run",
    "train": "datakit.verbs.train.run",
    "prelabel": "datakit.verbs.prelabel.run",
    "validate": "datakit.verbs.validate.run",
    "qc": "datakit.verbs.qc.run",
    "eval": "datakit.verbs.eval.run",
    "matte": "datakit.verbs.matte.run",
    "trimap": "datakit.verbs.trimap.run",
    "dedup": "datakit.verbs.dedup.run",
    "split": "datakit.verbs.split.run",
    "export": "datakit.verbs.export.run",
    "stats": "datakit.verbs.stats.run",
    "report": "datakit.verbs.report.run",
    "review": "datakit.verbs.review.run",
    "run": "datakit.verbs.run.run",
    "weights": "datakit.verbs.weights.run",
}
"""Verbs that are functions of this package, and the module of each."""

__all__ = [
    "VERBS",
    "__version__",
    "anonymize",
    "augment",
    "coco2mask",
    "dedup",
    "eval",
    "export",
    "mask2coco",
    "matte",
    "prelabel",
    "qc",
    "report",
    "review",
    "run",
    "split",
    "stats",
    "train",
    "trimap",
    "validate",
    "weights",
]

if TYPE_CHECKING:
    from datakit.records.evaluation import Evaluation
    from datakit.records.lineage import Audit
    from datakit.records.pipeline import RunSummary
    from datakit.records.problems import Problems
    from datakit.records.quality import Quality
    from datakit.records.statistics import Statistics
    from datakit.records.stored_weights import WeightsReport
    from datakit.records.summary import Summary
    from datakit.records.training import Training

    def anonymize(src: Any, out: Any, **options: Any) -> Summary:
        """Make the faces of photos or of a dataset unrecognisable."""

    def augment(src: Any, out: Any, **options: Any) -> Summary:
        """Write augmented copies of a dataset's training samples."""

    def coco2mask(src: Any, out: Any, **options: Any) -> Summary:
        """Turn a COCO export into a dataset; see ``help(datakit.coco2mask)`` at run time."""

    def dedup(src: Any, out: Any, **options: Any) -> Summary:
        """Find exact and near duplicates."""

    def eval(src: Any, **options: Any) -> Evaluation:  # noqa: A001
        """Measure predictions against the truth; ``src`` is (predictions, truth)."""

    def export(src: Any, out: Any, **options: Any) -> Summary:
        """Write a dataset as another program reads it."""

    def mask2coco(src: Any, out: Any, **options: Any) -> Summary:
        """Write a dataset's masks as COCO annotations beside the images."""

    def matte(src: Any, out: Any, **options: Any) -> Summary:
        """Estimate soft alphas from binary masks."""

    def prelabel(src: Any = (), out: Any = "", **options: Any) -> Summary:
        """Draft labels with a model, or merge reviewed ones."""

    def qc(src: Any = (), out: Any = "", **options: Any) -> Quality:
        """Find what is wrong with alpha mattes."""

    def run(pipeline: Any = "", out: Any = "", **options: Any) -> RunSummary:
        """Walk a pipeline file; what is up to date is not done again."""

    def report(src: Any, out: Any, **options: Any) -> Summary:
        """Write a page that shows what is in a dataset."""

    def review(src: Any, out: Any = "", **options: Any) -> Summary:
        """Show the page of a review, or apply what was decided."""

    def split(src: Any, out: Any = "", **options: Any) -> Summary | Audit:
        """Make sides that share nothing, or audit those of others."""

    def stats(src: Any, **options: Any) -> Statistics:
        """Count, plot and preview an export or a dataset."""

    def train(src: Any, out: Any, **options: Any) -> Training:
        """Train a segmenter on a dataset's labels."""

    def trimap(src: Any, out: Any, **options: Any) -> Summary:
        """Make trimaps from masks or alphas."""

    def validate(src: Any, **options: Any) -> Problems:
        """Say what is wrong with an export or a dataset."""

    def weights(*, action: str = "list", subject: Any = None, **options: Any) -> WeightsReport:
        """List weights, add a file to the cache, find one, or download one."""


def __getattr__(name: str) -> Any:
    # Imported at first use, so that `import datakit` and `datakit --help` cost nothing.
    if name not in VERBS:
        raise AttributeError(f"module 'datakit' has no attribute {name!r}")
    from datakit.verbs.shared.api import python_verb

    module = import_module(VERBS[name])
    function = python_verb(name, module.Options, module.run)
    globals()[name] = function
    return function


def __dir__() -> list[str]:
    return sorted([*__all__, "__doc__", "__name__"])
