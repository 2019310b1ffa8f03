"""Whether the drafts of a whole run are plausible: a wrong contract shows in all photos."""

from __future__ import annotations

from datakit.engine.base import Outcome
from datakit.records.product import Product

LEAST_PHOTOS = 5
SHARE = 0.9
FULL = 0.95


class Plausibility:
    """Counts drafts without a subject and drafts that are nothing else.

    Examples
    --------
    >>> Plausibility().note()
    ''
    """

    def __init__(self) -> None:
        self._photos = self._empty = self._full = 0

    def count(self, outcome: Outcome[Product]) -> None:
        """Count one outcome."""
        for sample in outcome.value.samples if outcome.value else ():
            share = sample.fg_ratio or 0.0
            self._photos += 1
            self._empty += share == 0
            self._full += share > FULL

    def note(self) -> str:
        """Return a sentence where nearly all drafts are alike, else nothing."""
        if self._photos < LEAST_PHOTOS:
            return ""
        for count, words in ((self._empty, "empty"), (self._full, "foreground everywhere")):
            if count >= SHARE * self._photos:
                return (
                    f"{count} of {self._photos} drafts are {words}: check output.channel, "
                    "output.index, output.invert and the input's channels, mean and std in the "
                    "contract"
                )
        return ""
