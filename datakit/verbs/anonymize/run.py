"""``anonymize``: faces made unrecognisable, the soft boundary untouched, and the proof of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from datakit.core.faces.neighbours import Expected
from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.dataset.output import DatasetWriter
from datakit.io.dataset.workspace import has_journal
from datakit.io.layouts.sources import Collection
from datakit.io.store import atomic
from datakit.io.store.storage import location, overlap
from datakit.records.anonymization import AUDIT, REVIEW, REVIEW_HEADER
from datakit.records.counts import counted
from datakit.records.summary import Summary
from datakit.verbs.anonymize.fairness import TABLE, TRAITS, aggregated
from datakit.verbs.anonymize.options import VERB, Options
from datakit.verbs.anonymize.params import task_params
from datakit.verbs.anonymize.preview import write_preview
from datakit.verbs.anonymize.release import reopen_for_release, unknown_release
from datakit.verbs.anonymize.sequences import expected_by_neighbours
from datakit.verbs.anonymize.task import check_models
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Make the faces of a folder of photos, or of a dataset, unrecognisable.

    Parameters
    ----------
    options : Options
        What to read, how to hide faces, where to write.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary
        Its ``findings`` counts photos that wait for a person in ``review.csv``.

    Raises
    ------
    InputError
        If DST must not be written, an id to release is unknown, or a folder is not there.
    ModelError
        If a model is missing or damaged.
    """
    source = options.open(progress)
    if problem := unknown_release(options.released, source):
        raise InputError(problem)
    options = reopen_for_release(VERB, options, options.released, source)
    check_models(options.detectors, options.weights)
    planned = Run(VERB, options, source)
    expected: Mapping[str, Sequence[Expected]] = {}
    if not options.dry_run:
        output.check_target(planned.target, options.mode, planned.origins, planned.inputs)
        _check_masks_folder(options, planned)
        expected = expected_by_neighbours(options, source, progress)
    task = LazyTask(
        "datakit.verbs.anonymize.task:Anonymize",
        task_params(options) | {"expected": expected},
        by_key=("alphas", "release", "expected"),
    )
    tables = {AUDIT: "", REVIEW: REVIEW_HEADER}
    if options.report_fairness:
        tables[TRAITS] = ""

    def write_fairness(writer: DatasetWriter) -> None:
        table = aggregated(writer.lines(TRAITS), options.detectors)
        atomic.write_bytes(writer.out / TABLE, table)

    summary = process(
        planned,
        task,
        contents=Contents(
            tables=tables, finishing=write_fairness if options.report_fairness else None
        ),
        progress=progress,
    )
    waiting = summary.counts.get("review", 0)
    if options.on_no_face == "review":
        waiting += summary.counts.get("no-face", 0)
    notes = list(summary.notes)
    if expected and not options.dry_run:
        notes.append(
            f"{counted(len(expected), 'frames')} of videos and bursts searched once more, for "
            "faces that the frames beside them show"
        )
    if waiting and not options.dry_run:
        notes.append(
            f"{counted(waiting, 'photos')} not in the dataset: look at {options.out}/{REVIEW}; "
            "whoever vouches that nobody can be recognised in one runs again with "
            "--release IDS --resume"
        )
    if (released := summary.counts.get("released", 0)) and not options.dry_run:
        notes.append(
            f"{counted(released, 'photos')} in the dataset by --release, with every face that the "
            "tool did not find or could not cover as it is: look at them before they are published"
        )
    if options.no_source_digest and not options.dry_run:
        notes.append(
            f"{options.out}/.datakit/record.jsonl knows the originals' digests, for --resume: "
            "leave that folder out when the dataset is passed on"
        )
    if options.preview and not options.dry_run:
        notes.append(_preview(options, source, task))
    return msgspec.structs.replace(summary, findings=waiting, notes=tuple(notes))


def _check_masks_folder(options: Options, planned: Run) -> None:
    """Refuse a --facemask-dir whose files the masks of the faces would replace.

    Raises
    ------
    InputError
        If it is in what is read or in DST, or around one of them, or holds files that this
        run's earlier start did not write.
    """
    if options.facemask_dir is None:
        return
    folder, flag = location(options.facemask_dir), f"--facemask-dir {options.facemask_dir}"
    read = [("the source", origin) for origin in planned.origins]
    for what, place in (*read, *planned.inputs, ("DST", planned.target)):
        if overlap(folder, place):
            raise InputError(f"{flag}: expected a folder apart from {what} {place}")
    with atomic.write_errors(folder):
        if not folder.exists():
            return
        if not folder.is_dir():
            raise InputError(f"{flag}: expected a folder, found a file")
        held = next((entry.name for entry in folder.iterdir()), None)
    if held is None or (options.mode == "resume" and has_journal(planned.target)):
        # A run that goes on has the same options: it was empty when that run began.
        return
    if options.mode != "new" and output.is_finished(planned.target):
        last = output.read_card(planned.target).commands[-1:]
        if [command.options.get("facemask_dir") for command in last] == [options.facemask_dir]:
            return
    raise InputError(
        f"{flag}: expected an empty or new folder, found {held} in it; name another one"
    )


def _preview(options: Options, source: Collection, task: LazyTask) -> str:
    path = location(f"{options.out.rstrip('/')}.preview.jpg")
    count = write_preview(path, location(options.out), source.items(), task.params, options.preview)
    shown = counted(count, "photos")
    return f"{path}: {shown} before and after; it shows faces, do not pass it on"
