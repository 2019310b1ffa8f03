"""``augment``: training samples get augmented copies whose labels still fit."""

from __future__ import annotations

import msgspec

from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import location
from datakit.records.summary import Summary
from datakit.verbs.augment.copies import chosen_copies
from datakit.verbs.augment.options import Options
from datakit.verbs.augment.preview import write_preview
from datakit.verbs.augment.production import make_copies
from datakit.verbs.augment.replay import replay
from datakit.verbs.shared.progress import ProgressListener


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Write augmented copies of a dataset's training samples.

    Parameters
    ----------
    options : Options
        What to read, what to do, where to write.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary
        Its ``failed`` counts the copies that could not be made.

    Raises
    ------
    InputError
        If no sample is in the splits to augment, the backgrounds are missing or show people, the
        copy to replay is not known, or DST must not be written.
    SchemaError
        If the pipeline is wrong; each problem with its line.
    """
    source = options.open(progress)
    if options.replay is not None:
        return replay(options, source, options.replay, progress)
    copies = chosen_copies(source, options.splits, options.copies, options.balance)
    summary = make_copies(options, source, copies, progress)
    if options.dry_run:
        return summary
    return msgspec.structs.replace(
        summary, notes=(*summary.notes, *_splits_note(source), *_preview_note(options, source))
    )


def _splits_note(source: Collection) -> tuple[str, ...]:
    if {item.split for item in source.items()} != {None}:
        return ()
    return ("SRC has no splits: every sample is augmented; split by group afterwards",)


def _preview_note(options: Options, source: Collection) -> tuple[str, ...]:
    """Draw the preview beside DST; say where it is."""
    if not options.preview:
        return ()
    path = location(f"{options.out.rstrip('/')}.preview.jpg")
    shown = write_preview(path, location(options.out), source, options.preview)
    return (f"{path} shows the copies of {shown} originals",) if shown else ()
