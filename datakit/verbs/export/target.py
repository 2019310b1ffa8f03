"""What both lines of ``export`` begin with: the source, and the writer of the layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from datakit.errors import InputError
from datakit.io.layouts import WRITERS
from datakit.io.layouts.sources import Collection
from datakit.io.layouts.writer import Settings
from datakit.records.summary import Summary
from datakit.verbs.export.options import VERB, FileOptions
from datakit.verbs.shared.layout_settings import read_settings
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import operation


@dataclass(frozen=True)
class Target:
    """An opened source, and the layout that it is written in.

    Attributes
    ----------
    source : Collection
    settings : Settings
    writer : FileFormat or ShardFormat
        Knows the whole set: it refused what the layout cannot hold at all.
    params : mapping
        What the task of either line is built with.
    """

    source: Collection
    settings: Settings
    writer: Any
    params: dict[str, Any]

    def noted(self, summary: Summary, more: tuple[str, ...] = ()) -> Summary:
        """Return the summary with what the layout loses, and further notes."""
        loses = self.writer.FACTS.loses
        notes = (*summary.notes, *([loses] if loses else []), *more)
        return msgspec.structs.replace(summary, notes=notes)


def open_target(options: FileOptions, progress: ProgressListener | None) -> Target:
    """Open the source and set up the writer, before anything is written.

    Raises
    ------
    InputError
        If SRC cannot be read, or the layout cannot hold it or needs ``size``.
    """
    writer = WRITERS.load(options.format)
    if writer.FACTS.needs_size and options.size is None:
        raise InputError(f"--format {options.format}: expected --size WxH, one for all samples")
    source = options.open(progress)
    settings = read_settings(source, options.size_wh, options.license)
    if {None, "train"} <= set(settings.splits):
        # Both would go to train, where their names may meet.
        raise InputError(
            "export: SRC mixes samples of split train with samples without a split; "
            "decide with `datakit split`"
        )
    params = {
        "out": options.out,
        "step": operation(VERB, options),
        "format": options.format,
        "settings": settings,
        "fit": options.fit,
        "keep_unknown": options.partial == "keep",
    }
    return Target(source, settings, writer(settings), params)
