"""``coco2mask``: a COCO export (Roboflow's or another's) becomes images, masks and a manifest."""

from __future__ import annotations

from difflib import get_close_matches

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.layouts.sources import Collection
from datakit.records.labels import BACKGROUND, FOREGROUND, ClassRules, is_binary
from datakit.records.summary import Summary
from datakit.verbs.coco2mask.options import VERB, Options
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run, operation

MAX_CLASSES = 255


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Rasterize a COCO export into a dataset.

    Parameters
    ----------
    options : Options
        What to read, what to paint, where to write.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary
        Its ``failed`` counts annotations and images that are in ``failures.jsonl``.

    Raises
    ------
    InputError
        If SRC is no COCO source, a category is unknown, or DST must not be written.
    """
    source = options.open(progress)
    rules = ClassRules.parse(options.map)
    _check_map(rules, source)
    values = _values(options, source, rules)
    label_map = {BACKGROUND: 0}
    if options.kind == "binary":
        label_map[FOREGROUND] = 255
    elif options.kind == "semantic":
        label_map |= values
    task = LazyTask(
        "datakit.verbs.coco2mask.task:Rasterize",
        {
            "out": options.out,
            "step": operation(VERB, options),
            "values": values,
            "kind": options.kind,
            "rule": options.rule,
            "overlap": options.overlap,
            "boxes": options.boxes,
            "mapping": rules,
            "tolerance": options.tolerance,
            "file_values": {n: v for n, v in source.label_map.items() if v},
            "placing": options.images,
            "size_wh": options.size_wh,
            "fit": options.fit,
            "drop_empty": options.drop_empty,
        },
    )
    contents = Contents(notes=_roles_by_name(rules, source))
    return process(
        Run(VERB, options, source),
        task,
        contents=contents,
        label_map=label_map,
        progress=progress,
    )


def _check_map(rules: ClassRules, source: Collection) -> None:
    """Refuse what ``--map`` says of a class that the source does not have."""
    known = (*source.classes, *source.shared_ids)
    unknown = [name for name in rules.renamed if name not in known]
    if unknown:
        close = get_close_matches(unknown[0].lower(), {name.lower() for name in known}, 1)
        near = next((name for name in known if close and name.lower() == close[0]), None)
        hint = f"; did you mean {near!r}?" if near else ""
        raise InputError(
            f"--map {unknown[0]!r}: expected a class of the source, which has: "
            f"{', '.join(known) or 'none'}{hint}"
        )


def _roles_by_name(rules: ClassRules, source: Collection) -> tuple[str, ...]:
    """Return a note of the classes that are no objects because of their names alone."""
    named = {
        name: rules.role(name)
        for name in source.classes
        if name not in rules.renamed and rules.role(name) != "object"
    }
    if not named:
        return ()
    shown = ", ".join(f"{name!r} is {role}" for name, role in named.items())
    return (f"by their names, {shown}; --map NAME=CLASS decides otherwise",)


def _values(options: Options, source: Collection, rules: ClassRules) -> dict[str, int]:
    """Return class name -> mask value of the classes to paint."""
    classes = rules.classes(source.classes)
    unknown = [name for name in options.category if name not in classes]
    if unknown:
        raise InputError(
            f"--category {unknown[0]!r}: expected a class of the source, which has: "
            f"{', '.join(classes) or 'none'}"
        )
    chosen = [name for name in classes if not options.category or name in options.category]
    if options.kind == "semantic" and len(chosen) > MAX_CLASSES:
        raise InputError(
            f"--kind semantic: expected at most {MAX_CLASSES} classes, found {len(chosen)}; "
            "choose some with --category"
        )
    in_files = set(chosen) <= set(source.label_map) and not is_binary(source.label_map)
    if options.kind == "semantic" and in_files:
        return {name: source.label_map[name] for name in chosen}
    return {name: value for value, name in enumerate(chosen, 1)}
