"""A pipeline file: YAML -> steps with checked options and the inputs that each one reads."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from datakit.errors import DatakitError, InputError, SchemaError
from datakit.io.store.names import safe_name
from datakit.io.tables import yaml_files
from datakit.verbs.run import step_options
from datakit.verbs.run.step_advice import in_step
from datakit.verbs.shared.options import SourceOptions

Policy = Literal["stop", "continue"]

POLICIES = ("on_findings", "on_failures")
TOP = ("steps", "seed", *POLICIES)
STEP = ("verb", "name", "src", *POLICIES)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Input:
    """Something that a step reads.

    Attributes
    ----------
    label : str
        As the pipeline writes it.
    path : str
        Where it is; for an earlier step's result, below the run's folder.
    step : str or None
        The earlier step that makes it.
    optional : bool
        It is read when it is there.
    """

    label: str
    path: str
    step: str | None = None
    optional: bool = False


@dataclass(frozen=True)
class Step:
    """A step of a pipeline, ready to run."""

    name: str
    verb: str
    position: str
    options: SourceOptions
    inputs: tuple[Input, ...]
    reads: tuple[Input, ...]
    out: str
    on_findings: Policy
    on_failures: Policy


@dataclass(frozen=True)
class Pipeline:
    """The steps of a file, in order."""

    path: str
    steps: tuple[Step, ...]


def load(path: Path, out: Path) -> Pipeline:
    """Read a pipeline file.

    Parameters
    ----------
    path : Path
        The YAML; what it names is looked for beside it.
    out : Path
        The folder of the run.

    Raises
    ------
    InputError
        If the file cannot be read.
    SchemaError
        If a key, a verb, an option or a value is wrong, with its line.
    """
    data, lines = yaml_files.load(path)
    return _Reader(str(path), path.parent, out, lines).pipeline(data)


class _Reader:
    def __init__(self, where: str, beside: Path, out: Path, lines: dict[str, int]) -> None:
        self.where, self.beside, self.out, self.lines = where, beside, out, lines
        self.steps: list[Step] = []

    def pipeline(self, data: dict[str, Any]) -> Pipeline:
        for key in data:
            if key not in TOP:
                hint = get_close_matches(key, TOP, 1)
                meant = f"did you mean {hint[0]!r}?" if hint else f"expected: {', '.join(TOP)}"
                raise self._error(key, f"{key!r} is no key of a pipeline; {meant}")
        steps = data.get("steps")
        if not isinstance(steps, list) or not steps:
            raise self._error(
                "steps",
                "expected `steps:` with a list of steps (- verb: coco2mask …); "
                "datakit run --init roboflow prints an example",
            )
        defaults = {key: self._policy(key, key, data.get(key, "continue")) for key in POLICIES}
        seed = data.get("seed")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
            raise self._error("seed", f"seed: expected a whole number from 0, got {seed!r}")
        for number, step in enumerate(steps):
            self.steps.append(self._step(f"steps.{number}", step, defaults, seed))
        return Pipeline(self.where, tuple(self.steps))

    def _step(self, at: str, given: Any, defaults: Mapping[str, Policy], seed: int | None) -> Step:
        if isinstance(given, str):
            given = {"verb": given}
        if not isinstance(given, dict):
            raise self._error(at, f"expected a step (verb: NAME, then its options), got {given!r}")
        verb = self._verb(at, given)
        name = self._name(at, verb, given)
        kind = step_options.step_verbs()[verb]
        raw = {str(key): value for key, value in given.items() if key not in STEP}
        lines = {key: self.lines.get(f"{at}.{key}", self._line(at)) for key in raw} | {
            "": self._line(at)
        }
        values = step_options.convert(self.where, verb, raw, lines)
        if seed is not None and "seed" in step_options.fields_of(kind):
            values.setdefault("seed", seed)
        inputs = self._sources(at, given.get("src"))
        src = tuple(item.path for item in inputs)
        position = f"{self.where} line {self._line(at)}, step {name}"
        reads = [_as_read(item, values) for item in inputs]
        reads += self._resolve(kind, values)
        self._place_outputs(kind, values, lines)
        suffix = step_options.out_suffix(kind)
        out = str(self.out / f"{name}{suffix or ''}")
        options = self._built(position, verb, name, values, src, None if suffix is None else out)
        if getattr(options, "READS_WHOLE_RUN", False):
            reads += [Input(step.name, step.out, step.name) for step in self.steps]
        for path in getattr(options, "also_reads", ()):
            reads.append(Input(os.path.relpath(path, self.out), path, optional=True))
        return Step(
            name=name,
            verb=verb,
            position=position,
            options=options,
            inputs=inputs,
            reads=tuple({item.path: item for item in reads}.values()),
            out=out,
            **{
                key: self._policy(f"{at}.{key}", key, given[key]) if key in given else default
                for key, default in defaults.items()
            },
        )

    def _built(
        self,
        position: str,
        verb: str,
        name: str,
        values: Mapping[str, Any],
        src: tuple[str, ...],
        out: str | None,
    ) -> SourceOptions:
        try:
            return step_options.build(verb, values, src, out)
        except DatakitError as error:
            raise InputError(f"{position}: {in_step(str(error), verb, name)}") from None

    def _verb(self, at: str, given: dict[Any, Any]) -> str:
        verbs = step_options.step_verbs()
        verb = given.get("verb")
        if not isinstance(verb, str):
            raise self._error(at, f"expected `verb:` with one of: {', '.join(verbs)}")
        if verb not in verbs:
            close = get_close_matches(verb, verbs, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"choose one of: {', '.join(verbs)}"
            raise self._error(f"{at}.verb", f"{verb!r} is no verb that can be a step; {hint}")
        return verb

    def _name(self, at: str, verb: str, given: dict[Any, Any]) -> str:
        name = given.get("name", verb)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise self._error(
                f"{at}.name", f"name: expected letters, digits, - and _, got {name!r}"
            )
        if any(step.name == name for step in self.steps):
            raise self._error(at, f"two steps are named {name!r}; give this one another `name:`")
        return name

    def _policy(self, at: str, key: str, value: Any) -> Policy:
        if value not in ("stop", "continue"):
            raise self._error(at, f"{key}: expected stop or continue, got {value!r}")
        policy: Policy = value
        return policy

    # Inputs

    def _sources(self, at: str, given: Any) -> tuple[Input, ...]:
        """Return what a step reads: what ``src`` names, or else what the steps before pass on."""
        if given is None:
            return self._passed_on(at)
        named = given if isinstance(given, list) else [given]
        if not named or not all(isinstance(one, str) and one for one in named):
            raise self._error(
                f"{at}.src", f"src: expected a path, a step's name, or a list, got {given!r}"
            )
        return tuple(self._input(one) for one in named)

    def _passed_on(self, at: str) -> tuple[Input, ...]:
        for step in reversed(self.steps):
            if step_options.makes_dataset(step.options):
                return (Input(step.name, str(self.out / step.name), step.name),)
        if self.steps:
            return self.steps[-1].inputs
        raise self._error(at, "the first step needs `src:`, the folder or file to read")

    def _input(self, text: str) -> Input:
        """Take a path's first part for the name of an earlier step, when there is one."""
        first, _, rest = text.partition("/")
        if any(step.name == first for step in self.steps):
            return Input(text, str(self.out / first / rest), first)
        if "://" in text:
            return Input(text, text)
        return Input(text, str(self.beside / text))

    def _resolve(self, kind: type[SourceOptions], values: dict[str, Any]) -> list[Input]:
        """Make the paths among the options whole, and return them as inputs."""
        found: list[Input] = []
        for name, need in step_options.input_fields(kind).items():
            given = values.get(name)
            if given is None:
                continue
            named = given if isinstance(given, tuple) else (given,)
            whole = []
            for text in named:
                item = self._input(text)
                is_path = need == "path" or item.step or _exists(item.path)
                whole.append(item.path if is_path else text)
                found += [item] if is_path else []
            values[name] = tuple(whole) if isinstance(given, tuple) else whole[0]
        return found

    def _place_outputs(
        self, kind: type[SourceOptions], values: dict[str, Any], lines: Mapping[str, int]
    ) -> None:
        """Put further folders that a step writes below the run's own, beside those of the steps."""
        for name in step_options.output_fields(kind):
            given = values.get(name)
            if given is None:
                continue
            position = (
                f"{self.where} line {lines.get(name) or lines.get(name.replace('_', '-'), 1)}"
            )
            try:
                below = safe_name(given)
            except InputError:
                raise SchemaError(
                    f"{position}: option {name!r}: expected a folder below the run's -o DST, as "
                    f"{name}: faces; got {given!r}"
                ) from None
            if any(step.name == below.partition("/")[0] for step in self.steps):
                raise SchemaError(f"{position}: option {name!r}: {below!r} is a step's own folder")
            values[name] = str(self.out / below)

    def _line(self, at: str) -> int:
        return self.lines.get(at, 1)

    def _error(self, at: str, text: str) -> SchemaError:
        return SchemaError(f"{self.where} line {self._line(at)}: {text}")


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        # An inline document is no file name.
        return False


def _as_read(item: Input, values: Mapping[str, Any]) -> Input:
    """Return what a source really reads: the pictures beside a COCO .json are part of it."""
    apart = values.get("images_dir") or values.get("images") not in (None, *_PLACINGS)
    if item.step is None and item.path.lower().endswith(".json") and not apart:
        return Input(item.label, item.path.rpartition("/")[0])
    return item


_PLACINGS = ("copy", "hardlink", "symlink", "none")
