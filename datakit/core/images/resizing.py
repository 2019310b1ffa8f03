"""Bringing image and labels to one size, with the interpolation that each can bear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Fit = Literal["stretch", "letterbox", "crop"]


@dataclass(frozen=True, slots=True)
class Resizing:
    """A way from one picture size to another, the same for image, mask and alpha.

    Parameters
    ----------
    from_wh, to_wh : tuple of int
        (width, height) of source and target.
    fit : {"stretch", "letterbox", "crop"}
        Change the aspect; keep it and pad with zeros (background); keep it and cut the middle.

    Raises
    ------
    InputError
        If a size is not positive.

    Examples
    --------
    >>> Resizing((4, 2), (2, 2), "letterbox").scaled_wh
    (2, 1)
    >>> Resizing((4, 2), (2, 2), "crop").mask(np.ones((2, 4), np.uint8)).shape
    (2, 2)
    """

    from_wh: tuple[int, int]
    to_wh: tuple[int, int]
    fit: Fit = "stretch"

    def __post_init__(self) -> None:
        if min(*self.from_wh, *self.to_wh) < 1:
            raise InputError(f"resizing {self.from_wh} to {self.to_wh}: expected sizes above 0")

    @property
    def scaled_wh(self) -> tuple[int, int]:
        """Size of the picture after scaling, before padding or cutting."""
        if self.fit == "stretch":
            return self.to_wh
        ratios = [to / source for to, source in zip(self.to_wh, self.from_wh, strict=True)]
        scale = min(ratios) if self.fit == "letterbox" else max(ratios)
        width, height = (max(1, round(side * scale)) for side in self.from_wh)
        return width, height

    def image(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Resize (H, W, 3) uint8: area-averaged when it shrinks, cubic when it grows."""
        shrinks = self.scaled_wh[0] * self.scaled_wh[1] < self.from_wh[0] * self.from_wh[1]
        return self._apply(image, cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)

    def mask(self, mask: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Resize (H, W) class or object indices by the nearest pixel centre: no new values."""
        return self._apply(mask, cv2.INTER_NEAREST_EXACT)

    def alpha(self, alpha: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Resize (H, W) float32 bilinearly; it stays within its range."""
        return self._apply(alpha, cv2.INTER_LINEAR)

    def _apply(self, array: npt.NDArray[Any], interpolation: int) -> npt.NDArray[Any]:
        if array.shape[1::-1] != self.from_wh:
            raise InputError(f"resizing: expected size {self.from_wh}, got {array.shape[1::-1]}")
        scaled: npt.NDArray[Any] = cv2.resize(array, self.scaled_wh, interpolation=interpolation)
        width, height = self.to_wh
        out = np.zeros((height, width, *scaled.shape[2:]), scaled.dtype)
        rows_out, rows_in = _overlap(height, scaled.shape[0])
        columns_out, columns_in = _overlap(width, scaled.shape[1])
        out[rows_out, columns_out] = scaled[rows_in, columns_in]
        return out


def _overlap(outer: int, inner: int) -> tuple[slice, slice]:
    """Return where a centred run of ``inner`` pixels meets one of ``outer`` pixels, in each."""
    length = min(outer, inner)
    start_out, start_in = (outer - length) // 2, (inner - length) // 2
    return slice(start_out, start_out + length), slice(start_in, start_in + length)
