"""The guided filter equals its definition and follows edges across two sizes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from datakit.core.matting.guided_filter import guided_filter, guided_upsample


def slow_guided_filter(
    image: np.ndarray, source: np.ndarray, radius_px: int, epsilon: float
) -> np.ndarray:
    """A ridge regression in each window inside the image, then the mean of all predictions."""
    height, width = source.shape
    colours = image.astype(np.float64) / 255
    side = 2 * radius_px + 1
    slopes, constants = np.zeros((height, width, 3)), np.zeros((height, width))
    padded = np.pad(colours, ((radius_px,) * 2, (radius_px,) * 2, (0, 0)), mode="symmetric")
    values = np.pad(source.astype(np.float64), radius_px, mode="symmetric")
    for y in range(height):
        for x in range(width):
            window = padded[y : y + side, x : x + side].reshape(-1, 3)
            target = values[y : y + side, x : x + side].ravel()
            centred = window - window.mean(0)
            spread = centred.T @ centred / len(window) + epsilon * np.eye(3)
            slopes[y, x] = np.linalg.solve(spread, centred.T @ target / len(window))
            constants[y, x] = target.mean() - slopes[y, x] @ window.mean(0)
    weights = np.dstack([slopes, constants])
    padded = np.pad(weights, ((radius_px,) * 2, (radius_px,) * 2, (0, 0)), mode="symmetric")
    mean = np.zeros_like(weights)
    for y in range(height):
        for x in range(width):
            mean[y, x] = padded[y : y + side, x : x + side].reshape(-1, 4).mean(0)
    return (mean[..., :3] * colours).sum(-1) + mean[..., 3]


def test_it_equals_the_definition() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (17, 22, 3), dtype=np.uint8)
    source = rng.random((17, 22), dtype=np.float32)
    fast = guided_filter(image, source, 3, 1e-3)
    assert fast == pytest.approx(slow_guided_filter(image, source, 3, 1e-3), abs=1e-5)


def test_a_flat_photo_smooths_and_a_constant_map_stays() -> None:
    flat = np.full((20, 20, 3), 90, np.uint8)
    step = np.zeros((20, 20), np.float32)
    step[:, 10:] = 1
    found = guided_filter(flat, step, 4, 1e-4)
    assert 0.05 < found[10, 8] < found[10, 11] < 0.95
    constant = np.full((20, 20), 0.25, np.float32)
    assert guided_filter(flat, constant, 4, 1e-4) == pytest.approx(constant, abs=1e-6)


def test_enlarging_lands_on_the_photos_edge() -> None:
    image = np.full((300, 400, 3), 30, np.uint8)
    cv2.circle(image, (200, 150), 90, (220, 200, 60), -1, cv2.LINE_AA)
    truth = ((image[..., 0].astype(np.float32) - 30) / 190).clip(0, 1)
    small_wh = (100, 75)
    small = cv2.resize(truth, small_wh, interpolation=cv2.INTER_AREA)
    small_image = cv2.resize(image, small_wh, interpolation=cv2.INTER_AREA)
    guided = guided_upsample(image, small_image, small, 2, 1e-5)
    plain = cv2.resize(small, (400, 300), interpolation=cv2.INTER_LINEAR)
    assert np.abs(guided - truth).mean() < 0.2 * np.abs(plain - truth).mean()
