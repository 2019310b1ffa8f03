"""Trimaps: background, foreground, and the unknown band between them.

From a binary mask (`mask_trimap`), without an alpha: the band is as wide as the image is large,
and wider around the head, where hair is. From an alpha, as two data sets make theirs
(`p3m_trimap`, `dim_trimap`).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.errors import InputError

FloatArray = NDArray[np.float32]
UInt8Array = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]

BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255

BAND_SHARE = 0.012
"""Half the band's width as a share of the longest side: 23 px at 1920."""

HEAD_FACTOR = 2.0
"""How much wider the band is around a head."""

P3M_KERNEL_PX = 25
"""Diameter of P3M's kernel; its training draws 15 to 29."""

DIM_REACH_PX = 10
"""How far DIM-style trimaps grow the soft pixels; training codes draw 1 to 25."""

_KEPT_CORE = 0.6
_SPECK_SHARE = 0.05
_MIN_BAND_PX = 3.0


def mask_trimap(
    mask: BoolArray,
    heads_xyxy: NDArray[np.float64] | None = None,
    *,
    band_share: float = BAND_SHARE,
    head_factor: float = HEAD_FACTOR,
) -> UInt8Array:
    """Trimap with an unknown band along a mask's outline.

    Parameters
    ----------
    mask : (H, W) bool
        The subject; neither empty nor full.
    heads_xyxy : (N, 4) float64, optional
        Face boxes in pixel edges. The band is wider around and above each.
    band_share : float
        Half the band's width as a share of the longest side, in (0, 0.25]; at least 3 px.
    head_factor : float
        The band is up to this many times wider at a head, at least 1.

    Returns
    -------
    (H, W) uint8 in {0, 128, 255}
        Every large part of the mask keeps sure foreground, also one thinner than the band, and so
        does the background: both always occur.

    Raises
    ------
    InputError
        If the mask is empty or full, or an option leaves its range.

    Examples
    --------
    >>> mask = np.zeros((100, 100), bool)
    >>> mask[20:80, 30:70] = True
    >>> trimap = mask_trimap(mask, band_share=0.05)
    >>> trimap[50, 28:36].tolist()
    [128, 128, 128, 128, 128, 128, 128, 255]
    """
    if not 0 < band_share <= 0.25 or head_factor < 1:
        raise InputError(
            f"trimap: expected a band share in (0, 0.25] and a head factor of at least 1, "
            f"found {band_share} and {head_factor}"
        )
    inside = require_mask(mask).view(np.uint8)
    reach = half_band_px(mask.shape, heads_xyxy, band_share=band_share, head_factor=head_factor)
    trimap = np.full(mask.shape, UNKNOWN, np.uint8)
    trimap[_sure(inside, reach)] = FOREGROUND
    trimap[_sure((~mask).view(np.uint8), reach)] = BACKGROUND
    return trimap


def half_band_px(
    shape_hw: tuple[int, ...],
    heads_xyxy: NDArray[np.float64] | None = None,
    *,
    band_share: float = BAND_SHARE,
    head_factor: float = HEAD_FACTOR,
) -> FloatArray:
    """Half the width of the unknown band at each pixel, (H, W) float32."""
    height, width = shape_hw[:2]
    base = max(_MIN_BAND_PX, band_share * max(height, width))
    reach = np.full((height, width), base, np.float32)
    for head in () if heads_xyxy is None else heads_xyxy:
        nearness = _head_nearness(height, width, head)
        np.maximum(reach, base * (1 + (head_factor - 1) * nearness), out=reach)
    return reach


def _head_nearness(height: int, width: int, face_xyxy: NDArray[np.float64]) -> FloatArray:
    """1 on the hair around a face box, falling to 0 one face width further out."""
    left, top, right, bottom = (float(edge) for edge in face_xyxy)
    face_width, face_height = right - left, bottom - top
    # Hair stands above the forehead and falls beside the chin; below, shoulders begin.
    hair = (left - 0.4 * face_width, top - 0.6 * face_height, right + 0.4 * face_width, bottom)
    x = np.arange(width, dtype=np.float32) + 0.5
    y = np.arange(height, dtype=np.float32) + 0.5
    beside = np.maximum(np.maximum(hair[0] - x, x - hair[2]), 0) / max(face_width, 1.0)
    beyond = np.maximum(np.maximum(hair[1] - y, y - hair[3]), 0) / max(face_height, 1.0)
    nearness: FloatArray = np.clip(1 - np.hypot(beyond[:, None], beside[None, :]), 0, 1)
    return nearness.astype(np.float32)


def _sure(part: UInt8Array, reach_px: FloatArray) -> BoolArray:
    """Pixels of a part that are farther than reach from its edge, or in a thin large piece's core.

    The image's border is no edge: a subject that is cut off there goes on outside. Specks get no
    core: in hair they are strands and gaps, which are neither sure foreground nor background.
    """
    depth = cv2.distanceTransform(part, cv2.DIST_L2, 5) - 0.5
    sure: BoolArray = (depth > reach_px) & (part > 0)
    if _is_one_piece(part) and sure.any():
        return sure
    count, labels, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    with_core = np.ones(count, bool)
    with_core[1:] = areas < _SPECK_SHARE * areas.max()
    with_core[labels[sure]] = True
    if with_core.all():
        return sure
    deepest = np.zeros(count, np.float32)
    np.maximum.at(deepest, labels.ravel(), depth.ravel())
    kept = ~with_core[labels] & (depth >= _KEPT_CORE * deepest[labels])
    sure |= kept
    return sure


def _is_one_piece(part: UInt8Array) -> bool:
    """Whether all pixels of a part are connected: a tenth of the time of naming the pieces."""
    _, hierarchy = cv2.findContours(part, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return int(np.count_nonzero(hierarchy[0, :, 3] < 0)) == 1


def p3m_trimap(alpha: FloatArray, kernel_px: int = P3M_KERNEL_PX) -> UInt8Array:
    """Trimap of an alpha as P3M makes it: every edge, hard ones too, gets a band.

    Foreground is what an ellipse of `kernel_px` leaves of the opaque pixels, background what it
    does not reach from any pixel that is not clear.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]
        The matte.
    kernel_px : int
        Diameter of the ellipse, at least 1.

    Returns
    -------
    (H, W) uint8 in {0, 128, 255}

    References
    ----------
    Li, Ma, Zhang, Tao: Privacy-Preserving Portrait Matting. ACM Multimedia 2021.

    Examples
    --------
    >>> p3m_trimap(np.float32([[0, 0, 0, 1, 1, 1]]), 3).tolist()
    [[0, 0, 128, 128, 255, 255]]
    """
    if kernel_px < 1:
        raise InputError(f"trimap: expected a kernel of at least 1 px, found {kernel_px}")
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (kernel_px, kernel_px))
    trimap = np.full(alpha.shape, UNKNOWN, np.uint8)
    trimap[cv2.erode((alpha >= 1).view(np.uint8), kernel) > 0] = FOREGROUND
    trimap[cv2.dilate((alpha > 0).view(np.uint8), kernel) == 0] = BACKGROUND
    return trimap


def dim_trimap(alpha: FloatArray, reach_px: int = DIM_REACH_PX) -> UInt8Array:
    """Trimap of an alpha in the manner of Deep Image Matting: soft pixels, grown.

    Where a matte steps from clear to opaque at once there is nothing soft, and no band.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]
        The matte.
    reach_px : int
        How far the soft pixels grow, 0 or more.

    Returns
    -------
    (H, W) uint8 in {0, 128, 255}

    References
    ----------
    Xu, Price, Cohen, Huang: Deep Image Matting. CVPR 2017.

    Examples
    --------
    >>> dim_trimap(np.float32([[0, 0, 0, 0.5, 1, 1, 1]]), 1).tolist()
    [[0, 0, 128, 128, 128, 255, 255]]
    """
    if reach_px < 0:
        raise InputError(f"trimap: expected a reach of 0 px or more, found {reach_px}")
    side = 2 * reach_px + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    soft = ((alpha > 0) & (alpha < 1)).view(np.uint8)
    trimap = np.where(alpha >= 0.5, FOREGROUND, BACKGROUND).astype(np.uint8)
    trimap[cv2.dilate(soft, kernel) > 0] = UNKNOWN
    return trimap


def require_mask(mask: BoolArray) -> BoolArray:
    """Return the mask; InputError unless it is (H, W) bool with foreground and background."""
    if mask.ndim != 2 or mask.dtype != np.bool_ or mask.size == 0:
        raise InputError(f"mask: expected shape (H, W) bool, found {mask.shape} {mask.dtype}")
    if not mask.any() or mask.all():
        found = "background" if not mask.any() else "foreground"
        raise InputError(f"mask: expected both foreground and background, found only {found}")
    return np.ascontiguousarray(mask)


def require_trimap(trimap: UInt8Array, shape_hw: tuple[int, ...]) -> None:
    """Raise InputError unless it is (H, W) uint8 in {0, 128, 255} and all three occur."""
    if trimap.shape != shape_hw or trimap.dtype != np.uint8:
        raise InputError(f"trimap: expected {shape_hw} uint8, found {trimap.shape} {trimap.dtype}")
    counts = np.bincount(trimap.ravel(), minlength=256)
    others = trimap.size - int(counts[[BACKGROUND, UNKNOWN, FOREGROUND]].sum())
    if others:
        raise InputError(f"trimap: expected only 0, 128 and 255, found {others} other pixels")
    missing = [
        name
        for name, value in (
            ("background (0)", BACKGROUND),
            ("unknown (128)", UNKNOWN),
            ("foreground (255)", FOREGROUND),
        )
        if not counts[value]
    ]
    if missing:
        raise InputError(f"trimap: expected all three kinds of pixels, found no {missing[0]}")
