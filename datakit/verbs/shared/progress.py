"""Who is told how a run goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol


class Watch(Protocol):
    """Who is told how a run goes; the command line draws a bar, the API is silent."""

    def begin(self, total: int, what: str) -> None:
        """Work on ``total`` items starts."""

    def advance(self, failed: int) -> None:
        """One more item is done; ``failed`` failures so far."""

    def nodes(self, rates: Callable[[], Mapping[str, float]]) -> None:
        """Work is done by several nodes; ``rates`` tells each one's items a second by now."""

    def end(self) -> None:
        """Handle the end of the work, also when an error ends it."""


class Silent:
    """Tells nobody."""

    def begin(self, total: int, what: str) -> None:
        """Do nothing."""

    def advance(self, failed: int) -> None:
        """Do nothing."""

    def nodes(self, rates: Callable[[], Mapping[str, float]]) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""
