"""Where a picture lies in a network's input, and the way back from the network's map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.images.resizing import resample
from datakit.errors import InputError

Image = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
InputFit = Literal["stretch", "letterbox", "corner", "multiple"]
# A strip of pixels must not become an input that no memory holds.
_LONGEST = 4.0


@dataclass(frozen=True, slots=True)
class Placement:
    """A picture in a network's input.

    Attributes
    ----------
    image_hw, input_hw : tuple of int
        Sizes of the picture and of the network's input.
    window_xyxy : tuple of int
        The pixels of the input that the picture covers; the rest is padding.
    """

    image_hw: tuple[int, int]
    input_hw: tuple[int, int]
    window_xyxy: tuple[int, int, int, int]

    @property
    def window_hw(self) -> tuple[int, int]:
        """Size of the picture inside the input."""
        x0, y0, x1, y1 = self.window_xyxy
        return y1 - y0, x1 - x0

    @property
    def is_whole(self) -> bool:
        """Whether there is no padding."""
        return self.window_hw == self.input_hw


def identity(image_hw: tuple[int, int]) -> Placement:
    """Return the placement of a network that sees the picture as it is.

    Examples
    --------
    >>> identity((2, 3)).window_xyxy
    (0, 0, 3, 2)
    """
    return Placement(image_hw, image_hw, (0, 0, image_hw[1], image_hw[0]))


def place(
    image_hw: tuple[int, int], size_hw: tuple[int, int], fit: InputFit, multiple: int = 1
) -> Placement:
    """Decide where a picture goes.

    Parameters
    ----------
    image_hw : tuple of int
    size_hw : tuple of int
        The network's size; for ``multiple`` the picture's shorter side becomes the smaller of it.
    fit : {"stretch", "letterbox", "corner", "multiple"}
        Change the aspect; keep it and pad on both sides; keep it and pad below and on the right
        (SAM); keep it as nearly as sides that are multiples of a number allow (for networks
        without a fixed size, such as MODNet).
    multiple : int
        The number (``multiple`` only). The longer side has at most four times the shorter one.

    Raises
    ------
    InputError
        If a size is not positive.

    Examples
    --------
    >>> place((100, 200), (320, 320), "letterbox").window_xyxy
    (0, 80, 320, 240)
    >>> place((100, 200), (512, 512), "multiple", 32).input_hw
    (512, 1024)
    """
    if min(*image_hw, *size_hw, multiple) < 1:
        raise InputError(f"placing {image_hw} into {size_hw}: expected sizes above 0")
    if fit == "stretch":
        return Placement(image_hw, size_hw, (0, 0, size_hw[1], size_hw[0]))
    if fit == "multiple":
        shorter = min(size_hw)
        ratios = (min(side / min(image_hw), _LONGEST) for side in image_hw)
        sides = [multiple * max(1, round(shorter * ratio / multiple)) for ratio in ratios]
        return Placement(image_hw, (sides[0], sides[1]), (0, 0, sides[1], sides[0]))
    scale = min(to / side for to, side in zip(size_hw, image_hw, strict=True))
    height, width = (
        min(to, max(1, round(side * scale))) for to, side in zip(size_hw, image_hw, strict=True)
    )
    top, left = (size_hw[0] - height) // 2, (size_hw[1] - width) // 2
    if fit == "corner":
        top = left = 0
    return Placement(image_hw, size_hw, (left, top, left + width, top + height))


def to_input(image: Image, placement: Placement, padding: tuple[int, int, int]) -> Image:
    """Bring an (H, W, 3) uint8 RGB picture to its (h, w, 3) place in the input.

    Area-averaged where it shrinks, bilinear where it grows; `padding` (RGB) is around it.
    """
    if image.shape[:2] != placement.image_hw:
        raise InputError(f"picture: expected {placement.image_hw}, found {image.shape[:2]}")
    scaled: Image = resample(image, placement.window_hw[::-1], cv2.INTER_LINEAR)
    if placement.is_whole:
        return scaled
    x0, y0, x1, y1 = placement.window_xyxy
    out = np.empty((*placement.input_hw, 3), np.uint8)
    out[:] = np.asarray(padding, np.uint8)
    out[y0:y1, x0:x1] = scaled
    return out


def to_image_size(values: Map, placement: Placement) -> Map:
    """Bring an (h, w) float32 map of the whole input back to the picture's (H, W).

    Bilinear where it grows, area-averaged where it shrinks; padding is cut away. The map may have
    another resolution than the input, as long as it covers all of it.

    Examples
    --------
    >>> placed = place((100, 200), (320, 320), "letterbox")
    >>> to_image_size(np.ones((80, 80), np.float32), placed).shape
    (100, 200)
    """
    return resize_map(without_padding(values, placement), placement.image_hw)


def without_padding(values: Map, placement: Placement) -> Map:
    """Return the part of an (h, w) float32 map of the whole input that the picture covers.

    Examples
    --------
    >>> placed = place((100, 200), (320, 320), "letterbox")
    >>> without_padding(np.ones((320, 320), np.float32), placed).shape
    (160, 320)
    """
    if placement.is_whole:
        return values
    if values.shape != placement.input_hw:
        values = resample(values, placement.input_hw[::-1], cv2.INTER_LINEAR)
    x0, y0, x1, y1 = placement.window_xyxy
    return np.ascontiguousarray(values[y0:y1, x0:x1])


def resize_map(values: Map, size_hw: tuple[int, int]) -> Map:
    """Bring an (h, w) float32 map to another size: bilinear where it grows, else averaged."""
    return np.asarray(resample(values, size_hw[::-1], cv2.INTER_LINEAR), np.float32)


def resize_weights(length: int, to: int) -> Map:
    """Return the (to, length) float32 matrix that resizes one axis, as `to_input` does.

    For devices that have no resize of their own that averages areas: ``rows @ image @ columns.T``.
    Every row sums to 1.

    Examples
    --------
    >>> resize_weights(3, 2).round(2)
    array([[0.67, 0.33, 0.  ],
           [0.  , 0.33, 0.67]], dtype=float32)
    """
    if to >= length:
        centres = np.clip((np.arange(to) + 0.5) * (length / to) - 0.5, 0, length - 1)
        distance = np.abs(centres[:, None] - np.arange(length))
        weights: Map = np.maximum(0, 1 - distance).astype(np.float32)
        return weights
    edges = np.arange(to + 1) * (length / to)
    low = np.maximum(edges[:-1, None], np.arange(length))
    high = np.minimum(edges[1:, None], np.arange(1, length + 1))
    shares: Map = (np.maximum(0, high - low) * (to / length)).astype(np.float32)
    return shares
