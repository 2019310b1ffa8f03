"""A sample that is to be trained on is read once before: a bad one becomes a row, not a crash."""

from __future__ import annotations

from dataclasses import dataclass

from datakit.io.layouts.base import Item
from datakit.training.samples import read_photo


@dataclass(frozen=True)
class CheckPhoto:
    """The task of the first pass over the samples."""

    def __call__(self, item: Item) -> tuple[int, int]:
        """Return (height, width); InputError when the sample cannot be read."""
        height, width = read_photo(item).alpha.shape
        return height, width
