"""Runs: a binary mask as alternating lengths of zeros and ones, column by column.

`counts` is the word of the COCO format for it: an int64 array that starts with the number of
zeros (possibly 0), continues with the number of ones, and so on, read down the first column, then
down the second (column-major order); it sums to height x width. In *canonical* counts only the
first entry may be 0. Everything that combines masks here works on runs, never on pixels, so the
cost follows the outline and not the area.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Counts = npt.NDArray[np.int64]
Number = TypeVar("Number", np.int64, np.float64)
MAX_PIXELS = 1 << 28
"""Largest mask that is ever allocated (268 million pixels); more is taken for a hostile size."""


def check_size(height: int, width: int) -> None:
    """Refuse sizes that are not positive or larger than `MAX_PIXELS`.

    Raises
    ------
    InputError
        Before anything of that size is allocated.
    """
    if not (height > 0 and width > 0 and height * width <= MAX_PIXELS):
        raise InputError(
            f"mask size: expected positive and at most {MAX_PIXELS} pixels, "
            f"found {width}x{height}; correct the image's width and height"
        )


def spans_to_counts(
    starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], n_pixels: int
) -> Counts:
    """Unite half-open spans [start, end) of a column-major mask into canonical counts.

    Parameters
    ----------
    starts, ends : (N,) int64
        In any order, overlapping or not; span i is [starts[i], ends[i]) with
        0 <= start <= end <= n_pixels. Empty spans are ignored.
    n_pixels : int
        height x width.

    Examples
    --------
    >>> spans_to_counts(np.array([4, 1, 6]), np.array([7, 2, 8]), 9).tolist()
    [1, 1, 2, 4, 1]
    """
    return canonical(spans_to_runs(starts, ends, n_pixels))


def spans_to_runs(
    starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], n_pixels: int
) -> Counts:
    """Unite spans as `spans_to_counts` does, but leave runs of no length in: enough to paint."""
    starts, ends = unite_spans(starts, ends)
    edges = np.zeros(2 * len(starts) + 2, dtype=np.int64)
    edges[1:-1:2], edges[2:-1:2], edges[-1] = starts, ends, n_pixels
    return edges[1:] - edges[:-1]


def unite_spans(
    starts: npt.NDArray[Number], ends: npt.NDArray[Number]
) -> tuple[npt.NDArray[Number], npt.NDArray[Number]]:
    """Unite half-open spans [start, end) that may overlap; the result is sorted and has gaps.

    Examples
    --------
    >>> starts, ends = unite_spans(np.array([4.0, 1.0, 6.0]), np.array([7.0, 2.0, 8.0]))
    >>> starts.tolist(), ends.tolist()
    ([1.0, 4.0], [2.0, 8.0])
    """
    return unite_sorted(np.sort(starts), np.sort(ends))


def unite_sorted(
    starts: npt.NDArray[Number], ends: npt.NDArray[Number]
) -> tuple[npt.NDArray[Number], npt.NDArray[Number]]:
    """Unite spans as `unite_spans` does, of starts and ends that are sorted, each on its own."""
    # Nothing covers the gap between ends[i] and starts[i + 1] exactly when i + 1 spans have begun
    # and as many have ended: no pairing, no running count.
    gap = np.ones(len(starts) + 1, dtype=bool)
    np.less(ends[:-1], starts[1:], out=gap[1:-1])
    return starts[gap[:-1]], ends[gap[1:]]


def canonical(counts: Counts) -> Counts:
    """Return the counts without zero-length runs, except where the mask starts with ones.

    Examples
    --------
    >>> canonical(np.array([0, 2, 0, 3, 4, 0])).tolist()
    [0, 5, 4]
    """
    if np.count_nonzero(counts[1:]) == len(counts) - 1:
        return counts
    total = int(counts.sum())
    edges = np.cumsum(counts)[:-1]
    # Two toggles at one place undo each other, an odd number is one toggle.
    where, repeats = np.unique(edges[edges < total], return_counts=True)
    toggles = where[repeats % 2 == 1]
    return np.diff(toggles, prepend=0, append=total)


def counts_to_spans(counts: Counts) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the starts and ends (half-open) of the runs of ones."""
    edges = np.cumsum(counts)
    ends = edges[1::2]
    return edges[0::2][: len(ends)], ends


def union_counts(many: Iterable[Counts], n_pixels: int) -> Counts:
    """Unite masks of one size; canonical, as pycocotools' `merge` writes it. None gives all zeros.

    Raises
    ------
    InputError
        When a mask is of another size.

    Examples
    --------
    >>> union_counts([np.array([2, 2, 5]), np.array([3, 4, 2])], 9).tolist()
    [2, 5, 2]
    """
    spans = []
    for counts in many:
        if int(counts.sum()) != n_pixels:
            raise InputError(
                f"masks to unite: expected {n_pixels} pixels each, found {int(counts.sum())}; "
                "all must be of one image"
            )
        spans.append(counts_to_spans(counts))
    if not spans:
        return np.array([n_pixels], dtype=np.int64)
    starts = np.concatenate([start for start, _ in spans])
    ends = np.concatenate([end for _, end in spans])
    return spans_to_counts(starts, ends, n_pixels)


def counts_to_mask(
    counts: Counts,
    height: int,
    width: int,
    value: int = 1,
    out: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """Paint counts that sum to height x width (see `rle.rle_to_counts`) as a mask.

    Parameters
    ----------
    counts : counts
    height, width : int
        In pixels.
    value : int
        0 … 255, written inside; outside is 0.
    out : (height, width) uint8, optional
        Written and returned instead of a new array. Rows may be apart (a view into a wider
        array), so that a loop touches no new memory; most of a mask's time is that.

    Returns
    -------
    (height, width) uint8
        C-contiguous unless `out` is not; `.view(bool)` is free when `value` is 1.

    Examples
    --------
    >>> counts_to_mask(np.array([1, 2, 3]), 2, 3).tolist()
    [[0, 1, 0], [1, 0, 0]]
    """
    check_size(height, width)
    mask = _blank(height, width, out)
    if len(counts) < 2:
        return mask
    # Only the columns between the first and the last pixel inside are painted.
    left = int(counts[0]) // height
    right = int(counts[-1]) // height if len(counts) % 2 else 0
    inner = counts.copy()
    inner[0] -= left * height
    inner[-1] -= right * height
    values = np.zeros(len(counts), dtype=np.uint8)
    values[1::2] = value
    columns = values.repeat(inner).reshape(width - left - right, height)
    cv2.transpose(columns, dst=mask[:, left : width - right])
    return mask


def _blank(height: int, width: int, out: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8]:
    if out is None:
        return np.zeros((height, width), dtype=np.uint8)
    if out.shape != (height, width) or out.dtype != np.uint8 or out.strides[1] != 1:
        raise InputError(
            f"out: expected a ({height}, {width}) uint8 array with whole rows, "
            f"found {out.shape} {out.dtype}"
        )
    out.fill(0)
    return out


def mask_to_counts(mask: npt.NDArray[np.generic]) -> Counts:
    """Return the canonical counts of an (H, W) mask, where every non-zero pixel is inside.

    Examples
    --------
    >>> mask_to_counts(np.array([[0, 1, 0], [1, 0, 0]], dtype=bool)).tolist()
    [1, 2, 3]
    """
    if mask.ndim != 2 or mask.size == 0:
        raise InputError(f"mask: expected a non-empty (H, W) array, found shape {mask.shape}")
    columns = np.ascontiguousarray(mask.T).reshape(-1) != 0
    toggles = np.flatnonzero(columns[1:] != columns[:-1]) + 1
    if columns[0]:
        toggles = np.concatenate(([0], toggles))
    return np.diff(toggles, prepend=0, append=columns.size)


def placed_counts(
    mask: npt.NDArray[np.generic], origin_xy: tuple[int, int], height: int, width: int
) -> Counts:
    """Return the canonical counts of an image in which only a part, `mask`, has pixels inside.

    Parameters
    ----------
    mask : (h, w)
        Non-zero is inside; it lies within the image.
    origin_xy : tuple of int
        Where its upper left corner is in the image.
    height, width : int
        Of the image, in pixels.

    Raises
    ------
    InputError
        If the part leaves the image.

    Examples
    --------
    >>> placed_counts(np.ones((1, 2), bool), (1, 1), 2, 3).tolist()
    [3, 1, 1, 1]
    """
    check_size(height, width)
    rows, columns = mask.shape
    x, y = origin_xy
    if min(x, y) < 0 or x + columns > width or y + rows > height:
        raise InputError(
            f"mask: expected a part within {width}x{height} pixels, "
            f"found {columns}x{rows} at {x}, {y}"
        )
    # With an empty row below, no run goes on into the next column.
    padded = np.zeros((rows + 1, columns), dtype=bool)
    padded[:rows] = mask != 0
    starts, ends = counts_to_spans(mask_to_counts(padded))
    column, row = np.divmod(starts, rows + 1)
    placed = (column + x) * height + row + y
    return spans_to_counts(placed, placed + ends - starts, height * width)


def counts_area(counts: Counts) -> int:
    """Return the number of pixels inside."""
    return int(counts[1::2].sum())


def counts_bounds(counts: Counts, height: int) -> tuple[int, int, int, int] | None:
    """Return (x0, y0, x1, y1) in pixel edges of the pixels inside, None of an empty mask.

    Examples
    --------
    >>> counts_bounds(np.array([1, 2, 3]), height=2)
    (0, 0, 2, 2)
    """
    starts, ends = counts_to_spans(counts)
    inside = starts < ends
    if not inside.any():
        return None
    starts, last = starts[inside], ends[inside] - 1
    x0, x1 = int(starts[0] // height), int(last[-1] // height) + 1
    if bool((starts // height != last // height).any()):
        # A run that goes on into the next column touches the lower and the upper border.
        return x0, 0, x1, height
    return x0, int((starts % height).min()), x1, int((last % height).max()) + 1
