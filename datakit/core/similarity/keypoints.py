"""Shared keypoints of two pictures: for copies too rotated, sheared or cropped to be fitted."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

SIDE_PX: Final = 320
"""Longer side of the pictures that details are looked for in."""

_MOST: Final = 400
_RATIO: Final = 0.8
_REPROJECTION_PX: Final = 6.0
_SEED: Final = 7

Gray = npt.NDArray[np.uint8]


def shared_details(one: Gray, other: Gray) -> int:
    """Count details of one picture that lie in the other as one affine change puts them.

    SIFT keypoints (Lowe, IJCV 2004) matched by the ratio test and counted by RANSAC; the mirror
    image is tried too, as SIFT does not see through mirrors.

    Parameters
    ----------
    one, other : (H, W) uint8
        Any sizes; shrunk to `SIDE_PX`.

    Returns
    -------
    int
        0 when there is too little detail. A dozen does not happen by chance.

    Examples
    --------
    >>> noise = np.random.default_rng(1).integers(0, 256, (40, 40), np.uint8)
    >>> photo = cv2.resize(noise, (320, 320), interpolation=cv2.INTER_CUBIC)
    >>> shared_details(photo, np.ascontiguousarray(np.rot90(photo[40:, 20:]))) > 50
    True
    """
    first, second = _limited(one), _limited(other)
    return max(_inliers(first, second), _inliers(first, np.ascontiguousarray(second[:, ::-1])))


def _limited(image: Gray) -> Gray:
    scale = SIDE_PX / max(image.shape)
    if scale >= 1:
        return np.ascontiguousarray(image)
    size_wh = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _inliers(one: Gray, other: Gray) -> int:
    sift = cv2.SIFT_create(_MOST, contrastThreshold=0.02)  # type: ignore[attr-defined]
    points, words = sift.detectAndCompute(one, None)
    other_points, other_words = sift.detectAndCompute(other, None)
    if words is None or other_words is None or len(other_words) < 2:
        return 0
    best = [
        pair[0]
        for pair in cv2.BFMatcher(cv2.NORM_L2).knnMatch(words, other_words, k=2)
        if pair[0].distance < _RATIO * pair[1].distance
    ]
    if len(best) < 4:
        return 0
    source = np.array([points[match.queryIdx].pt for match in best], np.float32)
    target = np.array([other_points[match.trainIdx].pt for match in best], np.float32)
    # RANSAC draws from OpenCV's global generator: seeded, the count is the same in every worker.
    cv2.setRNGSeed(_SEED)
    matrix, inside = cv2.estimateAffine2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=_REPROJECTION_PX
    )
    if matrix is None or not 0.2 < abs(np.linalg.det(matrix[:, :2])) < 5:
        return 0
    # Many keypoints can share a place; a place counts once.
    places = np.unique(np.rint(source[inside.ravel() > 0] / 4), axis=0)
    return len(places)
