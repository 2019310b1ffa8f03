"""Whether the drafts of a whole run are plausible: what is wrong with a model shows in all."""

from __future__ import annotations

from datakit.engine.base import Outcome
from datakit.records.counts import counted
from datakit.records.product import Product

LEAST_PHOTOS = 5
SHARE = 0.9
FULL = 0.95


class Plausibility:
    """Counts drafts without a subject and drafts that are nothing else.

    Parameters
    ----------
    empty, full : str
        What to check when nearly all are so.

    Examples
    --------
    >>> Plausibility(empty="take another model", full="take another model").note()
    ''
    """

    def __init__(self, *, empty: str, full: str) -> None:
        self._way_out = {"empty": empty, "foreground everywhere": full}
        self._photos = self._empty = self._full = 0

    def count(self, outcome: Outcome[Product]) -> None:
        """Count one outcome."""
        for sample in outcome.value.samples if outcome.value else ():
            share = sample.fg_ratio or 0.0
            self._photos += 1
            self._empty += share == 0
            self._full += share > FULL

    def note(self) -> str:
        """Return a sentence where all drafts, or nearly all of some, are alike; else nothing."""
        share = SHARE if self._photos >= LEAST_PHOTOS else 1.0
        for count, words in ((self._empty, "empty"), (self._full, "foreground everywhere")):
            if count and count >= share * self._photos:
                found = f"{count:,} of {counted(self._photos, 'drafts')} "
                return f"{found}{'is' if count == 1 else 'are'} {words}: {self._way_out[words]}"
        return ""
