"""``export`` to a layout whose samples have files of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from datakit.engine.base import LazyTask
from datakit.io.dataset.output import MANIFEST, DatasetWriter
from datakit.io.layouts.base import Item
from datakit.io.layouts.croissant import croissant_of_files
from datakit.io.layouts.sources import Collection
from datakit.io.layouts.writer import Facts
from datakit.records.counts import counted
from datakit.records.labels import BACKGROUND, FOREGROUND, IGNORED, is_binary
from datakit.records.sample import Sample
from datakit.records.summary import Summary
from datakit.verbs.export.options import VERB, FileOptions
from datakit.verbs.export.target import open_target
from datakit.verbs.shared.layout_settings import finishing
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run


def export_files(options: FileOptions, progress: ProgressListener | None) -> Summary:
    """Write each sample's files; samples of splits that the layout lacks are counted."""
    target = open_target(options, progress)
    writer = target.writer
    left_out: Counter[str] = Counter()

    def has_folder(item: Item) -> bool:
        if writer.folder(item) is not None:
            return True
        left_out[str(item.split)] += 1
        return False

    def files_of_all(out: DatasetWriter) -> Iterator[tuple[str, Iterable[bytes]]]:
        yield from writer.finish(out.lines)
        rows = (msgspec.json.decode(line, type=Sample) for line in out.lines(MANIFEST))
        yield croissant_of_files(target.settings, rows)

    summary = process(
        Run(VERB, options, target.source),
        LazyTask("datakit.verbs.export.task:ExportSample", target.params),
        contents=Contents(
            tables=dict.fromkeys(writer.FACTS.tables, ""),
            finishing=finishing(options.out, files_of_all),
            views=writer.FACTS.split_manifests,
        ),
        label_map=_written_map(target.source, writer.FACTS),
        select=has_folder,
        progress=progress,
    )
    absent = (
        f"left out: {counted(count, 'samples')} of {split!r}, a split that {options.format} has not"
        for split, count in sorted(left_out.items())
    )
    return target.noted(summary, tuple(absent))


def _written_map(source: Collection, facts: Facts) -> dict[str, int] | None:
    """Return the label map of masks without classes; None where masks keep the source's."""
    if not facts.binary or is_binary(source.label_map):
        return None
    return {BACKGROUND: 0, FOREGROUND: IGNORED}
