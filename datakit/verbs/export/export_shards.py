"""``export`` to a layout that puts many samples into one file."""

from __future__ import annotations

from datakit.engine.base import LazyTask
from datakit.io.layouts.datakit import SHARD_INDEX
from datakit.records.summary import Summary
from datakit.verbs.export.options import VERB, ShardOptions
from datakit.verbs.export.shards import sharded
from datakit.verbs.export.target import open_target
from datakit.verbs.shared.layout_settings import finishing
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run


def export_shards(options: ShardOptions, progress: ProgressListener | None) -> Summary:
    """Write shards, each by one worker."""
    target = open_target(options, progress)
    writer = target.writer
    shard_samples = options.shard_samples or writer.shard_samples
    summary = process(
        Run(VERB, options, sharded(target.source, shard_samples, options.shuffle)),
        LazyTask("datakit.verbs.export.task:ExportShard", target.params),
        contents=Contents(
            tables={SHARD_INDEX: ""},
            finishing=finishing(options.out, lambda out: writer.finish()),
            views=False,
        ),
        progress=progress,
    )
    return target.noted(summary)
