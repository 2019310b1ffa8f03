"""A small copy of the window of the picture that a prompt concerns."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.interactive.colour_evidence import lab_colours

Image = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
Window = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class View:
    """What the engine sees. A negative prompt asks for background: there all is the other way.

    Attributes
    ----------
    lab : (h, w, 3) float32
        Colours.
    steps : two (h, w) float32
        How much the colour changes to the pixel to the right, below; 0 in the last column, row.
    likely : (h, w) float32 or None
        How likely each pixel is what is asked for, in [0, 1].
    open : (h, w) bool
        What is not what is asked for yet: what may change.
    window : two slices
        Of the picture.
    """

    lab: FloatArray
    steps: tuple[FloatArray, FloatArray]
    likely: FloatArray | None
    open: Bools
    window: Window

    @property
    def hw(self) -> tuple[int, int]:
        """Height and width of the copy."""
        return self.open.shape[0], self.open.shape[1]

    def shrunk(self, marked: Bools) -> Bools:
        """Return pixels of the picture on the copy; at least one where any is in the window."""
        cut = marked[self.window].astype(np.float32)
        share = cv2.resize(cut, self.hw[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(share >= min(0.5, max(float(share.max()), 1e-6)))

    def enlarged(self, values: FloatArray) -> FloatArray:
        """Return values of the copy at the window's size."""
        rows, columns = self.window
        size_wh = (columns.stop - columns.start, rows.stop - rows.start)
        return np.asarray(cv2.resize(values, size_wh, interpolation=cv2.INTER_LINEAR))


def make_view(
    image: Image, probability: FloatArray | None, taken: Bools, window: Window, side_px: int
) -> View:
    """Return a copy of a window whose longest side is at most ``side_px``.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
    probability : (H, W) float32 or None
        How likely each pixel is what is asked for.
    taken : (H, W) bool
        What is that already.
    window : two slices
    side_px : int

    Examples
    --------
    >>> image = np.zeros((8, 8, 3), np.uint8)
    >>> taken = np.zeros((8, 8), bool)
    >>> make_view(image, None, taken, (slice(0, 8), slice(0, 4)), 4).hw
    (4, 2)
    """
    cut = image[window]
    scale = min(1.0, side_px / max(cut.shape[:2]))
    size_wh = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))

    def small(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return np.asarray(cv2.resize(values, size_wh, interpolation=cv2.INTER_AREA))

    lab = lab_colours(np.asarray(small(cut), np.uint8))
    likely = None if probability is None else small(probability[window]).astype(np.float32)
    free = small((~taken[window]).astype(np.float32)).astype(np.float32) >= 0.5
    return View(lab, (_steps(lab, 1), _steps(lab, 0)), likely, free, window)


def _steps(lab: FloatArray, axis: int) -> FloatArray:
    change = np.sqrt((np.diff(lab, axis=axis) ** 2).sum(axis=-1))
    width = [(0, 0), (0, 0)]
    width[axis] = (0, 1)
    return np.asarray(np.pad(change, width), np.float32)
