"""Each training sample is decoded once before training: a bad one becomes a row, not a crash."""

from __future__ import annotations

from dataclasses import dataclass

from datakit.io.layouts.base import Item
from datakit.training.samples import read_photo

THRESHOLD = 0.5


@dataclass(frozen=True)
class CheckPhoto:
    """The task of the first pass over the samples."""

    def __call__(self, item: Item) -> float:
        """Return the foreground's share of what is known; InputError when it cannot be read."""
        photo = read_photo(item)
        inside = photo.alpha if photo.known is None else photo.alpha[photo.known]
        return float((inside >= THRESHOLD).mean()) if inside.size else 0.0
