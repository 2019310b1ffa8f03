"""Its work."""

from __future__ import annotations

from tiny_plugin.count.options import Options

from datakit.records.summary import Summary
from datakit.verbs.shared.progress import ProgressListener


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Count the images of a source."""
    return Summary(verb="tiny-count", counts={"samples": len(options.open(progress))})
