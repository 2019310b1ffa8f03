"""From strokes for foreground, background and unknown to an alpha: the trimap follows the strokes.

Strokes say what is sure and what is to be solved. Closed-form matting solves the band again in a
window around them alone, so that an answer is quick and everything else keeps its values.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.interactive.prompts import Ground, Stroke, stroke_pixels
from datakit.core.masks.parts import parts_at
from datakit.core.matting.alpha import estimate_alpha
from datakit.core.matting.alpha_trimap import trimap_of_alpha
from datakit.core.matting.mask_prior import Prior, outline_prior
from datakit.core.matting.trimaps import BACKGROUND, FOREGROUND, UNKNOWN
from datakit.core.quality.edge_fit import edge_fit
from datakit.errors import InputError

Image = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]

GROUNDS: tuple[Ground, ...] = ("foreground", "background", "unknown")
_VALUES: dict[Ground, int] = {
    "foreground": FOREGROUND,
    "background": BACKGROUND,
    "unknown": UNKNOWN,
}
_MARGIN_SHARE = 0.04
_SOLVE_SIDE_PX = 640
_EDGE_BAND_PX = 1.0
_LEAST_REACH_PX = 3.0
_TRUST = np.float32(0.1)
_EDGE_POINTS = 300
_ON_EDGE_R2 = 0.6
"""13 portraits: exact and drawn outlines are all above 0.68, those moved by 6 px below 0.5."""


def scribble(image: Image, alpha: FloatArray, stroke: Stroke, ground: Ground) -> FloatArray:
    """Return the alpha after one stroke.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
        The photo.
    alpha : (H, W) float32 in [0, 1]
        The alpha before.
    stroke : Stroke
        Where the scribble is; its own sign is not used.
    ground : {"foreground", "background", "unknown"}
        What the scribble means. "unknown" is for hair: what the stroke covers is solved anew.

    Returns
    -------
    (H, W) float32 in [0, 1]
        Exactly 1 or 0 below a stroke for foreground or background. Elsewhere only the soft band
        that touches the stroke may change, and only near it; all else is equal to `alpha`.

    Raises
    ------
    InputError
        If the arrays differ in size or the stroke misses the picture.

    References
    ----------
    Levin, Lischinski, Weiss 2008, doi:10.1109/TPAMI.2007.1177: closed-form matting from scribbles.

    Examples
    --------
    >>> image = np.zeros((40, 60, 3), np.uint8)
    >>> image[:, 30:] = 200
    >>> alpha = np.zeros((40, 60), np.float32)
    >>> alpha[:, 36:] = 1
    >>> solved = scribble(image, alpha, Stroke(((33, 0), (33, 40)), 6), "unknown")
    >>> bool(solved[20, 28] < 0.2), bool(solved[20, 32] > 0.7)
    (True, True)
    """
    if image.shape[:2] != alpha.shape:
        raise InputError(f"scribble: expected an alpha of {image.shape[:2]}, found {alpha.shape}")
    if ground not in _VALUES:
        raise InputError(f"scribble: expected one of {', '.join(GROUNDS)}, found {ground!r}")
    drawn = stroke_pixels(stroke, (alpha.shape[0], alpha.shape[1]))
    if not drawn.any():
        raise InputError("stroke: expected it to touch the picture, found it outside")
    left, top, width, height = cv2.boundingRect(drawn.astype(np.uint8))
    margin = round(stroke.radius_px + _MARGIN_SHARE * max(alpha.shape))
    window = (
        slice(max(0, top - margin), min(alpha.shape[0], top + height + margin)),
        slice(max(0, left - margin), min(alpha.shape[1], left + width + margin)),
    )
    sure = np.where(alpha[window] >= 0.5, np.uint8(FOREGROUND), np.uint8(BACKGROUND))
    trimap = trimap_of_alpha(alpha[window], _EDGE_BAND_PX)
    trimap[drawn[window]] = _VALUES[ground]
    asked = (trimap == UNKNOWN) & ~_rim(alpha.shape, window)
    asked &= parts_at(asked | drawn[window], drawn[window], 8)
    trimap = np.where(asked, UNKNOWN, np.where(drawn[window], trimap, sure)).astype(np.uint8)
    result = alpha.copy()
    if ground != "unknown":
        result[drawn] = 1 if ground == "foreground" else 0
    # A window with one sure side has nothing to solve between.
    if all((trimap == value).any() for value in _VALUES.values()) and min(trimap.shape) >= 3:
        reach = np.full(trimap.shape, max(stroke.radius_px, _LEAST_REACH_PX), np.float32)
        photo = np.ascontiguousarray(image[window])
        prior = _prior(photo, result[window], drawn[window], reach)
        solved = estimate_alpha(photo, trimap, prior, solve_long_side_px=_SOLVE_SIDE_PX)
        result[window][asked] = solved[asked]
    return result


def _prior(image: Image, alpha: FloatArray, drawn: Bools, reach_px: FloatArray) -> Prior:
    """Return what the outline below a stroke is worth.

    Where it lies on the photo's edge (the strokes are for hair) it keeps its sides, as a mask's
    does; where it does not, people stroke because it is wrong, and it hardly counts.
    """
    fit = edge_fit(image, alpha, points=_EDGE_POINTS, reach_px=0, where=drawn)
    exact = len(fit) > 0 and float(np.median(fit.r2)) >= _ON_EDGE_R2
    prior = outline_prior(alpha >= 0.5, reach_px, exact=exact)
    return prior if exact else replace(prior, weight=_TRUST * prior.weight)


def _rim(shape: tuple[int, ...], window: tuple[slice, slice]) -> Bools:
    """Return the window's pixels beside the rest of the picture: they stay, so no seam shows."""
    rows, columns = window
    inside = np.zeros(shape, bool)
    inside[
        rows.start + (rows.start > 0) : rows.stop - (rows.stop < shape[0]),
        columns.start + (columns.start > 0) : columns.stop - (columns.stop < shape[1]),
    ] = True
    return ~inside[window]


def harden(alpha: FloatArray, drawn: Bools, factor: float) -> FloatArray:
    """Return the alpha with a harder (factor above 1) or softer edge where it was drawn over.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]
    drawn : (H, W) bool
        Where; everything else stays.
    factor : float
        Of the slope about one half, more than 0. Below 1 the edge is blurred instead, for an edge
        that is clear on one side and opaque on the other has no slope to lessen.

    Raises
    ------
    InputError
        If the factor is not above 0.

    Examples
    --------
    >>> harden(np.float32([[0.4, 0.6]]), np.ones((1, 2), bool), 10).tolist()
    [[0.0, 1.0]]
    """
    if not 0 < factor < 1e3:
        raise InputError(f"edge: expected a factor above 0, found {factor}")
    if factor >= 1:
        changed = np.clip((alpha - 0.5) * np.float32(factor) + 0.5, 0, 1)
    else:
        changed = cv2.GaussianBlur(alpha, (0, 0), 1 / factor)
    return np.where(drawn, changed, alpha).astype(np.float32)
