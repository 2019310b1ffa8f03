"""The steps that made a dataset: what each could not process, and what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.dataset.run_folder import INDEX, RunFolder
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import location
from datakit.records.card import Command
from datakit.records.failure import Failure
from datakit.records.pipeline import StepRecord
from datakit.verbs.shared.evidence import TABLES, FolderRecords


@dataclass(frozen=True)
class Step:
    """One command, or one step of a run.

    Attributes
    ----------
    name : str
        In its run, or the verb.
    verb : str
    command : Command or None
        Of the chain that led to the dataset; None for a look at the dataset from aside.
    failed : int
        What it could not process.
    failures : sequence of Failure
        All of that, or the first where the rest lies in another folder.
    findings : Counter
        (family, check, severity) -> findings of ``qc``.
    checked : bool
        Whether ``qc`` looked here.
    record : StepRecord or None
        What the run's index says of it.
    """

    name: str
    verb: str
    command: Command | None = None
    failed: int = 0
    failures: Sequence[Failure] = ()
    findings: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    checked: bool = False
    record: StepRecord | None = None


@dataclass(frozen=True)
class RunRecords:
    """The run that a dataset is a step of.

    Attributes
    ----------
    folder : Path
        The run's.
    steps : sequence of StepRecord
        Those that are done; of a report inside the run, those before it.
    """

    folder: Path
    steps: Sequence[StepRecord]

    @property
    def records(self) -> list[str]:
        """The folders of steps that have findings, faces, drafts or failures on record."""
        places = [self.folder / step.out for step in self.steps]
        return [str(place) for place in places if any((place / name).is_file() for name in TABLES)]

    def step_of(self, folder: str) -> StepRecord | None:
        """Return the step that wrote a folder."""
        place = Path(folder).resolve()
        if place.parent != self.folder:
            return None
        return next((step for step in self.steps if step.out == place.name), None)


def run_of(src: str, out: str) -> RunRecords | None:
    """Return the run that a dataset is a step of; None where it is none's.

    Parameters
    ----------
    src : str
        The dataset.
    out : str
        The report. In the run's own folder it is one of its steps, and what comes after it is
        left out: the same steps then make the same report.
    """
    place, result = location(src), location(out)
    if not isinstance(place, Path):
        return None
    place = place.resolve()
    if not (place.parent / INDEX).is_file():
        return None
    steps = list(RunFolder(place.parent).index().values())
    if place.name not in [step.out for step in steps]:
        return None
    if isinstance(result, Path) and result.resolve().parent == place.parent:
        names = [step.out for step in steps]
        steps = steps[: names.index(result.name)] if result.name in names else steps
    return RunRecords(place.parent, [step for step in steps if step.state == "done"])


def steps_of(
    source: Collection, folders: Sequence[FolderRecords], run: RunRecords | None
) -> list[Step]:
    """Return the steps that made a dataset or looked at it, in their order.

    Parameters
    ----------
    source : Collection
        The dataset: its chain of commands, each with the first of its failures.
    folders : sequence of FolderRecords
        The dataset's own first; those of a step replace what the chain has kept of it.
    run : RunRecords or None
        Names the steps, and has those that left nothing in a folder.
    """
    steps = [Step(one.verb, one.verb, one, one.failed, one.failures) for one in source.commands]
    told = {str(location(one.folder).resolve()): one for one in folders}
    written = [str(run.folder / step.out) for step in run.steps] if run else []
    for folder in dict.fromkeys([*told, *written]):
        records = told.get(folder, FolderRecords(folder))
        record = run.step_of(folder) if run else None
        command = _last_command(folder)
        places = [at for at, step in enumerate(steps) if step.command == command]
        verb = record.verb if record else command.verb if command else Path(folder).name
        step = steps[places[-1]] if command and places else Step(verb, verb)
        step = replace(
            step,
            name=record.name if record else step.name,
            failed=max(step.failed, len(records.failures)),
            failures=records.failures or step.failures,
            findings=records.findings,
            checked=records.checked,
            record=record,
        )
        if command and places:
            steps[places[-1]] = step
        else:
            steps.append(step)
    return sorted(steps, key=lambda step: _order(step, run)) if run else steps


def _order(step: Step, run: RunRecords) -> int:
    """Return a step's place: what was before the run first, what is beside it last."""
    if step.record is not None:
        return list(run.steps).index(step.record)
    return -1 if step.command else len(run.steps)


def _last_command(folder: str) -> Command | None:
    """Return the command that wrote a folder; None where it has no card that says so."""
    try:
        commands = output.read_card(location(folder)).commands
    except InputError:
        return None
    return commands[-1] if commands else None
