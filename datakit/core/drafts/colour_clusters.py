"""Clusters of similar colours, and how likely each is foreground given a region prior.

No random numbers: the first centres are those farthest from each other.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.float32]
Shares = npt.NDArray[np.float32]
Region = npt.NDArray[np.bool_]

_KMEANS_ROUNDS = 25
_MIXTURE_ROUNDS = 20
_LEAST_VARIANCE = 1e-4
# Below this share of a region a group is noise: its likelihoods are both taken as this.
_LEAST_SHARE = 1e-4


def colour_features(image: npt.NDArray[np.uint8]) -> Features:
    """Return (H * W, 3) float32 CIE Lab of an (H, W, 3) uint8 RGB image, each about 0 .. 1."""
    lab = cv2.cvtColor(image.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab)
    flat: Features = lab.reshape(-1, 3) / np.float32(100)
    return flat


def kmeans(features: Features, groups: int) -> Shares:
    """Group by Lloyd's k-means (1982); (N, D) float32 to (N, groups) float32 of zeros and ones.

    Examples
    --------
    >>> kmeans(np.array([[0.0], [0.1], [1.0]], np.float32), 2).tolist()
    [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    centres = _farthest(features, groups)
    nearest = _nearest(features, centres)
    for _ in range(_KMEANS_ROUNDS):
        for group in range(groups):
            chosen = features[nearest == group]
            if len(chosen):
                centres[group] = chosen.mean(axis=0, dtype=np.float64)
        again = _nearest(features, centres)
        if np.array_equal(again, nearest):
            break
        nearest = again
    return np.eye(groups, dtype=np.float32)[nearest]


def gaussian_mixture(features: Features, groups: int) -> Shares:
    """Group by a mixture of Gaussians with full covariances (EM, Dempster et al. 1977).

    Starts from `kmeans`; returns (N, groups) float32, the responsibility of each group, each row
    with sum 1.
    """
    shares = kmeans(features, groups).astype(np.float64)
    values = features.astype(np.float64)
    for _ in range(_MIXTURE_ROUNDS):
        logs = np.stack([_log_density(values, shares[:, group]) for group in range(groups)], axis=1)
        logs -= logs.max(axis=1, keepdims=True)
        shares = np.exp(logs)
        shares /= shares.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)


def mean_shift(
    image: npt.NDArray[np.uint8], space_px: float, colour: float, bins: int = 12
) -> Shares:
    """Group the colours that mean shift (Comaniciu & Meer 2002) leaves of an (H, W, 3) image.

    Returns (H * W, groups) float32 of zeros and ones; colours in one of `bins` cells a channel
    are one group.
    """
    smooth = cv2.pyrMeanShiftFiltering(np.ascontiguousarray(image), space_px, colour)
    cells = (smooth.reshape(-1, 3).astype(np.int64) * bins) // 256
    _, group = np.unique(cells @ np.array([bins * bins, bins, 1]), return_inverse=True)
    shares: Shares = np.eye(int(group.max()) + 1, dtype=np.float32)[group.ravel()]
    return shares


def otsu(image: npt.NDArray[np.uint8]) -> Shares:
    """Group the pixels of an (H, W, 3) image into dark and light (Otsu 1979); (H * W, 2)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    _, light = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    shares: Shares = np.eye(2, dtype=np.float32)[light.ravel()]
    return shares


def foreground_probability(shares: Shares, region: Region) -> npt.NDArray[np.float32]:
    """Say how likely each pixel is foreground: its groups are commoner inside a region or outside.

    Parameters
    ----------
    shares : (N, groups) float32
        Of each pixel in each group.
    region : (N,) bool
        Where the person should be; neither empty nor everything.

    Returns
    -------
    (N,) float32 in [0, 1]
        inside / (inside + outside), by the densities of the pixel's groups.

    Examples
    --------
    >>> shares = np.eye(2, dtype=np.float32)[[0, 0, 1, 1]]
    >>> foreground_probability(shares, np.array([True, True, False, False])).round(2).tolist()
    [1.0, 1.0, 0.0, 0.0]
    """
    inside = np.maximum(shares[region].mean(axis=0, dtype=np.float64), _LEAST_SHARE)
    outside = np.maximum(shares[~region].mean(axis=0, dtype=np.float64), _LEAST_SHARE)
    found: npt.NDArray[np.float32] = (shares @ (inside / (inside + outside))).astype(np.float32)
    return found


def _farthest(features: Features, groups: int) -> Features:
    """Return first centres: the mean's nearest, then always the farthest from all before."""
    distance = ((features - features.mean(axis=0)) ** 2).sum(axis=1)
    chosen = [int(distance.argmin())]
    distance = np.full(len(features), np.inf, np.float32)
    for _ in range(groups - 1):
        distance = np.minimum(distance, ((features - features[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(distance.argmax()))
    return features[chosen].copy()


def _nearest(features: Features, centres: Features) -> npt.NDArray[np.intp]:
    # |a - b|^2 without the (N, groups, D) array; |a|^2 is the same for all groups.
    crossed = (centres * centres).sum(axis=1) - 2 * (features @ centres.T)
    return np.asarray(crossed.argmin(axis=1), np.intp)


def _log_density(
    values: npt.NDArray[np.float64], share: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the log of a Gaussian's weighted density, fitted to weighted values."""
    weight = max(float(share.sum()), 1e-9)
    mean = share @ values / weight
    apart = values - mean
    covariance = (apart * share[:, None]).T @ apart / weight
    covariance += np.eye(values.shape[1]) * _LEAST_VARIANCE
    whitened = np.linalg.solve(np.linalg.cholesky(covariance), apart.T)
    _, determinant = np.linalg.slogdet(covariance)
    found: npt.NDArray[np.float64] = (
        np.log(weight / len(values)) - 0.5 * determinant - 0.5 * (whitened**2).sum(axis=0)
    )
    return found
