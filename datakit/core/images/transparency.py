"""The colour that is put behind transparent pixels."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

_VISIBLE_BORDER: Final = 0.01
WHITE: Final = (255.0, 255.0, 255.0)

Image8 = npt.NDArray[np.uint8]


def border_colour(rgba: Image8) -> tuple[float, float, float]:
    """Return the mean colour of what is seen along a picture's border; white if nothing is.

    Parameters
    ----------
    rgba : (H, W, 4) uint8
        Opacity not multiplied in.

    Examples
    --------
    >>> [round(value, 6) for value in border_colour(np.full((3, 3, 4), 7, np.uint8))]
    [7.0, 7.0, 7.0]
    >>> border_colour(np.zeros((3, 3, 4), np.uint8))
    (255.0, 255.0, 255.0)
    """
    sides = np.concatenate([rgba[0], rgba[-1], rgba[:, 0], rgba[:, -1]]).astype(np.float64)
    weight = sides[:, 3] / 255
    if weight.mean() < _VISIBLE_BORDER:
        return WHITE
    red, green, blue = (sides[:, :3] * weight[:, None]).sum(axis=0) / weight.sum()
    return float(red), float(green), float(blue)


def contrasting_colour(rgba: Image8) -> tuple[float, float, float]:
    """Return black or white, whichever is farther from what a picture shows.

    Behind a drawing in one colour the other lets its outline be seen, whatever lies hidden under
    the clear pixels.

    Parameters
    ----------
    rgba : (H, W, 4) uint8
    """
    weight = rgba[..., 3].astype(np.float64)
    total = weight.sum()
    mean = float((rgba[..., :3].mean(axis=2) * weight).sum() / total) if total else 0.0
    return WHITE if mean < 128 else (0.0, 0.0, 0.0)


def composite(rgba: Image8, behind: tuple[float, float, float]) -> Image8:
    """Return (H, W, 3) uint8: a picture before an even colour.

    Parameters
    ----------
    rgba : (H, W, 4) uint8
        Opacity not multiplied in.
    behind : tuple of 3 float
        In [0, 255].

    Examples
    --------
    >>> composite(np.uint8([[[0, 255, 0, 0], [9, 9, 9, 255]]]), (255, 255, 255)).tolist()
    [[[255, 255, 255], [9, 9, 9]]]
    """
    opacity = rgba[..., 3:].astype(np.float32) * np.float32(1 / 255)
    mixed: npt.NDArray[Any] = rgba[..., :3] * opacity
    mixed += np.asarray(behind, np.float32) * (1 - opacity)
    whole: Image8 = np.rint(mixed).astype(np.uint8)
    return whole
