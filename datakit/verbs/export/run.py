"""``export``: a dataset in the layout that another program reads."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.layouts import WRITERS
from datakit.io.layouts.base import Item
from datakit.io.layouts.datakit import SHARD_INDEX
from datakit.io.layouts.sources import Collection
from datakit.io.layouts.writer import Facts
from datakit.records.labels import BACKGROUND, FOREGROUND, IGNORED, is_binary
from datakit.records.summary import Summary
from datakit.verbs.export.options import VERB, Options
from datakit.verbs.export.shards import sharded
from datakit.verbs.shared.layout_settings import finishing, read_settings
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run, operation


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
    source = options.open(progress)
    settings = read_settings(source, options.size_wh, options.license)
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
        "keep_unknown": options.partial == "keep",
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
        label_map=_written_map(source, form.FACTS),
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
            tables={SHARD_INDEX: ""},
            finishing=finishing(options.out, lambda writer: form.finish()),
            views=False,
        ),
        progress=progress,
    )
    return _noted(summary, form.FACTS, [])


def _written_map(source: Collection, facts: Facts) -> dict[str, int] | None:
    """Return the label map of masks without classes; None where masks keep the source's."""
    if not facts.binary or is_binary(source.label_map):
        return None
    return {BACKGROUND: 0, FOREGROUND: IGNORED}


def _noted(summary: Summary, facts: Facts, more: list[str]) -> Summary:
    notes = [*summary.notes, *([facts.loses] if facts.loses else []), *more]
    return msgspec.structs.replace(summary, notes=tuple(notes))
