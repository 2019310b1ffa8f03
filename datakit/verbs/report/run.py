"""``report``: what is in a dataset, what was done and what is uncertain, as one HTML file."""

from __future__ import annotations

import time

from datakit.errors import InputError
from datakit.io.store import atomic
from datakit.io.store.storage import Location, location
from datakit.pages.report import GENERATOR, render
from datakit.records.summary import Summary
from datakit.verbs.report.options import VERB, Options
from datakit.verbs.report.page import compose
from datakit.verbs.report.steps import RunRecords, run_of
from datakit.verbs.shared.datasets import open_dataset
from datakit.verbs.shared.evidence import gather
from datakit.verbs.shared.progress import ProgressListener, SilentProgress

_HEAD_BYTES = 2000


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Write a page that shows what is in a dataset, what was done and what is uncertain.

    Parameters
    ----------
    options : Options
        The dataset, further records, the file to write.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        If SRC is no dataset of datakit's, or the file must not be written.
    """
    started = time.perf_counter()
    out = location(options.out)
    source, items = open_dataset(options.src, VERB, progress)
    _check(out, location(options.src[0]), options.overwrite)
    run_records = run_of(options.src[0], options.out)
    evidence = gather(_folders(options, run_records), items)
    page = compose(options, source, items, evidence, run_records, progress or SilentProgress())
    html = render(page)
    atomic.write_bytes(out, html)
    counts = {
        "samples": len(items),
        "findings": sum(len(found) for found in evidence.findings.values()),
        "pictures": sum(len(group.pictures) for part in page.sections for group in part.groups),
        "kilobytes": -(-len(html) // 1000),
    }
    return Summary(
        verb=VERB,
        out=str(out),
        counts=counts,
        seconds=time.perf_counter() - started,
        notes=tuple(evidence.notes),
    )


def _folders(options: Options, run_records: RunRecords | None) -> list[str]:
    """Return the folders with records, the dataset's first, each once."""
    named = [options.src[0], *options.records, *(run_records.records if run_records else ())]
    return list({str(location(folder).resolve()): folder for folder in reversed(named)}.values())[
        ::-1
    ]


def _check(out: Location, source: Location, overwrite: bool) -> None:
    if source.resolve() in out.resolve().parents:
        raise InputError(f"{out}: expected a file apart from the dataset {source}")
    with atomic.write_errors(out):
        if not out.exists():
            return
        if not out.is_file():
            raise InputError(f"{out}: expected a file to write, found something else")
        with out.open("rb") as handle:
            head = handle.read(_HEAD_BYTES)
    if GENERATOR.format(VERB).encode() not in head:
        raise InputError(f"{out}: holds something that datakit did not write; choose another name")
    if not overwrite:
        raise InputError(f"{out}: holds an earlier report; add --overwrite to replace it")
