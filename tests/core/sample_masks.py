"""Masks to test with: smooth blobs with holes and several parts."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def blobs(seed: int, height: int, width: int, sigma_px: float = 4.0) -> npt.NDArray[np.bool_]:
    """Return smoothed noise cut at its mean: parts and holes of every form."""
    noise = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma_px) > 0)
