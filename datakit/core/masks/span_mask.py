"""A binary mask as the spans of its pixels inside: enough to measure it and to write it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datakit.core.masks.runs import Counts, counts_to_mask, counts_to_spans, spans_to_runs


@dataclass(frozen=True, eq=False)
class SpanMask:
    """A binary mask that was never painted.

    Parameters
    ----------
    starts, ends : (N,) int64
        Ascending, disjoint, half-open spans of pixels, column by column (see
        `datakit.core.masks.runs`).
    height, width : int
        In pixels.

    Examples
    --------
    >>> mask = SpanMask(np.array([1]), np.array([3]), 2, 3)
    >>> mask.area_px, mask.pixels(255).tolist()
    (2, [[0, 255, 0], [255, 0, 0]])
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    height: int
    width: int

    @classmethod
    def of_counts(cls, counts: Counts, height: int, width: int) -> SpanMask:
        """Return the mask of column-major counts."""
        return cls(*counts_to_spans(counts), height, width)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def area_px(self) -> int:
        """How many pixels are inside."""
        return int(self.ends.sum() - self.starts.sum())

    def pixels(self, value: int) -> npt.NDArray[np.uint8]:
        """Paint it: (H, W) uint8, ``value`` inside, 0 outside."""
        runs = spans_to_runs(self.starts, self.ends, self.height * self.width)
        return counts_to_mask(runs, self.height, self.width, value)
