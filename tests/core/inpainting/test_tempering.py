"""The patches' detail is kept in a texture, and less where a scene goes on."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.core.inpainting.exemplar import fill_by_patches
from datakit.core.inpainting.membrane import close_seam
from datakit.core.inpainting.tempering import expectation, fill_by_tempered_patches, scene_share
from datakit.core.metrics.plate_metrics import hole_psnr_db

SIDE_PX = 96


@pytest.fixture(scope="module")
def hole() -> np.ndarray:
    found = np.zeros((SIDE_PX, SIDE_PX), bool)
    found[36:, 36:60] = True
    return found


def blobs(seed: int = 0) -> np.ndarray:
    """A scene: shapes of all sizes, most of the variance in the largest."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(rng.normal(size=(SIDE_PX, SIDE_PX, 3)), axes=(0, 1))
    y, x = np.fft.fftfreq(SIDE_PX), np.fft.rfftfreq(SIDE_PX)
    pitch = np.maximum(np.hypot(y[:, None], x[None]), 1 / SIDE_PX)
    plane = np.fft.irfft2(spectrum / pitch[..., None] ** 1.5, (SIDE_PX, SIDE_PX), axes=(0, 1))
    return np.clip(128 + 45 * plane / plane.std(), 0, 255).astype(np.float32)


def test_patches_of_a_texture_are_kept_as_they_are(hole: np.ndarray) -> None:
    texture = np.random.default_rng(0).integers(0, 256, (SIDE_PX, SIDE_PX, 3)).astype(np.float32)
    assert scene_share(texture, hole) < 0.1
    found = fill_by_tempered_patches(texture, hole, np.random.default_rng(1))
    patches = fill_by_patches(texture, hole, np.random.default_rng(1))
    assert np.array_equal(found, close_seam(patches, texture, hole))


def test_in_a_scene_the_fill_is_nearer_to_the_truth_than_patches_and_not_flat(
    hole: np.ndarray,
) -> None:
    truth = blobs()
    assert scene_share(truth, hole) > 0.3
    found = fill_by_tempered_patches(truth, hole, np.random.default_rng(1))
    patches = fill_by_patches(truth, hole, np.random.default_rng(1))
    closed = close_seam(patches, truth, hole)
    levels, exact, plain = (np.rint(one).astype(np.uint8) for one in (found, truth, closed))
    assert hole_psnr_db(levels, exact, hole) > hole_psnr_db(plain, exact, hole)
    near = np.zeros((SIDE_PX, SIDE_PX, 1), np.float32)
    smooth = expectation(truth, hole, near)
    steps = [np.abs(np.diff(one, axis=0))[hole[1:]].mean() for one in (smooth, found)]
    assert steps[1] > 1.1 * steps[0]
    assert np.array_equal(found[~hole], truth[~hole])
