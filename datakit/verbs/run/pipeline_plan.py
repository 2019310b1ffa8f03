"""Which steps of a pipeline have to run, and why: decided by content, before anything is run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from datakit.errors import InputError
from datakit.io.dataset.run_folder import RunFolder
from datakit.io.store.fingerprints import Snapshot, content_changes, stat_changes
from datakit.io.store.storage import location
from datakit.records.pipeline import Action, StepRecord
from datakit.verbs.run import step_options
from datakit.verbs.run.pipeline_file import Input, Pipeline, Step
from datakit.version import __version__

ABSENT = "absent"


@dataclass(frozen=True)
class Planned:
    """A step, what identifies its result, and whether it has to be made.

    Attributes
    ----------
    step : Step
        What would run.
    record : StepRecord
        As it will stand in the index when the step begins.
    action : {"run", "resume", "skip"}
        What is to be done.
    reasons : tuple of str
        Why; empty for "skip".
    before : StepRecord or None
        The step in the index of the last run.
    """

    step: Step
    record: StepRecord
    action: Action
    reasons: tuple[str, ...]
    before: StepRecord | None


@dataclass
class _Known:
    """What is known while the plan is made."""

    folder: RunFolder
    keep: bool
    index: dict[str, StepRecord]
    redo: frozenset[str]
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    planned: dict[str, Planned] = field(default_factory=dict)


def plan(
    pipeline: Pipeline, folder: RunFolder, redo: tuple[str, ...] = (), *, keep: bool
) -> list[Planned]:
    """Decide for each step whether it runs.

    Parameters
    ----------
    pipeline : Pipeline
        The steps.
    folder : RunFolder
        What an earlier run left.
    redo : tuple of str
        Steps that run again whatever is known; what depends on them follows.
    keep : bool
        Remember the fingerprints of the inputs.

    Raises
    ------
    InputError
        If an input is not there, lies around the run's folder, or ``redo`` names no step.
    """
    names = [step.name for step in pipeline.steps]
    for name in redo:
        if name not in names:
            raise InputError(f"--redo {name}: no such step; choose among: {', '.join(names)}")
    known = _Known(folder, keep, folder.index(), frozenset(redo))
    for step in pipeline.steps:
        known.planned[step.name] = _decide(step, known)
    return list(known.planned.values())


def check_inputs(pipeline: Pipeline, out: Path) -> None:
    """Refuse inputs that are not there, or lie in the run's folder or around it.

    Raises
    ------
    InputError
        With the line of the step.
    """
    for step in pipeline.steps:
        for item in step.reads:
            if item.step is None and not item.optional:
                _check_input(step, item, out)


def _check_input(step: Step, item: Input, out: Path) -> None:
    path = location(item.path)
    if not isinstance(path, Path):
        # A store is asked once, when what it holds is fingerprinted.
        return
    try:
        inner, outer = out.resolve(), path.resolve()
        path.stat()
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"{step.position}: {item.path}: {'no such file or folder' if missing else reason}; "
            "paths in a pipeline are looked for beside its file, unless an earlier step has it"
        ) from None
    if inner == outer or outer in inner.parents or inner in outer.parents:
        raise InputError(
            f"{step.position}: {item.label} and the run's folder {out} lie in one another; "
            "choose a folder apart with -o"
        )


def _decide(step: Step, known: _Known) -> Planned:
    inputs = {item.label: _digest(step, item, known) for item in step.reads}
    options = _options(step, known)
    identity = [step.verb, __version__, options, [*inputs.values()]]
    text = msgspec.json.encode(identity, order="deterministic")
    record = StepRecord(
        name=step.name,
        verb=step.verb,
        state="running",
        key=hashlib.sha256(text).hexdigest(),
        version=__version__,
        options=options,
        inputs=inputs,
        out=Path(step.out).name,
    )
    before = known.index.get(step.name)
    action, reasons = _compare(step, record, before, known)
    return Planned(step, record, action, reasons, before)


def _options(step: Step, known: _Known) -> dict[str, Any]:
    """Return the options as part of the identity: paths are identified by their content."""
    found = step_options.result_options(step.options)
    by_path = {item.path: f"input {number}" for number, item in enumerate(step.reads, 1)}
    for name in step_options.input_fields(type(step.options)):
        value = found.get(name)
        if isinstance(value, list):
            found[name] = [by_path.get(one, one) for one in value]
        elif value is not None:
            found[name] = by_path.get(value, value)
    for name in step_options.output_fields(type(step.options)):
        if found.get(name) is not None:
            found[name] = Path(found[name]).relative_to(known.folder.out).as_posix()
    return found


def _digest(step: Step, item: Input, known: _Known) -> str:
    if item.step is not None:
        key = known.planned[item.step].record.key
        return key if item.label == item.step else f"{key}/{item.label.partition('/')[2]}"
    if item.optional and not location(item.path).exists():
        return ABSENT
    if item.path not in known.snapshots:
        try:
            found = known.folder.fingerprint(location(item.path), keep=known.keep)
        except InputError as error:
            raise InputError(f"{step.position}: {error}") from None
        known.snapshots[item.path] = found
    return known.snapshots[item.path].digest


def _compare(
    step: Step, record: StepRecord, before: StepRecord | None, known: _Known
) -> tuple[Action, tuple[str, ...]]:
    reasons: list[str] = []
    if step.name in known.redo:
        reasons.append("--redo asks for it")
    redone = [item.step for item in step.reads if item.step and _is_forced(item.step, known)]
    reasons += [f"{name}, which it reads, is done again by --redo" for name in redone]
    if before is None:
        return "run", ("it has not been run yet",)
    reasons += _differences(record, before, known)
    if reasons:
        return "run", tuple(reasons)
    if before.state == "running":
        if known.folder.is_interrupted(record):
            return "resume", ("it was interrupted: it goes on where it stopped",)
        return "run", ("it was interrupted before its end",)
    if changes := stat_changes(known.folder.result(before), known.folder.present(before)):
        return "run", (f"its result is not as it was made: {changes}",)
    return "skip", ()


def _is_forced(name: str, known: _Known) -> bool:
    if name in known.redo:
        return True
    return any(
        item.step and _is_forced(item.step, known) for item in known.planned[name].step.reads
    )


def _differences(record: StepRecord, before: StepRecord, known: _Known) -> list[str]:
    """Say in which the step differs from the one that was run."""
    if before.key == record.key:
        # Inputs may have other names and hold the same.
        return []
    found = []
    if before.verb != record.verb:
        return [f"its verb: {before.verb} -> {record.verb}"]
    if before.version != record.version:
        found.append(f"datakit {before.version} -> {record.version}")
    for name in sorted(before.options.keys() | record.options.keys()):
        old, new = before.options.get(name), record.options.get(name)
        if old != new:
            found.append(f"option {name}: {_short(old)} -> {_short(new)}")
    for label, digest in record.inputs.items():
        if label not in before.inputs:
            found.append(f"it reads {label} now")
        elif before.inputs[label] != digest:
            found.append(_input_change(label, before.inputs[label], digest, known))
    gone = before.inputs.keys() - record.inputs.keys()
    found += [f"it does not read {label} any more" for label in sorted(gone)]
    if not found:
        found.append("the order of its inputs")
    return found


def _input_change(label: str, old: str, new: str, known: _Known) -> str:
    if label.partition("/")[0] in known.planned:
        return f"{label.partition('/')[0]}, which it reads, is another"
    if ABSENT in (old, new):
        return f"{label} is {'there now' if old == ABSENT else 'gone'}"
    before = known.folder.files_of(old)
    after = next(one.files for one in known.snapshots.values() if one.digest == new)
    if not before:
        return f"{label}: its files changed"
    return f"{label}: {content_changes(before, after)}"


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}…"
