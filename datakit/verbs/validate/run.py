"""``validate``: what is wrong with an export or a dataset, without changing it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import msgspec

from datakit.engine.base import LazyTask, Outcome, ordered_map
from datakit.io.dataset import output, report_folder
from datakit.io.store import atomic
from datakit.io.store.storage import Location, location
from datakit.io.tables import csv_rows, jsonl, schemas
from datakit.records.failure import Failure
from datakit.records.problems import Problems
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.validate.options import VERB, Options

FILES = ("validate.json", "problems.csv")
COLUMNS = ("file", "annotation", "path", "error")


def run(options: Options, progress: ProgressListener | None = None) -> Problems:
    """Read a source as the other verbs would, and decode every image and label of it.

    Parameters
    ----------
    options : Options
        What to read, and where the table of problems goes.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Problems
        Every problem: of annotation files with their JSON path, of manifests against the schemas,
        of files that are missing, damaged or of another size.

    Raises
    ------
    InputError
        If SRC cannot be read at all, or DST holds something else.
    """
    started = time.perf_counter()
    progress = progress or SilentProgress()
    source = options.open(progress)
    out = location(options.out) if options.out else None
    if out:
        report_folder.check(out, FILES, overwrite=options.overwrite)
    problems = list(_explained(source.failures, options.src))
    task = LazyTask("datakit.verbs.shared.inspect:Check", {"label_map": source.label_map})
    unreadable = 0
    progress.begin(len(source), VERB)
    try:
        with closing(ordered_map(options.make_engine(), task, source.items())) as outcomes:
            for outcome in outcomes:
                found = _problems(outcome)
                problems.extend(found)
                unreadable += any(one.step in ("image", "read") for one in found)
                progress.advance(len(problems))
    finally:
        progress.end()
    counts = {"samples": len(source)}
    if unreadable:
        # Other verbs count samples whose image they can read.
        counts["unreadable"] = unreadable
    counts |= {"classes": len(source.classes), "problems": len(problems)}
    result = Problems(
        counts=counts,
        problems=tuple(problems),
        out=str(out) if out else None,
        seconds=time.perf_counter() - started,
    )
    if out:
        _write(out, result)
    return result


def _write(out: Location, result: Problems) -> None:
    report_folder.clear(out, FILES)
    text = msgspec.json.format(msgspec.json.encode(result), indent=2)
    atomic.write_bytes(out / FILES[0], text + b"\n")
    rows = [(one.file, one.annotation, one.path, one.error) for one in result.problems]
    atomic.write_bytes(out / FILES[1], csv_rows.table(COLUMNS, rows))


def _problems(outcome: Outcome[tuple[Failure, ...]]) -> tuple[Failure, ...]:
    if outcome.value is not None:
        return outcome.value
    return (Failure(id=outcome.key, file=outcome.key, step="read", error=str(outcome.error)),)


def _explained(failures: tuple[Failure, ...], paths: tuple[str, ...]) -> Iterator[Failure]:
    """Yield the reader's failures, a refused manifest row as every breach of the schema in it.

    The reader stops at a row's first error; the schema names them all.
    """
    refused = {failure.id: failure for failure in failures if failure.file == output.MANIFEST}
    if len(paths) > 1 or not refused:
        yield from failures
        return
    yield from (failure for failure in failures if failure.id not in refused)
    for number, line in jsonl.lines(location(paths[0], output.MANIFEST)):
        failure = refused.get(f"line {number}")
        if failure is None:
            continue
        found = list(schemas.breaches("sample", line))
        for place, reason in found:
            yield msgspec.structs.replace(failure, error=reason, path=f"line {number} {place}")
        if not found:
            yield failure
