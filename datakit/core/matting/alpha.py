"""Alpha matting: from a photo and a trimap to a soft alpha.

The work is on the unknown band: the system is set up and solved on the band's bounding box, on a
smaller copy when the box is large, and the band is then finished along the photo's edges. Time and
memory are bounded for photos of any size.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Literal

import cv2
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from datakit.core.matting.guided_filter import guided_filter, guided_upsample
from datakit.core.matting.laplacian import laplacian_rows
from datakit.core.matting.mask_prior import Prior
from datakit.core.matting.trimaps import require_trimap
from datakit.errors import InputError

FloatArray = NDArray[np.float32]
UInt8Array = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]
DoubleArray = NDArray[np.float64]
Method = Literal["closed-form", "knn", "lbdm", "guided"]

METHODS: tuple[Method, ...] = ("closed-form", "knn", "lbdm", "guided")
SOLVE_LONG_SIDE_PX = 1920
"""Default cap of the solved box's longest side."""

_MARGIN_PX = 8
_RELATIVE_TOLERANCE = 1e-4
_MAX_ITERATIONS = 2000

_BOUND_ROUNDS = 2
_BOUND_WEIGHT = 3.0
_BOUND_TOLERANCE = 1e-3

_FINISH_RADIUS_PX = 2
_FINISH_EPSILON = 1e-5
_GUIDED_SHARE = 0.006
_GUIDED_EPSILON = 1e-4
_ALL = 1 - 1e-4
_TINY = 1e-12


def estimate_alpha(
    image: UInt8Array,
    trimap: UInt8Array,
    prior: Prior | None = None,
    *,
    method: Method = "closed-form",
    solve_long_side_px: int = SOLVE_LONG_SIDE_PX,
) -> FloatArray:
    """Estimate the alpha of the unknown pixels.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
        The photo.
    trimap : (H, W) uint8 in {0, 128, 255}
        Background, unknown, foreground; all three must occur.
    prior : Prior, optional
        A guess that fills in where the photo says nothing; "guided" needs none.
    method : {"closed-form", "knn", "lbdm", "guided"}
        Closed-form (Levin 2008), KNN (Chen 2013) and learning-based (Zheng 2009) matting solve a
        system over the unknown pixels; "guided" filters the prior or trimap along the photo's
        edges: fast and coarse. "knn" and "lbdm" need the `matte` extra (pymatting).
    solve_long_side_px : int
        A larger box around the unknown band is solved on a smaller copy, at least 32.

    Returns
    -------
    (H, W) float32 in [0, 1]
        Exactly 0 and 1 where the trimap is sure.

    Raises
    ------
    InputError
        If an array is not as above, or pymatting is needed and missing.

    Notes
    -----
    Deterministic, one thread. Memory: about 1.2 kB an unknown pixel of the solved copy.

    Examples
    --------
    >>> image = np.zeros((24, 40, 3), np.uint8)
    >>> image[..., 0] = np.clip(np.arange(40) * 15 - 170, 0, 255)
    >>> trimap = np.full((24, 40), 128, np.uint8)
    >>> trimap[:, :8], trimap[:, 32:] = 0, 255
    >>> alpha = estimate_alpha(image, trimap)
    >>> bool(alpha[12, 10] < 0.05 < 0.4 < alpha[12, 20] < 0.6 < 0.95 < alpha[12, 30])
    True
    """
    _require_photo(image)
    require_trimap(trimap, image.shape[:2])
    if method not in METHODS:
        raise InputError(f"method {method!r} is not known; choose one of: {', '.join(METHODS)}")
    if solve_long_side_px < 32:
        raise InputError(f"solve size: expected at least 32 px, found {solve_long_side_px}")
    alpha: FloatArray = (trimap == 255).astype(np.float32)
    box = _box_of_unknown(trimap)
    photo, unknown = np.ascontiguousarray(image[box]), trimap[box] == 128
    solved = _solve_box(photo, trimap[box], prior and prior.cut(box), method, solve_long_side_px)
    alpha[box][unknown] = solved[unknown]
    if prior is not None:
        np.clip(alpha, prior.lowest, prior.highest, out=alpha)
    return alpha


def _require_photo(image: UInt8Array) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(f"image: expected (H, W, 3) uint8, found {image.shape} {image.dtype}")


def _box_of_unknown(trimap: UInt8Array) -> tuple[slice, slice]:
    """Return the bounding box of the unknown pixels with a margin of known ones."""
    height, width = trimap.shape
    left, top, columns, rows = cv2.boundingRect((trimap == 128).view(np.uint8))
    return (
        slice(max(0, top - _MARGIN_PX), min(height, top + rows + _MARGIN_PX)),
        slice(max(0, left - _MARGIN_PX), min(width, left + columns + _MARGIN_PX)),
    )


def _solve_box(
    photo: UInt8Array, trimap: UInt8Array, prior: Prior | None, method: Method, long_side_px: int
) -> FloatArray:
    """Solve the box, on a smaller copy when it is larger than the cap."""
    height, width = trimap.shape
    scale = long_side_px / max(height, width)
    if scale >= 1:
        return _solve(photo, trimap, prior, method)
    small_wh = (max(3, round(width * scale)), max(3, round(height * scale)))
    small_photo = cv2.resize(photo, small_wh, interpolation=cv2.INTER_AREA)
    small = _solve(
        small_photo, _smaller_trimap(trimap, small_wh), prior and prior.smaller(small_wh), method
    )
    enlarged = guided_upsample(photo, small_photo, small, _FINISH_RADIUS_PX, _FINISH_EPSILON)
    np.clip(enlarged, 0, 1, out=enlarged)
    return enlarged


def _smaller_trimap(trimap: UInt8Array, small_wh: tuple[int, int]) -> UInt8Array:
    """Return a smaller trimap that is sure only where all pixels below are."""
    sure_front = cv2.resize(
        (trimap == 255).astype(np.float32), small_wh, interpolation=cv2.INTER_AREA
    )
    sure_back = cv2.resize((trimap == 0).astype(np.float32), small_wh, interpolation=cv2.INTER_AREA)
    smaller = np.full((small_wh[1], small_wh[0]), 128, np.uint8)
    smaller[sure_front > _ALL] = 255
    smaller[sure_back > _ALL] = 0
    return smaller


def _solve(
    photo: UInt8Array, trimap: UInt8Array, prior: Prior | None, method: Method
) -> FloatArray:
    unknown = trimap == 128
    guess: FloatArray = (trimap == 255).astype(np.float32)
    guess[unknown] = 0.5 if prior is None else prior.alpha[unknown]
    if method == "guided":
        radius_px = max(2, round(_GUIDED_SHARE * max(trimap.shape)))
        followed: FloatArray = np.clip(
            guided_filter(photo, guess, radius_px, _GUIDED_EPSILON), 0, 1
        )
        return followed
    guess[unknown] = _solve_system(_LAPLACIANS[method](photo, unknown), unknown, guess, prior)
    return guess


def _solve_system(
    rows: scipy.sparse.csr_array, unknown: BoolArray, guess: FloatArray, prior: Prior | None
) -> DoubleArray:
    """Alpha of the unknown pixels; the prior adds to the diagonal, its bounds hold by penalty."""
    flat = unknown.ravel()
    system = rows[:, flat]
    right = -(rows[:, ~flat] @ guess.ravel()[~flat].astype(np.float64))
    start = guess[unknown].astype(np.float64)
    if prior is None:
        free: DoubleArray = np.clip(_conjugate_gradients(system, right, start), 0, 1)
        return free
    target = prior.alpha[unknown].astype(np.float64)
    weight = prior.weight[unknown].astype(np.float64)
    lowest, highest = prior.lowest[unknown], prior.highest[unknown]
    solved = start
    for _ in range(1 + _BOUND_ROUNDS):
        solved = _conjugate_gradients(
            system + scipy.sparse.diags_array(weight), right + weight * target, solved
        )
        # What leaves its bounds is pulled to the bound, and solved again with what is around it.
        bounded = np.clip(solved, lowest, highest)
        outside = np.abs(bounded - solved) > _BOUND_TOLERANCE
        if not outside.any():
            break
        target = np.where(outside, bounded, prior.alpha[unknown])
        weight = prior.weight[unknown] + np.where(outside, _BOUND_WEIGHT, 0.0)
    found: DoubleArray = np.clip(solved, lowest, highest)
    return found


def _conjugate_gradients(
    system: scipy.sparse.csr_array, right: DoubleArray, start: DoubleArray
) -> DoubleArray:
    """Solve a symmetric positive system; Jacobi-preconditioned (Hestenes and Stiefel 1952)."""
    inverse_diagonal = 1 / np.maximum(system.diagonal(), _TINY)
    solution = start.copy()
    residual = right - system @ solution
    goal = _RELATIVE_TOLERANCE * max(_dot(right, right) ** 0.5, _TINY)
    step = inverse_diagonal * residual
    direction = step.copy()
    descent = _dot(residual, step)
    for _ in range(_MAX_ITERATIONS):
        if _dot(residual, residual) ** 0.5 <= goal:
            break
        image_of_direction = system @ direction
        curvature = _dot(direction, image_of_direction)
        if curvature <= 0:
            # Pixels that no window ties to known ones (a photo below 3 px) keep their start.
            break
        length = descent / curvature
        solution += length * direction
        residual -= length * image_of_direction
        step = inverse_diagonal * residual
        descent, previous = _dot(residual, step), descent
        direction = step + (descent / previous) * direction
    return solution


def _dot(first: DoubleArray, second: DoubleArray) -> float:
    # Not BLAS: it splits long vectors among its threads, and their number would change the matte.
    return float((first * second).sum())


def _knn_rows(photo: UInt8Array, unknown: BoolArray) -> scipy.sparse.csr_array:
    pymatting = _pymatting("knn")
    laplacian = pymatting.knn_laplacian(photo / 255)
    return scipy.sparse.csr_array(laplacian)[unknown.ravel()]


def _lbdm_rows(photo: UInt8Array, unknown: BoolArray) -> scipy.sparse.csr_array:
    pymatting = _pymatting("lbdm")
    laplacian = pymatting.lbdm_laplacian(photo / 255)
    return scipy.sparse.csr_array(laplacian)[unknown.ravel()]


def _pymatting(method: str) -> ModuleType:
    # Imported here: it compiles with numba at import, which takes long when nothing is cached.
    try:
        return import_module("pymatting")
    except ImportError:
        raise InputError(
            f"method {method!r} needs pymatting; install datakit[matte], or use closed-form"
        ) from None


_LAPLACIANS: dict[Method, Callable[[UInt8Array, BoolArray], scipy.sparse.csr_array]] = {
    "closed-form": laplacian_rows,
    "knn": _knn_rows,
    "lbdm": _lbdm_rows,
}
