"""Pipeline documents: YAML text to checked steps, each of which knows its line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from datakit.errors import InputError, SchemaError
from datakit.records.yaml_text import refuse_surrogates
from datakit.transforms.saved import converted, is_saved

if TYPE_CHECKING:
    from jsonschema import ValidationError

NodePath = tuple[str | int, ...]
GROUPS = ("OneOf", "SomeOf", "RandomOrder", "Sequential")
MAX_TEXT = 100_000
MAX_DEPTH = 20


class Step(msgspec.Struct, frozen=True):
    """One transform, or one group of transforms, of a pipeline."""

    name: str
    params: dict[str, Any]
    line: int
    param_lines: dict[str, int]
    steps: tuple[Step, ...] = ()


class Document(msgspec.Struct, frozen=True):
    """A pipeline as its author wrote it.

    `title` names it in error messages (a preset or a file), `name` is what is recorded, `dropped`
    what a file that Albumentations saved says of things that datakit decides itself.
    """

    title: str
    name: str
    text: str
    steps: tuple[Step, ...]
    dropped: tuple[str, ...] = ()


def preset_names() -> tuple[str, ...]:
    """Return the presets that come with datakit, in alphabetical order.

    Examples
    --------
    >>> preset_names()
    ('heavy', 'light', 'p3m', 'seerslab')
    """
    folder = resources.files("datakit.transforms") / "presets"
    files = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml")))


def preset_text(name: str) -> str:
    """Return a preset's YAML; raises InputError with the known names when there is no such one."""
    if name not in preset_names():
        known = ", ".join(preset_names())
        raise InputError(
            f"preset {name!r} is not known; choose one of: {known}, or hand in a file of your own"
        )
    return (resources.files("datakit.transforms") / "presets" / f"{name}.yaml").read_text("utf-8")


def read_document(path: str | Path) -> tuple[str, str]:
    """Return the name and the text of a pipeline's file; InputError when it cannot be read."""
    path = Path(path)
    try:
        return path.name, path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        presets = ", ".join(preset_names())
        raise InputError(
            f"pipeline {path}: expected a YAML file, found {error}; the presets are {presets}"
        ) from None


def parse_document(text: str, title: str) -> Document:
    r"""Parse and validate a pipeline's YAML; names of transforms are not looked up yet.

    What Albumentations itself saves (``A.save``, ``A.to_dict``) is read too; JSON is YAML.

    Parameters
    ----------
    text : str
        The YAML text; see the presets for examples.
    title : str
        What to call it in error messages, for example the file's name.

    Returns
    -------
    Document

    Raises
    ------
    SchemaError
        If it is not YAML or does not follow the schema; each problem with its line.

    Examples
    --------
    >>> parse_document("transforms: [HorizontalFlip]", "mine.yaml").steps[0].name
    'HorizontalFlip'
    >>> parse_document("transforms:\n- Blur: {p: 2}", "my.yaml")
    Traceback (most recent call last):
    datakit.errors.SchemaError: my.yaml:2: transforms[0].Blur.p: 2 is greater than the maximum of 1
    """
    node = _compose(text, title)
    lines = dict(_lines(node, (), title))
    try:
        data = yaml.SafeLoader("").construct_document(node)
    except yaml.YAMLError as error:
        raise SchemaError(_yaml_words(error, title)) from None
    dropped: tuple[str, ...] = ()
    if is_saved(data):
        data, lines, dropped = converted(data, lines, GROUPS)
    problems = sorted(_validator().iter_errors(data), key=lambda e: lines[_known(e, lines)])
    if problems:
        raise problem_list(title, [(lines[_known(e, lines)], _words(e)) for e in problems])
    steps = _steps(data["transforms"], ("transforms",), lines)
    return Document(title, data.get("name", title), text, steps, dropped)


def leaf_steps(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Yield the transforms of a pipeline, those of its groups in their place."""
    for step in steps:
        if step.name in GROUPS:
            yield from leaf_steps(step.steps)
        else:
            yield step


def problem_list(title: str, problems: list[tuple[int, str]]) -> SchemaError:
    """Return one error for problems of one document, each given as (line, words)."""
    if len(problems) == 1:
        line, words = problems[0]
        return SchemaError(f"{title}:{line}: {words}")
    listed = "\n".join(f"  {title}:{line}: {words}" for line, words in problems)
    return SchemaError(f"{title}: {len(problems)} problems\n{listed}")


@cache
def _validator() -> Any:
    # Imported here, as the names of the presets are asked for by every --help.
    import jsonschema

    schema = resources.files("datakit.transforms") / "pipeline.schema.json"
    return jsonschema.Draft202012Validator(json.loads(schema.read_text("utf-8")))


def _compose(text: str, title: str) -> yaml.Node:
    if len(text) > MAX_TEXT:
        raise SchemaError(f"{title}: expected at most {MAX_TEXT} characters, found {len(text)}")
    try:
        _check_events(text, title)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise SchemaError(_yaml_words(error, title)) from None
    if node is None:
        raise SchemaError(f"{title}:1: expected a mapping with 'transforms', found nothing")
    return node


def _check_events(text: str, title: str) -> None:
    """Refuse what is cheap to write and costly to read, before anything is built from it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        # A few nested aliases can stand for a document larger than any memory.
        if isinstance(event, yaml.AliasEvent):
            raise SchemaError(f"{title}:{line}: aliases (*name) are not allowed; write it out")
        if isinstance(event, yaml.ScalarEvent):
            refuse_surrogates(event.value, f"{title}:{line}")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise SchemaError(f"{title}:{line}: expected at most {MAX_DEPTH} levels of nesting")


def _yaml_words(error: yaml.YAMLError, title: str) -> str:
    mark = getattr(error, "problem_mark", None)
    line = f":{mark.line + 1}" if mark is not None else ""
    return f"{title}{line}: not valid YAML: {getattr(error, 'problem', None) or error}"


def _lines(node: yaml.Node, path: NodePath, title: str) -> Iterator[tuple[NodePath, int]]:
    """Yield the line of each value, by its path; a mapping's value stands where its key stands."""
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            yield from _lines(child, (*path, index), title)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise SchemaError(f"{title}:{line}: expected a name before the colon")
            if key.value in seen:
                raise SchemaError(f"{title}:{line}: {key.value!r} is written twice")
            seen.add(key.value)
            yield from _lines(child, (*path, key.value), title)
            yield (*path, key.value), line


def _known(error: ValidationError, lines: dict[NodePath, int]) -> NodePath:
    """Return the longest part of an error's path that has a line."""
    path: NodePath = tuple(error.absolute_path)
    while path not in lines:
        path = path[:-1]
    return path


def _words(error: ValidationError) -> str:
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
    text = error.message
    if error.validator == "maxProperties":
        text = f"expected one transform a list entry, found {len(error.instance)}"
    elif error.validator == "minItems":
        text = "expected at least one transform, found none"
    return f"{where.removeprefix('.')}: {text}" if where else text


def _steps(entries: list[Any], path: NodePath, lines: dict[NodePath, int]) -> tuple[Step, ...]:
    return tuple(_step(entry, (*path, i), lines) for i, entry in enumerate(entries))


def _step(entry: Any, path: NodePath, lines: dict[NodePath, int]) -> Step:
    if isinstance(entry, str):
        return Step(entry, {}, lines[path], {})
    ((name, params),) = entry.items()
    params = dict(params or {})
    path = (*path, name)
    inner: tuple[Step, ...] = ()
    if name in GROUPS:
        inner = _steps(params.pop("transforms"), (*path, "transforms"), lines)
    param_lines = {key: lines[(*path, key)] for key in params}
    return Step(name, params, lines[path], param_lines, inner)
