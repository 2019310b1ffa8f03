"""Kriging: noise of the border does not spread, and shapes go on the way the photo does."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.inpainting.kriging import fitted_variogram, kriged
from datakit.core.inpainting.membrane import membrane


def grey(plane: np.ndarray) -> np.ndarray:
    return plane.astype(np.float32)[..., None].repeat(3, axis=2)


def hole_in(height: int, width: int) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    hole[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = True
    return hole


def test_noise_is_not_carried_into_the_hole_as_a_membrane_carries_it() -> None:
    noisy = grey(np.random.default_rng(0).normal(120, 30, (48, 48)))
    hole = hole_in(48, 48)
    assert fitted_variogram(noisy, ~hole).nugget > 1
    by_kriging, by_membrane = (fill(noisy, hole)[hole] for fill in (kriged, membrane))
    assert np.abs(by_kriging - 120).mean() < 0.7 * np.abs(by_membrane - 120).mean()


def test_bands_along_a_row_go_on_along_it() -> None:
    rng = np.random.default_rng(1)
    # Rows differ from one another, columns do not.
    bands = grey(np.repeat(np.cumsum(rng.normal(0, 8, 48))[:, None], 48, axis=1) + 120)
    hole = hole_in(48, 48)
    found = fitted_variogram(bands + rng.normal(0, 1, bands.shape).astype(np.float32), ~hole)
    assert found.stretch > 1
    apart = np.abs(kriged(bands, hole) - bands)[hole].mean()
    assert apart < np.abs(membrane(bands, hole) - bands)[hole].mean()


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 70), st.integers(3, 70), st.integers(0, 2**32 - 1))
def test_any_hole_gets_finite_values(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    photo = rng.integers(0, 256, (height, width, 3)).astype(np.float32)
    hole = rng.random((height, width)) < rng.random()
    hole[0, 0] = False
    found = kriged(photo, hole)
    assert found.shape == photo.shape and np.isfinite(found).all()
    assert np.abs(kriged(np.full_like(photo, 90), hole) - 90).max() < 1
