"""Mattes for tests: analytic disks, random ones with islands and equal areas, real pairs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest


def disk(side_px: int, radius_px: float, soft_px: float = 4.0, shift_px: float = 0) -> np.ndarray:
    axis = np.arange(side_px) + 0.5 - side_px / 2
    distance = np.hypot(axis[:, None], axis[None, :] - shift_px)
    return np.clip((radius_px - distance) / soft_px + 0.5, 0, 1).astype(np.float32)


def random_matte(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A blurred blob field with clear, opaque and soft parts, in 8-bit steps or continuous."""
    noise = cv2.GaussianBlur(rng.random((height, width)), (0, 0), float(rng.uniform(0.3, 4)))
    low, high = np.quantile(noise, [rng.uniform(0, 0.5), rng.uniform(0.5, 1)])
    alpha = np.clip((noise - low) / max(high - low, 1e-6), 0, 1)
    if rng.random() < 0.5:
        alpha = np.rint(alpha * 255) / 255
    return alpha.astype(np.float32)


def random_pair(seed: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prediction, truth and unknown region; the prediction is near, far, or differs in a part."""
    rng = np.random.default_rng(seed)
    gt = random_matte(rng, height, width)
    kind = rng.integers(0, 4)
    if kind == 0:
        pred = random_matte(rng, height, width)
    elif kind == 1:
        pred = np.clip(gt + rng.normal(0, 0.05, gt.shape), 0, 1).astype(np.float32)
    elif kind == 2:
        pred = gt.copy()
        top, left = rng.integers(0, height), rng.integers(0, width)
        pred[top : top + 5, left : left + 7] = rng.random(dtype=np.float32)
    else:
        pred = np.full_like(gt, np.float32(rng.integers(0, 3) / 2))
    region = (rng.random(gt.shape) < 0.5).astype(np.uint8) * 255
    region.flat[0] = 255
    return pred, gt, region


def real_pairs(shared_data: Path, long_side_px: int) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Hand-made mattes and blunter versions of them, scaled down for the slow references."""
    folders = ("matting/ppm100/alpha", "matting/foamliu_composition_crops/alpha")
    pairs = []
    for path in [path for name in folders for path in sorted((shared_data / name).iterdir())][::4]:
        gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if gray is None:
            pytest.skip(f"{path} cannot be read")
        scale = long_side_px / max(gray.shape)
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        gt = (gray / 255).astype(np.float32)
        pred = np.rint(cv2.GaussianBlur(gray, (0, 0), 1.5)) / 255
        pairs.append((path.stem, pred.astype(np.float32), gt))
    return pairs
