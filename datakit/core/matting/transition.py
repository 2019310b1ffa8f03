"""Keep the soft boundary of a matte out of a mask."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Mask = npt.NDArray[np.bool_]


def remove_transition(mask: Mask, alpha: npt.NDArray[np.float32], band_px: float) -> Mask:
    """Take out of a mask all that is not certain foreground.

    Every pixel with alpha < 1 goes: the soft boundary (0 < alpha < 1) and the background. So does
    a band of `band_px` on both sides of the boundary, the line where alpha crosses 0.5. The band
    follows that line and not each soft pixel, or the noise of a matte kept as JPEG (254 for 255)
    would punch holes into the middle of a face.

    Parameters
    ----------
    mask : (H, W) bool
    alpha : (H, W) float32 in [0, 1]
    band_px : float
        Width of the band on either side.

    Returns
    -------
    (H, W) bool
        A part of `mask`.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> alpha = np.array([[0, 0, 0, 0.5, 1, 1, 1, 1]], np.float32)
    >>> remove_transition(np.ones((1, 8), bool), alpha, 2).astype(int).tolist()
    [[0, 0, 0, 0, 0, 1, 1, 1]]
    """
    if mask.shape != alpha.shape:
        raise InputError(f"alpha: expected the shape of the mask {mask.shape}, found {alpha.shape}")
    kept = mask & (alpha >= 1)
    rows, columns = np.nonzero(kept)
    if rows.size == 0:
        return kept
    # Only the neighbourhood of the mask counts; one pixel more, so that its rim is seen.
    margin = int(np.ceil(band_px)) + 2
    y0, y1 = max(rows.min() - margin, 0), rows.max() + margin + 1
    x0, x1 = max(columns.min() - margin, 0), columns.max() + margin + 1
    inside = (alpha[y0:y1, x0:x1] >= 0.5).astype(np.uint8)
    if inside.all():
        return kept
    # Distance of a foreground pixel's centre to the nearest background pixel's centre; the
    # boundary lies half a pixel before it.
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) - 0.5
    kept[y0:y1, x0:x1] &= distance > band_px
    return kept
