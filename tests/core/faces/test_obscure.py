from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.faces.obscure import METHODS, gaussian, mosaic, solid
from datakit.errors import InputError


def noise(seed, height=40, width=50):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8), rng


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), strength=st.floats(0.3, 60), share=st.floats(0, 1))
def test_pixels_outside_the_mask_are_untouched_and_do_not_count(method, seed, strength, share):
    image, rng = noise(seed)
    mask = rng.random(image.shape[:2]) < share
    before = image.copy()
    result = METHODS[method](image, mask, strength)
    assert (image == before).all()
    assert (result[~mask] == image[~mask]).all()
    other = image.copy()
    other[~mask] = rng.integers(0, 256, (int((~mask).sum()), 3))
    assert (METHODS[method](other, mask, strength)[mask] == result[mask]).all()


@pytest.mark.parametrize("sigma_px", [0.4, 3.0, 7.9, 8.1, 40.0, 500.0])
def test_a_flat_region_stays_flat(sigma_px):
    image, rng = noise(1, 120, 90)
    mask = rng.random(image.shape[:2]) < 0.4
    image[mask] = (200, 100, 50)
    assert (gaussian(image, mask, sigma_px)[mask] == (200, 100, 50)).all()


@pytest.mark.parametrize("sigma_px", [3.0, 12.0, 30.0])
def test_the_gaussian_has_its_sigma(sigma_px):
    side = 401
    image = np.zeros((side, side, 3), np.uint8)
    image[side // 2 - 4 : side // 2 + 5] = 255
    row = gaussian(image, np.ones((side, side), bool), sigma_px)[:, side // 2, 0].astype(float)
    at = np.arange(side) - side // 2
    deviation = np.sqrt((row * at**2).sum() / row.sum())
    # A bar of 9 pixels has a variance of 9² / 12; the kernel is cut at three sigma.
    assert deviation == pytest.approx(np.sqrt(sigma_px**2 + 81 / 12), rel=0.05)


def test_the_shrunk_gaussian_agrees_with_the_plain_one():
    image, _ = noise(5, 160, 160)
    image = np.repeat(np.repeat(image[::8, ::8], 8, 0), 8, 1)
    mask = np.zeros((160, 160), bool)
    mask[20:140, 30:130] = True
    plain = gaussian(image, mask, 15.99)[mask].astype(int)
    shrunk = gaussian(image, mask, 16.01)[mask].astype(int)
    assert np.abs(plain - shrunk).max() <= 3


def test_mosaic_cells_hold_the_mean_of_their_masked_pixels():
    image, _ = noise(2, 8, 8)
    mask = np.ones((8, 8), bool)
    mask[0, 0] = False
    result = mosaic(image, mask, 4)
    cell = mask[:4, :4]
    assert (result[:4, :4][cell] == np.rint(image[:4, :4][cell].mean(axis=0))).all()


def test_solid_leaves_nothing_of_the_face():
    image, rng = noise(3)
    mask = rng.random(image.shape[:2]) < 0.5
    assert (solid(image, mask, 1)[mask] == 128).all()


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_mask_changes_nothing(method):
    image, _ = noise(4)
    assert (METHODS[method](image, np.zeros(image.shape[:2], bool), 3) == image).all()


@pytest.mark.parametrize(
    ("image", "mask", "sigma_px", "message"),
    [
        (np.zeros((4, 4), np.uint8), np.zeros((4, 4), bool), 1, "image"),
        (np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), bool), 1, "image"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), bool), 1, "mask"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), 1, "mask"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), bool), 0, "strength"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), bool), float("nan"), "strength"),
    ],
)
def test_wrong_arrays_are_refused(image, mask, sigma_px, message):
    with pytest.raises(InputError, match=message):
        gaussian(image, mask, sigma_px)
