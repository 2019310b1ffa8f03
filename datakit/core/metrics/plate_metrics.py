"""How close a restored background is to the truth, inside the hole only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from datakit.core.metrics.ssim import ssim_map
from datakit.errors import InputError

Image = npt.NDArray[np.uint8]
Bool = npt.NDArray[np.bool_]


def hole_psnr_db(plate: Image, truth: Image, hole: Bool) -> float:
    """Return the peak signal-to-noise ratio over the channels of the hole's pixels.

    Parameters
    ----------
    plate, truth : (H, W, 3) uint8 RGB
    hole : (H, W) bool
        At least one pixel.

    Returns
    -------
    float
        Decibels; infinite where the two are equal.

    Raises
    ------
    InputError
        If the shapes differ, or there is no hole.

    Examples
    --------
    >>> one = np.full((12, 12, 3), 100, np.uint8)
    >>> round(hole_psnr_db(one, one + np.uint8(10), np.eye(12, dtype=bool)), 2)
    28.13
    """
    _require_one_shape(plate, truth, hole)
    apart = plate[hole].astype(np.float64) - truth[hole]
    mean_square = float(np.square(apart).mean())
    return float("inf") if mean_square == 0 else float(10 * np.log10(255**2 / mean_square))


def hole_ssim(plate: Image, truth: Image, hole: Bool) -> float:
    """Return the mean structural similarity over the windows whose middle lies in the hole.

    Of each channel, as `datakit.core.metrics.ssim.ssim`; beyond its border a picture is mirrored.
    Parameters and errors as of `hole_psnr_db`.

    Examples
    --------
    >>> one = np.full((12, 12, 3), 100, np.uint8)
    >>> hole_ssim(one, one, np.eye(12, dtype=bool))
    1.0
    """
    _require_one_shape(plate, truth, hole)
    channels = [
        ssim_map(plate[..., channel] / np.float32(255), truth[..., channel] / np.float32(255))
        for channel in range(3)
    ]
    return float(np.mean([found[hole].mean() for found in channels]))


def _require_one_shape(plate: Image, truth: Image, hole: Bool) -> None:
    if plate.shape != truth.shape or hole.shape != truth.shape[:2]:
        raise InputError(
            f"plate: expected plate, truth and hole of one size, found {plate.shape}, "
            f"{truth.shape} and {hole.shape}"
        )
    if not hole.any():
        raise InputError("plate: expected a hole to measure in, found none")
