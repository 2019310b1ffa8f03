"""Random smooth displacement fields, drawn coarse and enlarged, and the inverse of a warp.

An elastic warp (Simard 2003) moves every pixel by white noise smoothed with a Gaussian. Smoothing
noise of full size is nearly all of its cost, and nearly all of it is wasted: the result varies over
`sigma` pixels. Here only nodes some `sigma / 4` apart are computed, from noise summed over cells of
that size, with the weights that the full-size smoothing gives to those cells. The nodes therefore
have the mean, variance and correlation of the full-size field; enlarging between them is linear.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import cv2
import numpy as np
import numpy.typing as npt
from scipy import sparse

from datakit.errors import InputError

Floats = npt.NDArray[np.float32]

NODES_PER_SIGMA = 4
INVERSE_TOLERANCE_PX = 0.05
_EULER_GAMMA = 0.5772156649


def smooth_noise(
    shape_hw: tuple[int, int],
    sigma_px: float,
    rng: np.random.Generator,
    *,
    kernel_px: int | None = None,
    stationary: bool = True,
) -> Floats:
    """Return white noise of unit variance smoothed by a Gaussian, without drawing all of it.

    Parameters
    ----------
    shape_hw : tuple of int
        Height and width of the field.
    sigma_px : float
        Standard deviation of the Gaussian, above 0; the field's autocorrelation is a Gaussian of
        `sigma_px * sqrt(2)`.
    rng : numpy.random.Generator
        Where the noise comes from.
    kernel_px : int, optional
        Odd width at which the Gaussian is cut; by default 8 sigma, as OpenCV does for floats.
    stationary : bool
        True: noise goes on beyond the frame, and the field has one standard deviation everywhere.
        False: the outermost noise is repeated outwards (``cv2.BORDER_REPLICATE``), which makes the
        field at the border about ``0.94 * sqrt(sigma_px)`` times as strong as inside.

    Returns
    -------
    (H, W) float32
        Mean 0; inside the frame the standard deviation is `smooth_noise_std`.

    Raises
    ------
    InputError
        If sigma_px is not positive or kernel_px is not odd.

    Examples
    --------
    >>> field = smooth_noise((400, 600), 8.0, np.random.default_rng(0))
    >>> field.shape, round(float(field.std() / smooth_noise_std(8.0)), 1)
    ((400, 600), 1.0)
    """
    height, width = shape_hw
    kernel_px = _kernel_width(sigma_px, kernel_px)
    step = _node_step(sigma_px, kernel_px)
    rows = _axis_weights(height, sigma_px, kernel_px, step, stationary)
    columns = _axis_weights(width, sigma_px, kernel_px, step, stationary)
    noise = rng.standard_normal((rows.shape[1], columns.shape[1]), dtype=np.float32)
    # Sparse products are plain loops: BLAS may round differently with another number of threads.
    nodes = np.ascontiguousarray((columns @ (rows @ noise).T).T)
    return _enlarge(nodes, step, shape_hw)


def smooth_noise_std(sigma_px: float, kernel_px: int | None = None) -> float:
    """Return the standard deviation of `smooth_noise` inside the frame.

    Examples
    --------
    >>> round(smooth_noise_std(50.0) * 2 * np.sqrt(np.pi) * 50.0, 3)
    1.0
    """
    kernel = cv2.getGaussianKernel(_kernel_width(sigma_px, kernel_px), sigma_px)
    return float((kernel**2).sum())


def expected_peak(n: int) -> float:
    """Return the mean of the largest magnitude among n standard normal draws (Gumbel's limit).

    Examples
    --------
    >>> draws = np.random.default_rng(0).standard_normal((300, 5000))
    >>> bool(abs(np.abs(draws).max(axis=1).mean() - expected_peak(5000)) < 0.05)
    True
    """
    location = NormalDist().inv_cdf(1 - 1 / (2 * max(n, 2)))
    return location + _EULER_GAMMA / max(location, 1.0)


def invert_map(
    map_x: Floats,
    map_y: Floats,
    points_px: npt.NDArray[np.float64],
    tolerance_px: float = INVERSE_TOLERANCE_PX,
) -> npt.NDArray[np.float64]:
    """Return where a backward warp moves points of the source picture.

    A backward warp says for each pixel of the result which place of the source it shows
    (`cv2.remap`). A label's point needs the opposite: the place q of the result with
    ``map(q) == point``. Fixed-point iteration on the displacement finds it where the warp is
    gentle; elsewhere Newton's method does, from the nearest of a grid of places. Beyond the frame
    the displacement of its border is continued. Where a warp folds, one of the places is returned.

    Parameters
    ----------
    map_x, map_y : (H, W) float32
        Source column and row for each pixel of the result, pixel centres at integers.
    points_px : (N, 2) float64
        x, y in the source, pixel centres at integers.
    tolerance_px : float
        How far from a point the place that is returned may show the source.

    Returns
    -------
    (N, 2) float64
        x, y in the result, within the tolerance where such a place exists.

    Examples
    --------
    >>> x, y = np.meshgrid(np.arange(9, dtype=np.float32), np.arange(7, dtype=np.float32))
    >>> np.round(invert_map(x + 2, y - 1, np.array([[5.0, 3.0]])), 2).tolist()
    [[3.0, 4.0]]
    """
    target = np.asarray(points_px, dtype=np.float64)
    if len(target) == 0:
        return target
    map_x, map_y = (np.asarray(grid, dtype=np.float32) for grid in (map_x, map_y))
    place = target.copy()
    for _ in range(12):
        miss = target - _sample_map(map_x, map_y, place)
        if np.abs(miss).max() < tolerance_px:
            return place
        place += miss
    far = np.abs(target - _sample_map(map_x, map_y, place)).max(axis=1) >= tolerance_px
    if far.any():
        place[far] = _invert_by_newton(map_x, map_y, target[far])
    return place


def _invert_by_newton(
    map_x: Floats, map_y: Floats, target: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    stride = max(1, int(np.sqrt(map_x.size / 4096)))
    nodes = np.stack([map_x[::stride, ::stride].ravel(), map_y[::stride, ::stride].ravel()])
    columns = -(-map_x.shape[1] // stride)
    gap = ((target[:, :, None] - nodes) ** 2).sum(axis=1)
    nearest = gap.argmin(axis=1)
    place = np.stack([nearest % columns, nearest // columns], axis=1) * float(stride)
    best: npt.NDArray[np.float64] = place.copy()
    least = np.full(len(place), np.inf)
    for _ in range(20):
        miss = target - _sample_map(map_x, map_y, place)
        size = np.abs(miss).max(axis=1)
        best[size < least] = place[size < least]
        least = np.minimum(size, least)
        half = np.array([[0.5, 0.0], [0.0, 0.5]])
        slope = [
            _sample_map(map_x, map_y, place + h) - _sample_map(map_x, map_y, place - h)
            for h in half
        ]
        step = np.einsum("nij,nj->ni", np.linalg.pinv(np.stack(slope, axis=2)), miss)
        # A fold has no slope: there a full step would leave the picture.
        place = place + np.clip(step, -2.0 * stride, 2.0 * stride)
    return best


def _sample_map(
    map_x: Floats, map_y: Floats, place: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the map at fractional places; outside, the displacement of the nearest border.

    `cv2.remap` knows 1/32 of a pixel: the error is that times the change of displacement there.
    """
    height, width = map_x.shape
    inside = np.clip(place, 0.0, (width - 1.0, height - 1.0))
    # A column each: OpenCV 5 takes one-dimensional maps as rows.
    x, y = inside.T[..., None].astype(np.float32)
    shown = np.empty_like(place)
    border = cv2.BORDER_REPLICATE
    shown[:, 0] = cv2.remap(map_x, x, y, cv2.INTER_LINEAR, borderMode=border)[:, 0]
    shown[:, 1] = cv2.remap(map_y, x, y, cv2.INTER_LINEAR, borderMode=border)[:, 0]
    shown += place - inside
    return shown


def _kernel_width(sigma_px: float, kernel_px: int | None) -> int:
    if not sigma_px > 0:
        raise InputError(f"sigma: expected a number of pixels above 0, found {sigma_px}")
    width = round(sigma_px * 8 + 1) | 1 if kernel_px is None else kernel_px
    if width < 1 or width % 2 == 0:
        raise InputError(f"kernel: expected an odd number of pixels, found {width}")
    return width


def _node_step(sigma_px: float, kernel_px: int) -> int:
    """Return the odd distance of nodes, so that each lies on a pixel and none aliases."""
    kernel = cv2.getGaussianKernel(kernel_px, sigma_px)[:, 0]
    offset = np.arange(kernel_px) - kernel_px // 2
    spread = float(np.sqrt((kernel * offset**2).sum()))
    step = int(spread / NODES_PER_SIGMA)
    return max(1, step - 1 + step % 2)


@lru_cache(maxsize=64)
def _axis_weights(
    length: int, sigma_px: float, kernel_px: int, step: int, stationary: bool
) -> sparse.csr_array:
    """Return (nodes, cells): the weight of each cell of summed noise at each node of one axis."""
    radius = kernel_px // 2
    kernel = cv2.getGaussianKernel(kernel_px, sigma_px)[:, 0]
    nodes = np.arange(-(-length // step)) * step + step // 2
    reach = nodes[:, None] + np.arange(-radius, radius + 1)
    if stationary:
        edges = np.arange(-radius, length + radius + 2 * step, step)
    else:
        # The border pixel is a cell of its own: it alone is repeated outwards.
        reach = np.clip(reach, 0, length - 1)
        edges = np.unique(np.r_[0, np.arange(1, length - 1, step), length - 1, length])
    cell = np.searchsorted(edges, reach, side="right") - 1
    width = np.diff(edges)
    # Noise summed over w pixels has sqrt(w) times the deviation of one, and each gets the mean
    # of the weights: sum / w * sqrt(w).
    weight = np.broadcast_to(kernel, reach.shape) / np.sqrt(width[cell])
    row = np.repeat(np.arange(len(nodes)), kernel_px)
    shape = (len(nodes), len(width))
    matrix = sparse.coo_array((weight.ravel(), (row, cell.ravel())), shape=shape).tocsr()
    return matrix.astype(np.float32)


def _enlarge(nodes: Floats, step: int, shape_hw: tuple[int, int]) -> Floats:
    if step == 1:
        return nodes
    height, width = shape_hw
    size_wh = (nodes.shape[1] * step, nodes.shape[0] * step)
    enlarged: Floats = cv2.resize(nodes, size_wh, interpolation=cv2.INTER_LINEAR)
    return enlarged[:height, :width]
