"""``qc --suspects``: the samples whose labels are most likely wrong, worst first."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from datakit.core.images.contact_sheet import contact_sheet
from datakit.core.quality.label_errors import Suspicion, confidence_of, suspicion
from datakit.engine.base import LazyTask, Outcome, ordered_map
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection, open_sources
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.storage import Location
from datakit.io.tables import csv_rows
from datakit.verbs.qc.options import InspectOptions
from datakit.verbs.qc.quality_report import SHEETS, TILE_PX

TABLE = "suspects.csv"
ROW = ("rank", "sample", "score", "kind", "x1", "y1", "x2", "y2", "file")
_TASK = "datakit.verbs.qc.suspects_task:Disagree"


@dataclass(frozen=True)
class Suspect:
    """A sample whose label is suspect, and the region to inspect."""

    item: Item
    found: Suspicion
    box: tuple[int, int, int, int] | None


def predictions_of(options: InspectOptions, source: Collection) -> dict[str, tuple[Item, ...]]:
    """Return what ``--predicted`` has for each sample, by its path without suffix.

    Raises
    ------
    InputError
        If a folder is no source, or has a prediction for none of the samples.
    """
    found: dict[str, list[Item]] = {}
    stems = {_stem(item.key): item.key for item in source.items()}
    for folder in options.predicted:
        fitting = 0
        for made in open_sources((folder,)).items():
            key = stems.get(_stem(made.key))
            if key is not None and (made.alpha or made.mask):
                found.setdefault(key, []).append(made)
                fitting += 1
        if not fitting:
            raise InputError(
                f"--predicted {folder}: expected alphas or masks of the names that SRC has "
                f"({next(iter(stems), 'it is empty')}, …), found none; prelabel -o writes such"
            )
    return {key: tuple(items) for key, items in found.items()}


def write_suspects(out: Location, options: InspectOptions, source: Collection) -> str:
    """Rank all labelled samples, write `TABLE` and a contact sheet; return a note of it."""
    predicted = predictions_of(options, source)
    labelled = [item for item in source.items() if item.alpha or item.mask]
    items = [item for item in labelled if options.segmenter or item.key in predicted]
    everything = {item.key: predicted.get(item.key, ()) for item in items}
    params = {"segmenter": options.segmenter, "predictions": everything}
    seen = [
        (item, one.value)
        for item, one in zip(items, _mapped(options, params, items), strict=True)
        if one.value is not None
    ]
    note = f"suspects: {len(seen):,} of {len(labelled):,} labels were compared with predictions"
    if not seen:
        return note
    sure = confidence_of(sum(histogram for _, histogram in seen))
    ranked = [(item, suspicion(histogram, sure)) for item, histogram in seen]
    ranked.sort(key=lambda pair: (-pair[1].score, pair[0].key))
    chosen = ranked[: options.suspects]
    wanted = {item.key: found.kind for item, found in chosen}
    boxes = _mapped(options, {**params, "wanted": wanted, "sure": sure}, [i for i, _ in chosen])
    suspects = [
        Suspect(item, found, outcome.value)
        for (item, found), outcome in zip(chosen, boxes, strict=True)
    ]
    rows = [
        (
            rank,
            s.item.key,
            f"{s.found.score:.4f}",
            s.found.kind,
            *(s.box or [""] * 4),
            s.item.source_name,
        )
        for rank, s in enumerate(suspects, 1)
    ]
    atomic.write_bytes(out / TABLE, csv_rows.table(ROW, rows))
    _draw(out, options, suspects, len(seen))
    return (
        f"{note}; the {len(suspects):,} most suspect are in {TABLE} (sure: {sure.foreground:.2f} "
        f"of foreground, {sure.background:.2f} of background)"
    )


def _mapped(
    options: InspectOptions, params: dict[str, Any], items: Sequence[Item]
) -> list[Outcome[Any]]:
    task = LazyTask(_TASK, params, by_key=("predictions",))
    with closing(ordered_map(options.make_engine(), task, items)) as outcomes:
        return list(outcomes)


def _draw(out: Location, options: InspectOptions, suspects: Sequence[Suspect], total: int) -> None:
    boxes = {s.item.key: {TABLE: s.box} for s in suspects[: options.sheet]}
    task = LazyTask("datakit.verbs.qc.task:Draw", {"boxes": boxes})
    chosen = [s.item for s in suspects[: options.sheet]]
    if not chosen:
        return
    with closing(ordered_map(options.make_engine(), task, chosen)) as outcomes:
        drawn = [
            (outcome.value[TABLE], f"{s.item.key}\n{s.found.score:.3f} {s.found.kind}")
            for s, outcome in zip(suspects[: options.sheet], outcomes, strict=True)
            if outcome.value is not None
        ]
    sheet = contact_sheet(
        [tile for tile, _ in drawn],
        [words for _, words in drawn],
        title=f"suspects: {len(drawn)} of {total} labels, the most suspect first",
        tile_px=TILE_PX,
    )
    atomic.write_bytes(out / SHEETS / "suspects.png", images.encode_png(sheet))


def _stem(key: str) -> str:
    return PurePosixPath(key).with_suffix("").as_posix()
