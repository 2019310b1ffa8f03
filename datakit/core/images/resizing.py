"""Bringing image and labels to one size, each by its meaning.

Shrinking averages areas, axis by axis: a pixel of the result is the mean of what it covers. That
holds for photos and alphas alike, so that they keep fitting each other; integers, trimaps and
ignore masks are decided from the share of each pixel that is covered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Fit = Literal["stretch", "letterbox", "crop"]

_ALL: Final = 1 - 1e-4
_SOME: Final = 1e-6
"""Shares of a pixel between which a label holds for part of it, rounding allowed for."""


def resample(
    array: npt.NDArray[Any], size_wh: tuple[int, int], enlarge: int = cv2.INTER_CUBIC
) -> npt.NDArray[Any]:
    """Bring a picture to another size: by area along an axis that shrinks, interpolated else.

    Parameters
    ----------
    array : (H, W) or (H, W, C) uint8, uint16 or float32
    size_wh : tuple of int
        (width, height) of the result.
    enlarge : int
        OpenCV's interpolation along an axis that grows. Cubic ones leave the range of float values.

    Examples
    --------
    >>> resample(np.float32([[0, 0, 1, 1, 0, 1]]), (3, 1)).tolist()
    [[0.0, 1.0, 0.5]]
    """
    height, width = array.shape[:2]
    if size_wh == (width, height):
        return array
    narrower, lower = size_wh[0] < width, size_wh[1] < height
    if narrower != lower and size_wh[0] != width and size_wh[1] != height:
        # OpenCV averages only where both axes shrink.
        first = (size_wh[0], height) if narrower else (width, size_wh[1])
        return resample(resample(array, first, enlarge), size_wh, enlarge)
    how = cv2.INTER_AREA if narrower or lower else enlarge
    out: npt.NDArray[Any] = cv2.resize(array, size_wh, interpolation=how)
    return out.reshape(*out.shape[:2], *array.shape[2:])


def coverage(inside: npt.NDArray[np.bool_], size_wh: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return (h, w) float32: the share of each pixel of another size that lies inside."""
    return resample(inside.astype(np.float32), size_wh, cv2.INTER_LINEAR)


def resize_mask(mask: npt.NDArray[Any], size_wh: tuple[int, int]) -> npt.NDArray[Any]:
    """Bring (H, W) integers to another size; no value is new.

    A mask of background and one other value is what covers half of a pixel; in a mask of more
    values a pixel takes the value at its centre.

    Examples
    --------
    >>> resize_mask(np.uint8([[0, 9, 9, 9, 0, 0]]), (3, 1)).tolist()
    [[9, 9, 0]]
    >>> resize_mask(np.uint8([[0, 1, 2, 2]]), (2, 1)).tolist()
    [[1, 2]]
    """
    top = mask.max(initial=0)
    if top and np.count_nonzero(mask) == np.count_nonzero(mask == top):
        half = coverage(mask != 0, size_wh) >= 0.5
        return np.where(half, top, np.zeros((), mask.dtype)).astype(mask.dtype)
    out: npt.NDArray[Any] = cv2.resize(mask, size_wh, interpolation=cv2.INTER_NEAREST_EXACT)
    return out


def resize_trimap(trimap: npt.NDArray[np.uint8], size_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Bring (H, W) uint8 in {0, 128, 255} to another size.

    Background and foreground are what is wholly so; everything else is unknown.

    Examples
    --------
    >>> resize_trimap(np.uint8([[0, 0, 0, 255, 255, 255, 128, 0]]), (4, 1)).tolist()
    [[0, 128, 255, 128]]
    """
    front = coverage(trimap == 255, size_wh) >= _ALL
    back = coverage(trimap == 0, size_wh) >= _ALL
    return np.select([front, back], [np.uint8(255), np.uint8(0)], np.uint8(128)).astype(np.uint8)


def resize_ignore(ignore: npt.NDArray[np.uint8], size_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Bring (H, W) uint8 in {0, 255} to another size; a pixel that is touched at all is 255.

    Examples
    --------
    >>> resize_ignore(np.uint8([[255, 0, 0, 0, 0, 0]]), (2, 1)).tolist()
    [[255, 0]]
    """
    return np.where(coverage(ignore > 0, size_wh) > _SOME, np.uint8(255), np.uint8(0))


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
        """Resize (H, W, 3) uint8: area-averaged where it shrinks, cubic where it grows."""
        return self._apply(image, resample)

    def alpha(self, alpha: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Resize (H, W) float32 in [0, 1] as the image: a picture of its alpha remains one."""
        return np.clip(self._apply(alpha, resample), 0, 1)

    def mask(self, mask: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Resize (H, W) class or object indices: no new values (`resize_mask`)."""
        return self._apply(mask, resize_mask)

    def trimap(self, trimap: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Resize (H, W) uint8 in {0, 128, 255}: known stays what is wholly so (`resize_trimap`)."""
        return self._apply(trimap, resize_trimap)

    def ignore(self, ignore: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Resize (H, W) uint8 in {0, 255}: what is touched is ignored (`resize_ignore`)."""
        return self._apply(ignore, resize_ignore)

    def label(self, kind: str, label: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Resize a label as above; ``kind`` is "mask", "alpha", "trimap" or "ignore"."""
        resize: dict[str, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
            "mask": self.mask,
            "alpha": self.alpha,
            "trimap": self.trimap,
            "ignore": self.ignore,
        }
        return resize[kind](label)

    def _apply(
        self,
        array: npt.NDArray[Any],
        resize: Callable[[npt.NDArray[Any], tuple[int, int]], npt.NDArray[Any]],
    ) -> npt.NDArray[Any]:
        if array.shape[1::-1] != self.from_wh:
            raise InputError(f"resizing: expected size {self.from_wh}, got {array.shape[1::-1]}")
        scaled = resize(array, self.scaled_wh)
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
