"""``stats``: what is in an export or a dataset, as numbers, plots and pictures."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import islice, pairwise

import msgspec

from datakit.core.images.contact_sheet import contact_sheet
from datakit.engine.base import LazyTask, Outcome, ordered_map
from datakit.errors import InputError
from datakit.io.dataset import report_folder
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.storage import Location, location
from datakit.io.tables.plots import Bars, save_bars
from datakit.records.failure import Failure, in_words
from datakit.records.statistics import AREA_EDGES, SplitCounts, Statistics
from datakit.verbs.shared.inspect import Measured
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.stats.balance import balance
from datakit.verbs.stats.options import VERB, Options

FILES = ("stats.json", "stats.svg", "preview.png")
MOST_SIZES = 12


def run(options: Options, progress: ProgressListener | None = None) -> Statistics:
    """Count the samples, classes, object areas and image sizes of a source.

    Parameters
    ----------
    options : Options
        What to read, and where plots go.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Statistics

    Raises
    ------
    InputError
        If SRC cannot be read, or DST holds something else.
    """
    progress = progress or SilentProgress()
    source = options.open(progress)
    out = location(options.out) if options.out else None
    if out:
        report_folder.check(out, FILES, overwrite=options.overwrite)
    tally = _Tally()
    progress.begin(len(source), VERB)
    try:
        for item, outcome in _measure(options, source):
            tally.add(item, outcome)
            progress.advance(len(tally.failures))
    finally:
        progress.end()
    result = tally.result(source)
    if options.balance:
        looks = balance(options, source, progress)
        result = msgspec.structs.replace(
            result,
            balance=looks.spreads,
            skin_tones=looks.tones,
            notes=(*result.notes, *looks.notes),
        )
    if out:
        _write(out, options, source, result)
        result = msgspec.structs.replace(result, out=str(out))
    return result


def _measure(options: Options, source: Collection) -> Iterator[tuple[Item, Outcome[Measured]]]:
    task = LazyTask("datakit.verbs.shared.inspect:Measure", {"label_map": source.label_map})
    # Two passes over the same stable order: outcomes carry keys, splits come from the items.
    items = source.items()
    with closing(ordered_map(options.make_engine(), task, source.items())) as outcomes:
        yield from zip(items, outcomes, strict=True)


class _Tally:
    """Counts as samples come by."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self._splits: dict[str, Counter[str]] = {}
        self._classes: dict[str, Counter[str]] = {}
        self._groups: dict[str, set[str]] = {}
        self._sizes: Counter[str] = Counter()
        self._areas = [0] * (len(AREA_EDGES) - 1)

    def add(self, item: Item, outcome: Outcome[Measured]) -> None:
        measured = outcome.value
        if measured is None:
            error = str(outcome.error)
            self.failures.append(
                Failure(id=item.key, file=item.source_name, step="read", error=error)
            )
            return
        split = item.split or "-"
        counts = self._splits.setdefault(split, Counter())
        counts["samples"] += 1
        counts["unlabelled"] += not measured.labelled
        counts["partial"] += measured.partial
        counts["empty"] += measured.labelled and not measured.foreground and not measured.partial
        self._classes.setdefault(split, Counter()).update(measured.objects)
        self._groups.setdefault(split, set()).add(item.group or item.key)
        self._sizes["{}x{}".format(*measured.size_wh)] += 1
        for area in measured.areas:
            self._areas[min(bisect_right(AREA_EDGES, area) - 1, len(self._areas) - 1)] += area > 0

    def result(self, source: Collection) -> Statistics:
        splits = {
            split: SplitCounts(
                **counts,
                groups=len(self._groups[split]),
                classes=dict(self._classes[split].most_common()),
            )
            for split, counts in self._splits.items()
        }
        return Statistics(
            splits=splits,
            sizes=dict(self._sizes.most_common()),
            areas=tuple(self._areas),
            failed=len(self.failures) + len(source.failures),
            notes=(*source.notes, *in_words(self.failures, "read")),
        )


def _write(out: Location, options: Options, source: Collection, result: Statistics) -> None:
    report_folder.clear(out, FILES)
    text = msgspec.json.format(msgspec.json.encode(result), indent=2)
    atomic.write_bytes(out / FILES[0], text + b"\n")
    splits, classes = result.splits, Counter[str]()
    for counts in splits.values():
        classes.update(counts.classes)
    bins = [f"{100 * edge:g} %" for edge in AREA_EDGES]
    sizes = list(result.sizes.items())[:MOST_SIZES]
    charts = [
        Bars("Samples per split", "samples", list(splits), [c.samples for c in splits.values()]),
        Bars("Objects per class", "objects", list(classes), list(classes.values())),
        Bars(
            "Object area, share of the image",
            "objects",
            [f"{low} – {high}" for low, high in pairwise(bins)],
            list(result.areas),
        ),
        Bars("Image size", "samples", [s for s, _ in sizes], [n for _, n in sizes]),
    ]
    save_bars(out / FILES[1], charts, ", ".join(location(path).name for path in options.src))
    if options.preview:
        _write_preview(out / FILES[2], options, source)


def _write_preview(path: Location, options: Options, source: Collection) -> None:
    """Draw samples spread evenly over the source."""
    step = max(1, len(source) // options.preview)
    chosen = list(islice(source.items(), 0, None, step))[: options.preview]
    task = LazyTask("datakit.verbs.shared.inspect:Preview", {})
    with closing(ordered_map(options.make_engine(), task, chosen)) as outcomes:
        drawn = [(outcome.key, outcome.value) for outcome in outcomes if outcome.value is not None]
    if not drawn:
        raise InputError(f"{path}: none of the {len(chosen)} chosen samples has a readable image")
    sheet = contact_sheet(
        [tile for _, tile in drawn],
        [key for key, _ in drawn],
        title=f"{len(drawn)} of {len(source)} samples",
    )
    atomic.write_bytes(path, images.encode_png(sheet))
