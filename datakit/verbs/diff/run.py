"""``diff``: what is different between two datasets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, get_args

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.images.contact_sheet import contact_sheet
from datakit.engine.base import LazyTask, ordered_map
from datakit.errors import InputError
from datakit.io.dataset import report_folder
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import label_files
from datakit.io.layouts.sources import Collection, open_sources
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.storage import Location, location
from datakit.io.tables import csv_rows
from datakit.pages.report import render
from datakit.records.difference import Changed, Difference, LabelChange, LabelKind, Moved
from datakit.records.failure import Failure
from datakit.verbs.diff import page
from datakit.verbs.diff.options import VERB, Options
from datakit.verbs.diff.pairing import Pair, pair_up
from datakit.verbs.shared.inspect import Preview
from datakit.verbs.shared.page_pictures import picture
from datakit.verbs.shared.progress import ProgressListener, SilentProgress, note_source

FILES = ("diff.html", "diff.json", "diff.csv", "diff.png")
_TILE_PX = 240


def run(options: Options, progress: ProgressListener | None = None) -> Difference:
    """Compare two datasets, or a dataset and what came back of its export.

    Parameters
    ----------
    options : Options
        What to compare, and where the report goes.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Difference

    Raises
    ------
    InputError
        If A or B cannot be read, or DST holds something else.
    """
    out = location(options.out) if options.out else None
    if out:
        report_folder.check(out, FILES, overwrite=options.overwrite)
    before, after = (
        note_source(open_sources((path,), layout=options.layout), progress) for path in options.src
    )
    ones = sorted(before.items(), key=lambda item: item.key)
    others = sorted(after.items(), key=lambda item: item.key)
    pairs, removed, added = pair_up(ones, others)
    kinds, left_out = _kinds_to_compare(before, after, ones, others)
    params = {"before": dict(before.label_map), "after": dict(after.label_map), "kinds": kinds}
    changed, failures = _compared(options, params, pairs, progress or SilentProgress())
    moved = [
        Moved(
            before=pair.before.key,
            after=pair.after.key,
            splits=(pair.before.split, pair.after.split),
        )
        for pair in pairs
        if pair.before.split != pair.after.split
    ]
    result = Difference(
        out=options.out,
        counts=_counts(len(ones), len(others), added, removed, moved, changed),
        added=tuple(others[at].key for at in sorted(added)),
        removed=tuple(ones[at].key for at in sorted(removed)),
        moved=tuple(moved),
        changed=tuple(sorted(changed, key=lambda one: (-one.severity, one.before))),
        classes=_classes(before, after),
        failures=(*before.failures, *after.failures, *failures),
        notes=_notes(before, after, left_out),
    )
    if out:
        _write(out, options, result, pairs)
    return result


def _compared(
    options: Options, params: dict[str, Any], pairs: Sequence[Pair], progress: ProgressListener
) -> tuple[list[Changed], list[Failure]]:
    task = LazyTask("datakit.verbs.diff.task:Compare", params)
    changed: list[Changed] = []
    failures: list[Failure] = []
    progress.begin(len(pairs), VERB)
    try:
        with closing(ordered_map(options.make_engine(), task, pairs)) as outcomes:
            for pair, outcome in zip(pairs, outcomes, strict=True):
                if outcome.value is None:
                    error, file = str(outcome.error), pair.before.source_name
                    failures.append(Failure(id=pair.key, file=file, step=VERB, error=error))
                elif outcome.value.differs:
                    changed.append(outcome.value)
                progress.advance(len(failures))
    finally:
        progress.end()
    return changed, failures


def _counts(
    before: int,
    after: int,
    added: set[int],
    removed: set[int],
    moved: Sequence[Moved],
    changed: Sequence[Changed],
) -> dict[str, int]:
    kinds = Counter(f"{change.kind}s" for one in changed for change in _kinds(one.labels))
    return {
        "in A": before,
        "in B": after,
        "added": len(added),
        "removed": len(removed),
        "moved": len(moved),
        "images": sum(one.image != "same" for one in changed),
        **{name.replace("ignores", "ignore masks"): kinds[name] for name in sorted(kinds)},
        "metadata": sum(bool(one.fields) for one in changed),
    }


def _kinds(labels: Sequence[LabelChange]) -> list[LabelChange]:
    """Return one change for each kind."""
    return list({change.kind: change for change in labels}.values())


def _classes(before: Collection, after: Collection) -> tuple[str, ...]:
    """Return the classes that one side lacks or numbers otherwise; of two datasets of ours."""
    one, other = before.label_map, after.label_map
    if not one or not other:
        return ()
    return tuple(name for name in sorted({**one, **other}) if one.get(name) != other.get(name))


def _kinds_to_compare(
    before: Collection, after: Collection, ones: Sequence[Item], others: Sequence[Item]
) -> tuple[tuple[LabelKind, ...], list[LabelKind]]:
    """Return the labels to compare, and those that one of two layouts does not have at all."""
    kinds: tuple[LabelKind, ...] = get_args(LabelKind)
    if before.formats == after.formats:
        return kinds, []
    one, other = _held(ones), _held(others)
    return tuple(kind for kind in kinds if kind in one & other), [
        kind for kind in kinds if kind in one ^ other
    ]


def _held(items: Sequence[Item]) -> set[str]:
    """Return the kinds of labels that any of the items has."""
    held = {kind for item in items for kind in label_files(item)}
    return held | ({"mask"} if any(item.annotations is not None for item in items) else set())


def _notes(before: Collection, after: Collection, left_out: Sequence[LabelKind]) -> tuple[str, ...]:
    notes = []
    if before.formats != after.formats:
        notes.append(
            f"A was read as {before.formats[0]}, B as {after.formats[0]}: metadata is compared "
            "only between datasets"
        )
    if left_out:
        notes.append(f"not compared, as only one side has any: {', '.join(left_out)}")
    return tuple(notes)


def _write(out: Location, options: Options, result: Difference, pairs: Sequence[Pair]) -> None:
    report_folder.clear(out, FILES)
    rows: list[Mapping[str, object]] = [
        *({"what": "added", "before": "", "after": key} for key in result.added),
        *({"what": "removed", "before": key, "after": ""} for key in result.removed),
        *(
            {"what": "moved", "before": one.before, "after": one.after}
            | {"detail": f"{one.splits[0]} -> {one.splits[1]}"}
            for one in result.moved
        ),
        *(row for one in result.changed for row in _rows(one)),
    ]
    header = ("what", "before", "after", "class", "share", "iou", "boundary_iou", "sad", "detail")
    table = csv_rows.table(header, ([row.get(name) for name in header] for row in rows))
    atomic.write_bytes(out / "diff.csv", table)
    # A sample of which only the metadata changed looks the same.
    seen = [one for one in result.changed if one.severity]
    drawn = _drawn(seen[: options.sheet], pairs)
    if drawn:
        atomic.write_bytes(out / "diff.png", _sheet(drawn, len(result.changed)))
    pictures = [
        picture(tile, f"{side}: {key}", one.in_words, alt=f"{key} in {side}: {one.in_words}")
        for one, side, key, tile in drawn
    ]
    atomic.write_bytes(out / "diff.html", render(page.compose(options.src, result, pictures)))
    text = msgspec.json.format(msgspec.json.encode(result), indent=2)
    atomic.write_bytes(out / "diff.json", text + b"\n")


def _rows(one: Changed) -> list[dict[str, object]]:
    """Return a row for each thing that changed in a sample."""
    ids: dict[str, object] = {"before": one.before, "after": one.after}
    rows = [
        ids
        | {
            "what": change.kind,
            "class": change.category,
            "share": change.share,
            "iou": change.iou,
            "boundary_iou": change.boundary_iou,
            "sad": change.sad,
            "detail": f"only {change.only}" if change.only else None,
        }
        for change in one.labels
    ]
    if one.image != "same":
        rows.append(ids | {"what": "image", "detail": one.image})
    rows += [ids | {"what": "metadata", "detail": name} for name in one.fields]
    return rows


def _drawn(
    changed: Sequence[Changed], pairs: Sequence[Pair]
) -> list[tuple[Changed, str, str, npt.NDArray[np.uint8]]]:
    """Draw samples as they were and as they are: (change, side, id, tile)."""
    pair_of = {pair.before.key: pair for pair in pairs}
    draw = Preview()
    drawn = []
    for one in changed:
        pair = pair_of[one.before]
        for side, item in (("A", pair.before), ("B", pair.after)):
            try:
                drawn.append((one, side, item.key, draw(item)))
            except InputError:
                # Its failure is a row of the result already; the others are shown.
                continue
    return drawn


def _sheet(drawn: Sequence[tuple[Changed, str, str, npt.NDArray[np.uint8]]], changed: int) -> bytes:
    shown = len({one.before for one, *_ in drawn})
    sheet = contact_sheet(
        [tile for *_, tile in drawn],
        [f"{side}: {key}\n{one.in_words}" for one, side, key, _ in drawn],
        title=f"{shown} of {changed} changed samples, the most changed first",
        columns=4,
        tile_px=_TILE_PX,
    )
    return images.encode_png(sheet)
