"""``run``: a pipeline file, step by step; what is up to date is not done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from datakit.errors import DatakitError, InputError
from datakit.io.dataset import run_folder
from datakit.io.dataset.run_folder import RunFolder
from datakit.io.layouts.sources import open_sources
from datakit.io.store import atomic
from datakit.records.pipeline import NOTHING_RUN, RunSummary, StepRecord, StepReport
from datakit.verbs.run.options import Options
from datakit.verbs.run.pipeline_file import Step, load
from datakit.verbs.run.pipeline_plan import Planned, check_inputs, plan
from datakit.verbs.run.step_advice import in_step
from datakit.verbs.run.step_options import makes_dataset
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.table import VERBS


def run(options: Options, progress: ProgressListener | None = None) -> RunSummary:
    """Walk a pipeline: run the steps that are not up to date.

    Parameters
    ----------
    options : Options
        The pipeline file and the folder of the run.
    progress : ProgressListener, optional
        Where progress is reported, and the end of each step.

    Returns
    -------
    RunSummary
        What became of each step. Its exit code counts what steps found and what failed in them,
        skipped ones included.

    Raises
    ------
    InputError
        If the pipeline, an input or the folder is not what it must be, or a step cannot be run;
        results of the steps before it stay.
    SchemaError
        If a line of the pipeline is wrong.
    """
    started = time.perf_counter()
    if options.init is not None:
        return RunSummary(text=example(options.init))
    out = Path(options.out)
    _check_pipeline(Path(options.pipeline))
    pipeline = load(Path(options.pipeline), out)
    run_folder.check(out)
    check_inputs(pipeline, out)
    folder = RunFolder(out)
    if options.explain or options.dry_run:
        planned = plan(pipeline, folder, options.redo, keep=False)
        steps = tuple(_forecast(one, planned) for one in planned)
        notes = (NOTHING_RUN, *_strangers(folder, planned))
        return RunSummary(out=options.out, steps=steps, notes=notes, seconds=_since(started))
    with run_folder.claim(out):
        planned = plan(pipeline, folder, options.redo, keep=True)
        steps = _Walk(options, folder, planned, progress or SilentProgress()).steps()
    notes = _strangers(folder, planned)
    return RunSummary(out=options.out, steps=steps, notes=notes, seconds=_since(started))


def _check_pipeline(path: Path) -> None:
    """Refuse what is no file, with the way to one."""
    if not path.exists():
        raise InputError(
            f"{path}: no such file; datakit run --init roboflow > {path.name} makes one to "
            "start from"
        )
    if path.is_dir():
        raise InputError(f"{path}: expected a pipeline (.yaml), found a folder")


def example(kind: str) -> str:
    """Return the commented example pipeline of a kind."""
    return files("datakit.verbs.run").joinpath("pipelines", f"{kind}.yaml").read_text("utf-8")


def _since(started: float) -> float:
    return time.perf_counter() - started


def _strangers(folder: RunFolder, planned: list[Planned]) -> tuple[str, ...]:
    """Say which results of an earlier pipeline nothing makes any more; they are left alone."""
    named = {one.step.name for one in planned}
    left = [folder.out / record.out for name, record in folder.index().items() if name not in named]
    return tuple(f"no step makes {path} any more; it was left" for path in left if path.exists())


def _forecast(one: Planned, planned: list[Planned]) -> StepReport:
    """Say what would become of a step."""
    report = _report(one, one.before if one.action == "skip" and one.before else one.record)
    ready = {other.step.name for other in planned if other.action == "skip"}
    if one.action != "skip" and all(
        item.step is None or item.step in ready for item in one.step.inputs
    ):
        source = open_sources(one.step.options.src, layout=one.step.options.layout)
        return msgspec.structs.replace(report, items=len(source))
    return report


def _report(one: Planned, record: StepRecord) -> StepReport:
    return StepReport(
        name=record.name,
        verb=record.verb,
        action=one.action,
        reasons=one.reasons,
        reads=tuple(item.label for item in one.step.reads),
        out=one.step.out,
        counts=record.counts,
        findings=record.findings,
        failed=record.failed,
        seconds=record.seconds,
        notes=record.notes,
    )


class _Walk:
    """The steps of a run, one after the other, and the index that says how far it came."""

    def __init__(
        self,
        options: Options,
        folder: RunFolder,
        planned: list[Planned],
        progress: ProgressListener,
    ) -> None:
        self._options, self._folder, self._planned, self._progress = (
            options,
            folder,
            planned,
            progress,
        )
        # A step that is not reached keeps what the index says of it.
        self._index = folder.index()

    def steps(self) -> tuple[StepReport, ...]:
        """Walk; a step whose policy says so ends the walk."""
        reports: list[StepReport] = []
        stopped = ""
        for number, one in enumerate(self._planned, 1):
            if one.action == "run" and not stopped and (task := _waits_for(one)):
                stopped = f"it waits for a person: {task}; then run again"
            if stopped:
                report = msgspec.structs.replace(
                    _report(one, one.record), action="stop", reasons=(stopped,)
                )
            elif one.action == "skip" and one.before is not None:
                report = _report(one, one.before)
            else:
                report = _report(one, self._do(one, f"{number}/{len(self._planned)}"))
            reports.append(report)
            stopped = stopped or _stops(one.step, report)
            if report.action in ("run", "resume"):
                self._progress.note(
                    f"{report.name}: done, {report.numbers} ({report.seconds:.1f} s)"
                )
        self._write()
        self._folder.forget(
            {sha for record in self._index.values() for sha in record.inputs.values()}
        )
        return tuple(reports)

    def _do(self, one: Planned, number: str) -> StepRecord:
        step = one.step
        if one.action != "resume":
            unfinished = one.before is not None and one.before.state == "running"
            forced = unfinished or step.name in self._options.redo
            self._folder.clear(one.before or one.record, forced=forced)
        self._index[step.name] = one.record
        self._write()
        started = time.perf_counter()
        try:
            result = _call(one, self._options, _Numbered(self._progress, number, step))
        except DatakitError as error:
            reason = in_step(str(error), step.verb, step.name)
            raise type(error)(f"{step.position}: {reason}") from error
        if not hasattr(step.options, "out"):
            text = msgspec.json.format(msgspec.json.encode(result), indent=2)
            atomic.write_bytes(Path(step.out, f"{step.verb}.json"), text + b"\n")
        record = _finished(one.record, result, time.perf_counter() - started)
        self._folder.remember_result(record)
        self._index[step.name] = record
        self._write()
        return record

    def _write(self) -> None:
        """Write the index: the pipeline's steps in its order, then what no step makes any more."""
        names = [one.step.name for one in self._planned]
        order = [*names, *(name for name in self._index if name not in names)]
        records = tuple(self._index[name] for name in order if name in self._index)
        self._folder.write_index(Path(self._options.pipeline).name, records)


def _call(one: Planned, options: Options, progress: ProgressListener) -> Any:
    """Run the verb of a step."""
    step = one.step
    given = msgspec.structs.asdict(step.options)
    if "workers" in given and given["workers"] is None:
        given["workers"] = options.workers
    if given.get("engine") == "local":
        given["engine"] = options.engine
        if options.engine == "ray":
            given["ray_address"] = given.get("ray_address") or options.ray_address
    if "resume" in given:
        given["resume"] = one.action == "resume"
    return VERBS[step.verb].run()(type(step.options)(**given), progress)


def _finished(record: StepRecord, result: Any, seconds: float) -> StepRecord:
    """Return the step's row with what its verb reports; each verb has its own record."""
    code = result.exit_code
    counts = getattr(result, "counts", None) or {}
    return msgspec.structs.replace(
        record,
        state="done",
        counts={name: n for name, n in counts.items() if isinstance(n, int)},
        findings=int(getattr(result, "findings", 0) or 0) or int(code == 1),
        failed=int(getattr(result, "failed", 0) or 0) or int(code == 3),
        seconds=seconds,
        notes=tuple(
            in_step(note, record.verb, record.name) for note in getattr(result, "notes", ()) or ()
        ),
    )


def _waits_for(one: Planned) -> str | None:
    """Return what a person has to do before the step can run, when its verb says so."""
    task: str | None = getattr(one.step.options, "waits_for", None)
    return task


def _stops(step: Step, report: StepReport) -> str:
    """Return why the walk ends here; empty when it goes on."""
    if report.failed and step.on_failures == "stop":
        return f"{step.name} failed for {report.failed:,} items and says on_failures: stop"
    if report.findings and step.on_findings == "stop":
        return f"{step.name} has {report.findings:,} findings and says on_findings: stop"
    if makes_dataset(step.options) and report.counts.get("samples") == 0:
        return f"{step.name} left no sample to go on with; its notes say why"
    return ""


class _Numbered:
    """A listener whose work carries the step's number and name, and its words for advice."""

    def __init__(self, progress: ProgressListener, number: str, step: Step) -> None:
        self._progress, self._step = progress, step
        self._label = f"{number} {step.name}"

    def begin(self, total: int, what: str) -> None:
        self._progress.begin(total, self._label)

    def advance(self, failed: int) -> None:
        self._progress.advance(failed)

    def nodes(self, rates: Callable[[], Mapping[str, float]]) -> None:
        self._progress.nodes(rates)

    def end(self) -> None:
        self._progress.end()

    def note(self, text: str) -> None:
        self._progress.note(in_step(text, self._step.verb, self._step.name))

    def announce(self, text: str) -> None:
        self._progress.announce(in_step(text, self._step.verb, self._step.name))
