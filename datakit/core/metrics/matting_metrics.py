"""Errors of an alpha matte against the true one, in the conventions of the field's benchmarks.

SAD, MSE, MAD, gradient and connectivity error (Rhemann et al. 2009) are computed the same way by
nobody: kernels, scales, regions and the treatment of empty levels differ. A `MattingProfile` is
one family's set of choices; docs/metrics.md lists where they part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.core.metrics.connectivity_error import (
    ARANGE_LEVELS,
    EXACT_LEVELS,
    EmptyLevel,
    connectivity_errors,
)
from datakit.core.metrics.exact_sums import absolute_sum, square_sum
from datakit.core.metrics.gradient_error import (
    SCIPY_KERNEL,
    UNIT_KERNEL,
    GradientKernel,
    gradient_errors,
)
from datakit.errors import InputError

FloatArray = NDArray[np.float32]
UInt8Array = NDArray[np.uint8]

UNKNOWN = 128


@dataclass(frozen=True)
class MattingProfile:
    """One benchmark family's conventions.

    Parameters
    ----------
    name : str
        Its name on the command line.
    words : str
        One line on where it comes from.
    mean_scale : float
        Factor on MSE and MAD (RVM prints thousandths).
    gradient_kernel : GradientKernel
        Scale, length and border of the derivative.
    gradient_stretch : bool
        Stretch each matte to [0, 1] before the derivative.
    gradient_scale : float
        Factor on the gradient error's sum.
    levels : tuple of float
        Levels of the connectivity error.
    empty_level : {"cut", "keep"}
        What a level without a shared pixel does in the connectivity error.
    known_as_given : bool
        In the trimap region, count the error of the trimap's own foreground and background against
        the true matte as well (P3M overwrites the prediction there).

    Notes
    -----
    SAD and the connectivity error are given in thousands in every profile.
    """

    name: str
    words: str
    mean_scale: float = 1.0
    gradient_kernel: GradientKernel = UNIT_KERNEL
    gradient_stretch: bool = True
    gradient_scale: float = 1e-3
    levels: tuple[float, ...] = EXACT_LEVELS
    empty_level: EmptyLevel = "cut"
    known_as_given: bool = False


_DIM = MattingProfile("dim", "Deep Image Matting (Xu et al. 2017), MATLAB code")
_P3M = MattingProfile(
    "p3m",
    "Privacy-Preserving Portrait Matting (Li et al. 2021)",
    gradient_kernel=SCIPY_KERNEL,
    gradient_stretch=False,
    gradient_scale=0.1,
    empty_level="keep",
    known_as_given=True,
)
_P3M_ARANGE = replace(
    _P3M,
    name="p3m-arange",
    words=f"{_P3M.words}, with the script's rounding of level 0.6",
    levels=ARANGE_LEVELS,
)
_RVM = MattingProfile(
    "rvm", "Robust Video Matting (Lin et al. 2022), low-resolution code", mean_scale=1e3
)

PROFILES = {profile.name: profile for profile in (_DIM, _P3M, _P3M_ARANGE, _RVM)}
"""The profiles by name."""


def matting_profile(name: str) -> MattingProfile:
    """Return the profile of that name; an unknown one raises InputError with the known ones."""
    if name not in PROFILES:
        raise InputError(f"profile {name!r} is not known; choose one of: {', '.join(PROFILES)}")
    return PROFILES[name]


def sad(pred: FloatArray, gt: FloatArray, region: UInt8Array | None = None) -> float:
    """Sum of absolute differences in thousands of pixels; it grows with the resolution.

    Examples
    --------
    >>> gt = np.zeros((100, 100), np.float32)
    >>> sad(gt + np.float32(0.5), gt)
    5.0
    """
    return absolute_sum(pred, gt, region) / 1000


def mse(pred: FloatArray, gt: FloatArray, region: UInt8Array | None = None) -> float:
    """Mean squared difference over the region's pixels, in [0, 1]; NaN when it has none.

    Examples
    --------
    >>> gt = np.zeros((100, 100), np.float32)
    >>> mse(gt + np.float32(0.5), gt)
    0.25
    """
    return _mean(square_sum(pred, gt, region), gt, region)


def mad(pred: FloatArray, gt: FloatArray, region: UInt8Array | None = None) -> float:
    """Mean absolute difference over the region's pixels, in [0, 1]; NaN when it has none.

    Examples
    --------
    >>> gt = np.zeros((100, 100), np.float32)
    >>> mad(gt + np.float32(0.5), gt)
    0.5
    """
    return _mean(absolute_sum(pred, gt, region), gt, region)


def _mean(total: float, gt: FloatArray, region: UInt8Array | None) -> float:
    count = gt.size if region is None else cv2.countNonZero(region)
    return total / count if count else float("nan")


def matting_errors(
    pred: FloatArray,
    gt: FloatArray,
    trimap: UInt8Array | None = None,
    profile: str | MattingProfile = "dim",
    ignore: NDArray[np.bool_] | None = None,
) -> dict[str, float]:
    """All errors of one matte, on the whole image and, with a trimap, on its parts.

    Parameters
    ----------
    pred : (H, W) float32 in [0, 1]
        The matte to judge.
    gt : (H, W) float32 in [0, 1]
        The true matte.
    trimap : (H, W) uint8 in {0, 128, 255}, optional
        Background, unknown, foreground.
    profile : str or MattingProfile
        Whose conventions: "dim", "p3m", "p3m-arange" or "rvm".
    ignore : (H, W) bool, optional
        Where the true matte is unknown: these pixels are in no error and no mean.

    Returns
    -------
    dict of str to float
        ``sad`` and ``conn`` in thousands, ``mse`` and ``mad`` (in thousandths for "rvm"), ``grad``
        in the profile's scale; with a trimap the same with ``_unknown`` appended, and ``sad_fg``
        and ``sad_bg``, the parts of SAD in the sure foreground and background.

    Raises
    ------
    InputError
        If shapes or dtypes differ from the above, a matte leaves [0, 1] or holds NaN, or the
        trimap has other values or no unknown pixel.

    References
    ----------
    Rhemann et al.: A Perceptually Motivated Online Benchmark for Image Matting. CVPR 2009.

    Examples
    --------
    >>> gt = np.zeros((64, 64), np.float32)
    >>> gt[16:48, 16:48] = 1
    >>> pred = gt.copy()
    >>> pred[16:48, 47] = 0.5
    >>> matting_errors(pred, gt)["sad"], round(matting_errors(pred, gt, profile="rvm")["mse"], 6)
    (0.016, 1.953125)
    """
    chosen = matting_profile(profile) if isinstance(profile, str) else profile
    require_alpha(pred, "prediction")
    require_alpha(gt, "ground truth")
    if pred.shape != gt.shape:
        raise InputError(
            f"prediction: expected {gt.shape} like the ground truth, found {pred.shape}"
        )
    pred, gt = np.ascontiguousarray(pred), np.ascontiguousarray(gt)
    unknown = None if trimap is None else unknown_region(trimap, gt.shape)
    known = None
    if ignore is not None:
        # No difference, no error; and the means are over the pixels that are known.
        pred = np.where(ignore, gt, pred)
        known = (~ignore).view(np.uint8)
        unknown = None if unknown is None else unknown & known
    regions = [None] if unknown is None else [None, unknown]
    grads = gradient_errors(
        pred, gt, regions, kernel=chosen.gradient_kernel, stretch=chosen.gradient_stretch
    )
    conns = connectivity_errors(
        pred, gt, regions, levels=chosen.levels, empty_level=chosen.empty_level
    )
    errors = {
        "sad": sad(pred, gt),
        "mse": mse(pred, gt, known) * chosen.mean_scale,
        "mad": mad(pred, gt, known) * chosen.mean_scale,
        "grad": grads[0] * chosen.gradient_scale,
        "conn": conns[0] / 1000,
    }
    if trimap is not None and unknown is not None:
        errors |= _pixel_errors_unknown(pred, gt, trimap, unknown, chosen)
        errors["grad_unknown"] = grads[1] * chosen.gradient_scale
        errors["conn_unknown"] = conns[1] / 1000
        errors["sad_fg"] = sad(pred, gt, (trimap == 255).view(np.uint8))
        errors["sad_bg"] = sad(pred, gt, (trimap == 0).view(np.uint8))
    return errors


def _pixel_errors_unknown(
    pred: FloatArray,
    gt: FloatArray,
    trimap: UInt8Array,
    unknown: UInt8Array,
    profile: MattingProfile,
) -> dict[str, float]:
    """SAD, MSE and MAD of the trimap region."""
    counted: UInt8Array | None = unknown
    if profile.known_as_given:
        pred = pred.copy()
        pred[trimap == 255] = 1
        pred[trimap == 0] = 0
        counted = None
    count = cv2.countNonZero(unknown)
    total = absolute_sum(pred, gt, counted)
    squares = square_sum(pred, gt, counted)
    if not count:
        return dict.fromkeys(("sad_unknown", "mse_unknown", "mad_unknown"), float("nan"))
    return {
        "sad_unknown": total / 1000,
        "mse_unknown": squares / count * profile.mean_scale,
        "mad_unknown": total / count * profile.mean_scale,
    }


def require_alpha(alpha: FloatArray, subject: str) -> None:
    """Raise InputError unless alpha is (H, W) float32, not empty, finite and in [0, 1]."""
    if alpha.ndim != 2 or alpha.dtype != np.float32 or alpha.size == 0:
        raise InputError(
            f"{subject}: expected a matte of shape (H, W) and dtype float32 in [0, 1], "
            f"found {alpha.shape} {alpha.dtype}"
        )
    low, high = float(alpha.min()), float(alpha.max())
    if not (low >= 0 and high <= 1):
        raise InputError(
            f"{subject}: expected values in [0, 1], found {low:g} to {high:g}; "
            "scale it, and replace NaN first"
        )


def unknown_region(trimap: UInt8Array, shape_hw: tuple[int, ...]) -> UInt8Array:
    """1 where the trimap is unknown, else 0; InputError when it is no trimap or nothing is."""
    if trimap.shape != shape_hw or trimap.dtype != np.uint8:
        raise InputError(f"trimap: expected {shape_hw} uint8, found {trimap.shape} {trimap.dtype}")
    counts = np.bincount(trimap.ravel(), minlength=256)
    other = trimap.size - int(counts[[0, UNKNOWN, 255]].sum())
    if other:
        raise InputError(f"trimap: expected only 0, 128 and 255, found {other} other pixels")
    if counts[UNKNOWN] == 0:
        raise InputError("trimap: expected unknown pixels (128), found none; leave it out")
    unknown: UInt8Array = (trimap == UNKNOWN).view(np.uint8)
    return unknown
