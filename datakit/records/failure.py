"""A row of ``failures.jsonl``: what could not be processed, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated

from msgspec import Meta

from datakit.records.base import Record

_FOLDER = r"[^\s:;,'\"/()]+/"
_PATH = re.compile(rf"(?:{_FOLDER})+[^\s:;,'\"()]*\.\w+")
MOST_REASONS = 12
"""How many reasons of failures a summary names."""


class Failure(Record, frozen=True, kw_only=True):
    """One thing that went wrong; the run went on without it."""

    id: Annotated[str, Meta(description="the sample, or the file when there is no sample")]
    file: Annotated[str, Meta(description="the file that is at fault, as the source names it")]
    step: Annotated[str, Meta(description="read, annotation, image, write, worker …")]
    error: Annotated[str, Meta(description="one sentence: subject, expected, found, way out")]
    annotation: Annotated[str | None, Meta(description="the annotation's id, if it is one")] = None
    path: Annotated[str | None, Meta(description="JSON path inside the file")] = None

    @property
    def names_its_file(self) -> bool:
        """Whether the error begins with the file, by whatever path."""
        subject = self.error.partition(": ")[0]
        return PurePosixPath(subject).name == PurePosixPath(self.file).name


def grouped(failures: Iterable[Failure]) -> list[tuple[int, Failure]]:
    """Return how many failures have each reason, with one of them; the most frequent first.

    Reasons are distinguished without regard to the names, paths and numbers in them.

    Examples
    --------
    >>> first = Failure(id="a", file="a.jpg", step="read", error="a.jpg: 3 bytes missing")
    >>> other = Failure(id="b", file="b.jpg", step="read", error="b.jpg: 17 bytes missing")
    >>> [(count, one.id) for count, one in grouped([first, other])]
    [(2, 'a')]
    """
    examples: dict[str, Failure] = {}
    counts: dict[str, int] = {}
    for failure in failures:
        reason = _without_names(failure)
        examples.setdefault(reason, failure)
        counts[reason] = counts.get(reason, 0) + 1
    order = sorted(counts, key=lambda reason: -counts[reason])
    return [(counts[reason], examples[reason]) for reason in order]


def _without_names(failure: Failure) -> str:
    """Return the reason without the sample's names, paths and numbers.

    A source may know a file by a path that the dataset has not (``valid/a.jpg`` is ``val/a.jpg``).
    """
    names = {
        failure.file,
        failure.id,
        *(PurePosixPath(name).name for name in (failure.file, failure.id)),
    }
    either = "|".join(map(re.escape, sorted(filter(None, names), key=len, reverse=True)))
    reason = re.sub(rf"(?<![\w/])(?:{_FOLDER})*(?:{either})(?!\w)", "", failure.error)
    return re.sub(r"\d+", "#", _PATH.sub("", reason))


def in_words(failures: Iterable[Failure], done: str) -> tuple[str, ...]:
    """Return a note for each of the most frequent reasons, with its count and an example.

    Parameters
    ----------
    failures : iterable of Failure
    done : str
        What could not be done with them: "read", "compared".

    Examples
    --------
    >>> in_words([Failure(id="a", file="a.jpg", step="read", error="a.jpg: cut off")], "read")
    ('could not be read: 1 x a.jpg: cut off',)
    """
    return tuple(
        f"could not be {done}: {count:,} x "
        + (one.error if one.names_its_file else f"{one.file}: {one.error}")
        for count, one in grouped(failures)[:MOST_REASONS]
    )
