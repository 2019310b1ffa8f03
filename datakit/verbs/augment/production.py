"""Copies as a dataset: shared by augmenting and replaying."""

from __future__ import annotations

from typing import Any

import msgspec

from datakit.engine.base import LazyTask
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import location
from datakit.io.tables import jsonl
from datakit.records.anonymization import AUDIT, Anonymization
from datakit.records.summary import Summary
from datakit.transforms import Pipeline
from datakit.transforms.document import (
    parse_document,
    preset_text,
    read_document,
)
from datakit.verbs.augment.background_pool import find_backgrounds, refuse_people
from datakit.verbs.augment.copies import Copies
from datakit.verbs.augment.options import DEFAULT_PRESET, VERB, Options
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run
from datakit.version import __version__


def make_copies(
    options: Options, source: Collection, copies: Copies, progress: ProgressListener | None
) -> Summary:
    """Write copies of samples, and with ``include_originals`` the samples too.

    Raises
    ------
    InputError
        If the backgrounds are missing or show people, or DST must not be written.
    SchemaError
        If the pipeline is wrong; each problem with its line.
    """
    title, text = _pipeline_text(options)
    notes = _check_pipeline(text, title)
    if options.pipeline is not None:
        # The text decides the result, not the path: it is what the card records.
        options = msgspec.structs.replace(options, pipeline=text)
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
    return process(
        Run(VERB, options, source),
        LazyTask("datakit.verbs.augment.task:Augment", parameters, by_key=("copies", "audit")),
        contents=Contents(tables={AUDIT: ""} if parameters["audit"] else {}, notes=notes),
        select=lambda item: options.include_originals or item.key in copies,
        progress=progress,
    )


def _pipeline_text(options: Options) -> tuple[str, str]:
    """Return the title and the YAML text of the pipeline."""
    if options.pipeline is None:
        name = options.preset or DEFAULT_PRESET
        return f"preset {name}", preset_text(name)
    if "\n" in options.pipeline:
        return "recorded pipeline", options.pipeline
    name, text = read_document(options.pipeline)
    # A text with a line break is distinguished from a path wherever the options are read again.
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


def _audit_lines(src: tuple[str, ...]) -> dict[str, str]:
    """Return the audit of a dataset whose faces were hidden: sample id -> its line."""
    path = location(src[0]) / AUDIT
    if len(src) > 1 or not path.is_file():
        return {}
    return {
        record.id: msgspec.json.encode(record).decode()
        for record in jsonl.read(path, Anonymization)
    }
