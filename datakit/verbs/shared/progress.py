"""How a run reports progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the command line draws progress before it loads a reader
    from datakit.io.layouts.sources import Collection


class ProgressListener(Protocol):
    """What a run reports its progress to; the command line draws a bar, the API is silent."""

    def begin(self, total: int, what: str) -> None:
        """Work on ``total`` items starts."""

    def advance(self, failed: int) -> None:
        """One more item is done; ``failed`` failures so far."""

    def nodes(self, rates: Callable[[], Mapping[str, float]]) -> None:
        """Work is done by several nodes; ``rates`` gives each one's items per second so far."""

    def end(self) -> None:
        """Handle the end of the work, also when an error ends it."""

    def note(self, text: str) -> None:
        """Report a line of its own: how a step of a pipeline ended."""

    def announce(self, text: str) -> None:
        """Report what a person needs to go on, however quiet the run is: a page's address."""


class SilentProgress:
    """Reports nothing."""

    def begin(self, total: int, what: str) -> None:
        """Do nothing."""

    def advance(self, failed: int) -> None:
        """Do nothing."""

    def nodes(self, rates: Callable[[], Mapping[str, float]]) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""

    def announce(self, text: str) -> None:
        """Do nothing."""


def note_source(source: Collection, progress: ProgressListener | None) -> Collection:
    """Report as what a source was read and what is not read of it; return the source."""
    if progress is not None:
        for line in (*source.read_as, *source.notes):
            progress.note(line)
    return source
