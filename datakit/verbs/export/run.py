"""``export``: a dataset in the layout that another program reads."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.dataset.output import DatasetWriter
from datakit.io.layouts import WRITERS
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection, Derived
from datakit.io.layouts.writer import Facts, Settings, Shard
from datakit.io.store import atomic
from datakit.io.store.storage import location
from datakit.records.summary import Summary
from datakit.verbs.export.options import VERB, Options
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run, operation

INDEX = "shards.jsonl"
_JPEG = frozenset({".jpg", ".jpeg", ".jfif", ".jpe"})


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Write a dataset in another program's layout.

    Parameters
    ----------
    options : Options
        What to read, which layout, where to write.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary
        Its notes say what the layout cannot carry, and what was left out.

    Raises
    ------
    InputError
        If SRC cannot be read, DST must not be written, or the layout needs ``size``.
    """
    writer = WRITERS.load(options.format)
    facts: Facts = writer.FACTS
    if facts.needs_size and options.size is None:
        raise InputError(f"--format {options.format}: expected --size WxH, one for all samples")
    if not facts.sharded and (options.shard_samples or options.shuffle is not None):
        raise InputError(
            f"--format {options.format} has no shards; leave out --shard-samples and --shuffle"
        )
    source = options.open()
    settings = read_settings(source, options.size_wh)
    if {None, "train"} <= set(settings.splits):
        # Both would go to train, where their names may meet.
        raise InputError(
            "export: SRC mixes samples of split train with samples without a split; "
            "decide with `datakit split`"
        )
    # `Settings` knows the set; the format may refuse it here, before anything is written.
    form = writer(settings)
    params = {
        "out": options.out,
        "step": operation(VERB, options),
        "format": options.format,
        "settings": settings,
        "fit": options.fit,
    }
    if facts.sharded:
        return _export_shards(options, source, form, params, progress)
    return _export_files(options, source, form, params, progress)


def _export_files(
    options: Options,
    source: Collection,
    form: Any,
    params: dict[str, Any],
    progress: ProgressListener | None,
) -> Summary:
    left_out: Counter[str] = Counter()

    def has_place(item: Item) -> bool:
        if form.folder(item) is not None:
            return True
        left_out[str(item.split)] += 1
        return False

    summary = process(
        Run(VERB, options, source),
        LazyTask("datakit.verbs.export.task:ExportSample", params),
        contents=Contents(
            tables=dict.fromkeys(form.FACTS.tables, ""),
            finishing=finishing(options.out, lambda writer: form.finish(writer.lines)),
            views=False,
        ),
        select=has_place,
        progress=progress,
    )
    absent = [
        f"{count} samples of {split!r} were left out: {options.format} has no such side"
        for split, count in sorted(left_out.items())
    ]
    return _noted(summary, form.FACTS, absent)


def _export_shards(
    options: Options,
    source: Collection,
    form: Any,
    params: dict[str, Any],
    progress: ProgressListener | None,
) -> Summary:
    summary = process(
        Run(
            VERB,
            options,
            sharded(source, options.shard_samples or form.shard_samples, options.shuffle),
        ),
        LazyTask("datakit.verbs.export.task:ExportShard", params),
        contents=Contents(
            tables={INDEX: ""},
            finishing=finishing(options.out, lambda writer: form.finish()),
            views=False,
        ),
        progress=progress,
    )
    return _noted(summary, form.FACTS, [])


def finishing(
    out: str, files: Callable[[DatasetWriter], Iterator[tuple[str, Any]]]
) -> Callable[[DatasetWriter], None]:
    """Return what writes a format's files that speak of all samples, for `process`."""

    def write(writer: DatasetWriter) -> None:
        for name, pieces in files(writer):
            with atomic.writing(location(out) / name, durable=True) as handle:
                for piece in pieces:
                    handle.write(piece)

    return write


def _noted(summary: Summary, facts: Facts, more: list[str]) -> Summary:
    notes = [*summary.notes, *([facts.loses] if facts.loses else []), *more]
    return msgspec.structs.replace(summary, notes=tuple(notes))


def read_settings(source: Collection, size_wh: tuple[int, int] | None = None) -> Settings:
    """Return what a format must know of a whole source before its first sample."""
    splits: dict[str | None, None] = {}
    kinds: set[str] = set()
    suffixes: set[str] = set()
    named: set[str] = set()
    instances = False
    for item in source.items():
        splits[item.split] = None
        suffix = "." + item.rel.rpartition(".")[2].lower()
        suffixes.add(".jpg" if suffix in _JPEG else suffix)
        if item.sample is not None:
            named.update(item.sample.categories)
            instances = instances or bool(item.sample.instances)
        labels = {"mask": item.mask, "alpha": item.alpha, "trimap": item.trimap}
        kinds |= {kind for kind, ref in labels.items() if ref is not None}
    return Settings(
        label_map=dict(source.label_map),
        classes=_classes(source.label_map, named, instances=instances),
        splits=tuple(sorted(splits, key=str)),
        kinds=frozenset(kinds),
        image_suffix=suffixes.pop() if len(suffixes) == 1 else ".jpg",
        size_wh=size_wh,
    )


def _classes(label_map: dict[str, int], named: set[str], *, instances: bool) -> tuple[str, ...]:
    """Return the names of what is labelled: objects, classes of a mask, or the one class."""
    if instances:
        return tuple(sorted(named))
    ordered = sorted((value, name) for name, value in label_map.items() if value > 0)
    classes = tuple(name for _, name in ordered)
    if classes not in ((), ("foreground",)):
        return classes
    return tuple(named) if len(named) == 1 else ("foreground",)


def sharded(source: Collection, shard_samples: int, seed: int | None = None) -> Collection:
    """Return a source whose items are its samples in shards of ``shard_samples``.

    Parameters
    ----------
    source : Collection
    shard_samples : int
        Samples per shard; the last one of a split may have fewer.
    seed : int, optional
        Mix the samples by the hash of seed and id; the source's order when None.
    """
    totals = _shard_totals(source, shard_samples)
    return Derived(
        source,
        lambda: _shards(source, shard_samples, seed, totals),
        sum(totals.values()),
        source.failures,
    ).collection()


def _shards(
    source: Collection, shard_samples: int, seed: int | None, totals: dict[str, int]
) -> Iterator[Shard]:
    """Yield the shards as their last sample comes by, or in order when they are mixed."""
    waiting: dict[str, list[Item]] = {}
    number: Counter[str] = Counter()

    def shard(split: str) -> Shard:
        made = Shard(split, number[split], totals[split], tuple(waiting.pop(split)))
        number[split] += 1
        return made

    for item in _ordered(source, seed):
        split = item.split or "train"
        waiting.setdefault(split, []).append(item)
        if len(waiting[split]) == shard_samples:
            yield shard(split)
    for split in sorted(waiting):
        yield shard(split)


def _shard_totals(source: Collection, shard_samples: int) -> dict[str, int]:
    sizes = Counter(item.split or "train" for item in source.items())
    return {split: -(-size // shard_samples) for split, size in sizes.items()}


def _ordered(source: Collection, seed: int | None) -> Iterator[Item]:
    if seed is None:
        return source.items()

    def rank(item: Item) -> bytes:
        return hashlib.sha256(f"{seed}\0{item.key}".encode("utf-8", "surrogatepass")).digest()

    return iter(sorted(source.items(), key=rank))
