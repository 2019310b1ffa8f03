"""``augment``: training samples get augmented copies whose labels still fit."""

from __future__ import annotations

from typing import Any

import msgspec

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.dataset.output import MANIFEST
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import location
from datakit.io.tables import jsonl
from datakit.records.anonymization import AUDIT, Anonymization
from datakit.records.sample import Sample
from datakit.records.summary import Summary
from datakit.transforms import Pipeline
from datakit.transforms.document import (
    parse_document,
    preset_text,
    read_document,
)
from datakit.verbs.augment.background_pool import find_backgrounds, refuse_people
from datakit.verbs.augment.copies import chosen_copies, only_copy, recorded_copy
from datakit.verbs.augment.options import DEFAULT_PRESET, VERB, Options
from datakit.verbs.augment.preview import write_preview
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run
from datakit.version import __version__


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
    row = None
    if options.replay is not None:
        options, row = _as_recorded(options, options.replay)
    title, text = _pipeline_text(options)
    notes = _check_pipeline(text, title)
    if options.pipeline is not None:
        # The text decides the result, not the path: it is what the card records.
        options = msgspec.structs.replace(options, pipeline=text)
    copies = chosen_copies(
        source, options.splits, options.copies, options.balance, again=options.replay is not None
    )
    if options.replay is not None:
        copies = only_copy(copies, options.replay, row)
        options = msgspec.structs.replace(options, include_originals=False)
    parameters = {
        "out": options.out,
        "version": __version__,
        "pipeline_text": text,
        "pipeline_title": title,
        "seed": options.seed,
        "copies": copies,
        "include_originals": options.include_originals,
        "min_visible": options.min_visible,
        "backgrounds": _backgrounds(options, source),
        "audit": _audit_lines(options.src),
    }
    summary = process(
        Run(VERB, options, source),
        LazyTask("datakit.verbs.augment.task:Augment", parameters, by_key=("copies", "audit")),
        contents=Contents(tables={AUDIT: ""} if parameters["audit"] else {}, notes=notes),
        select=lambda item: options.include_originals or item.key in copies,
        progress=progress,
    )
    return _finished(options, source, summary, row)


def _pipeline_text(options: Options) -> tuple[str, str]:
    """Return the title and the YAML text of the pipeline."""
    if options.pipeline is None:
        name = options.preset or DEFAULT_PRESET
        return f"preset {name}", preset_text(name)
    if "\n" in options.pipeline:
        return "recorded pipeline", options.pipeline
    name, text = read_document(options.pipeline)
    # A text with a line's end is told from a path wherever the options are read again.
    return name, text if "\n" in text else f"{text}\n"


def _check_pipeline(text: str, title: str) -> tuple[str, ...]:
    """Build the pipeline once, so that its errors come before anything is written; return notes."""
    document = Pipeline(parse_document(text, title)).document
    if not document.dropped:
        return ()
    return (f"{title}: datakit decides itself, not the file: {', '.join(document.dropped)}",)


def _backgrounds(options: Options, source: Collection) -> dict[str, Any] | None:
    """Return the task's settings of backgrounds; those that show people are refused."""
    if options.backgrounds is None:
        return None
    pictures = find_backgrounds(options.backgrounds, source)
    if not options.allow_people:
        refuse_people(pictures, options.make_engine())
    return {
        "pictures": pictures,
        "share": options.background_share,
        "linear_light": options.linear_light,
        "match": options.match_colours,
    }


def _as_recorded(options: Options, copy_id: str) -> tuple[Options, Sample | None]:
    """Return the settings under which a copy was made, and its row, as far as they are recorded.

    They are taken from --manifest, or from SRC when it holds the copy; else the flags say them.
    """
    found = recorded_copy(location(options.manifest or options.src[0]), copy_id)
    if found is None and options.manifest is not None:
        raise InputError(f"--replay {copy_id}: {options.manifest} holds no sample with this id")
    if found is None:
        return options, None
    settings, row = found
    fields = {field.name for field in msgspec.structs.fields(Options)}
    kept = {key: value for key, value in settings.items() if key in fields}
    if kept.get("pipeline") is not None:
        kept["preset"] = None
    kept |= {"replay": copy_id, "manifest": options.manifest, "preview": 0}
    if options.backgrounds is not None:
        kept["backgrounds"] = options.backgrounds
    return msgspec.structs.replace(options, **kept), row


def _audit_lines(src: tuple[str, ...]) -> dict[str, str]:
    """Return the audit of a dataset whose faces were hidden: sample id -> its line."""
    path = location(src[0]) / AUDIT
    if len(src) > 1 or not path.is_file():
        return {}
    return {
        record.id: msgspec.json.encode(record).decode()
        for record in jsonl.read(path, Anonymization)
    }


def _finished(
    options: Options, source: Collection, summary: Summary, row: Sample | None
) -> Summary:
    """Check a replayed copy against its row, draw the preview, and say what was chosen."""
    notes = [*summary.notes]
    if options.dry_run:
        return summary
    if options.replay is not None and row is not None:
        made = next(jsonl.read(location(options.out) / MANIFEST, Sample), None)
        if made is None or made.history[-1:] != row.history[-1:]:
            raise InputError(
                f"--replay {options.replay}: other parameters were drawn than are recorded; SRC, "
                "the backgrounds, datakit or Albumentations is another than when it was made"
            )
        notes.append("the parameters are those that were recorded")
    if {item.split for item in source.items()} == {None}:
        notes.append("SRC has no splits: every sample is augmented; split by group afterwards")
    if options.preview:
        path = location(f"{options.out.rstrip('/')}.preview.jpg")
        if shown := write_preview(path, location(options.out), source, options.preview):
            notes.append(f"{path} shows the copies of {shown} originals")
    return msgspec.structs.replace(summary, notes=tuple(notes))
