"""Labels of which a new size leaves nothing: how they are marked, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from datakit.records.counts import counted
from datakit.records.product import Loss
from datakit.records.sample import LOST_BY_SIZE, Sample


def with_loss(sample: Sample, found: Loss | None) -> Sample:
    """Return the row of a sample, tagged where its label has lost something."""
    if found is None:
        return sample
    return msgspec.structs.replace(sample, tags=tuple(sorted({*sample.tags, LOST_BY_SIZE})))


class Losses:
    """Counts the labels that have lost something, and remembers one of each kind."""

    def __init__(self) -> None:
        self._counts: dict[Loss, int] = {}
        self._examples: dict[Loss, str] = {}

    def add(self, lost: Mapping[str, Loss]) -> None:
        """Count the samples of a product."""
        for key, kind in lost.items():
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._examples.setdefault(kind, key)

    def notes(self, *, tagged: bool = True) -> tuple[str, ...]:
        """Return a line for each kind of loss: how many, one of them, why, and the way out.

        Not `tagged`: nothing was written that could have the tag.
        """
        apart = f"what has the tag {LOST_BY_SIZE}" if tagged else "such samples"
        words: dict[Loss, str] = {
            "foreground": "without any foreground",
            "part": "without some class or object",
        }
        return tuple(
            f"{counted(self._counts[kind], 'labels')} {what} at the new size, such as "
            f"{self._examples[kind]}: too small for its pixels, or cropped away; take a larger "
            f"--size, or leave out {apart}"
            for kind, what in words.items()
            if kind in self._counts
        )
