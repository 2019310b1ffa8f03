"""What a verb advises in options of the command line, in the words of a pipeline's step."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, get_origin

from datakit.records.base import field_types
from datakit.records.option_values import choices_of, unwrapped
from datakit.verbs.run.step_options import fields_of, step_verbs

_COMMAND = r"datakit [a-z0-9]+ [^;,)]*"
"""A whole command in a message: it is one for the shell wherever it is read."""
_RESUME = r"(?: with| and|, or| or| add)? --resume(?![\w-])"
_FLAG = r"--([a-z][a-z0-9-]*)(?: ([^\s;,:)]+))?"
_WORDS = re.compile(f"(?P<command>{_COMMAND})|(?P<resume>{_RESUME})|{_FLAG}")
_EXAMPLE = re.compile(r"[^a-z]*[A-Z0-9][^;,]*|[^\s]*[|=/][^\s]*")
"""What follows an option and is meant as its value: ``IDS``, ``0.35``, ``NAME=CLASS``."""


def in_step(text: str, verb: str, name: str) -> str:
    """Return a message of a verb as it helps in the step of a pipeline.

    Options of the verb become keys of the step; ``--resume`` goes, as a run resumes by itself, and
    ``--overwrite`` is the run's ``--redo``. Whole commands and options of others stay.

    Parameters
    ----------
    text, verb : str
        The message and the verb that it comes from.
    name : str
        The step's name.

    Examples
    --------
    >>> in_step("look, then run again with --release IDS --resume", "anonymize", "faces")
    'look, then run again with release: [IDS]'
    >>> in_step("add --weak, or choose another folder, or --overwrite", "anonymize", "faces")
    'add weak: true, or choose another folder, or --redo faces'
    """
    kinds = _kinds(verb)

    def translated(found: re.Match[str]) -> str:
        if found["command"] is not None:
            return found[0]
        if found["resume"] is not None:
            return ""
        flag, given = found[found.re.groups - 1], found[found.re.groups]
        rest = "" if given is None else f" {given}"
        if flag == "overwrite":
            return f"--redo {name}{rest}"
        if flag not in kinds:
            return found[0]
        key, kind = kinds[flag]
        bare, extra = unwrapped(kind)
        if bare is bool:
            return f"{key}: true{rest}"
        if given is None or not (given in choices_of(bare, extra) or _EXAMPLE.fullmatch(given)):
            return f"{key}:{rest}"
        return f"{key}: [{given}]" if get_origin(bare) is tuple else f"{key}: {given}"

    return _WORDS.sub(translated, text)


@cache
def _kinds(verb: str) -> dict[str, tuple[str, Any]]:
    """Return flag, without its dashes -> (key of a step, type), for the options of a verb."""
    options = step_verbs()[verb]
    settable = fields_of(options)
    return {
        str(unwrapped(kind)[1].get("flag", name.replace("_", "-"))).removeprefix("--"): (name, kind)
        for name, kind in field_types(options)
        if name in settable
    }
