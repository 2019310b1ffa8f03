"""Coarse displacement fields have the moments of the full-size ones; warps are inverted."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.images.displacement import (
    expected_peak,
    invert_map,
    smooth_noise,
    smooth_noise_std,
)
from datakit.errors import InputError


def correlation_length(field: npt.NDArray[np.float32], reach: int) -> float:
    """Return the lag at which the autocorrelation falls to exp(-1/4): sigma, for a smoothed one."""
    centred = field - field.mean()
    power = np.abs(np.fft.rfft(centred, n=2 * field.shape[1], axis=1)) ** 2
    pairs = field.shape[1] - np.arange(reach)
    correlation = np.fft.irfft(power, axis=1)[:, :reach].mean(axis=0) / pairs
    correlation /= correlation[0]
    below = int(np.argmax(correlation < np.exp(-0.25)))
    above, under = correlation[below - 1], correlation[below]
    return below - 1 + (above - np.exp(-0.25)) / (above - under)


@pytest.mark.parametrize("sigma", [1.5, 6.0, 15.0, 30.0])
@pytest.mark.parametrize("stationary", [True, False])
def test_deviation_and_correlation_length_inside_the_frame(sigma: float, stationary: bool) -> None:
    margin = 0 if stationary else int(4 * sigma)
    fields = [
        smooth_noise((1200, 1200), sigma, np.random.default_rng(seed), stationary=stationary)
        for seed in range(4)
    ]
    inner = np.stack(fields)[:, margin : 1200 - margin, margin : 1200 - margin]
    assert inner.std() == pytest.approx(smooth_noise_std(sigma), rel=0.05)
    length = np.mean([correlation_length(field, int(6 * sigma) + 4) for field in inner])
    assert length == pytest.approx(sigma, rel=0.1)


@pytest.mark.parametrize("sigma", [8.0, 20.0])
def test_border_has_the_deviation_of_repeated_noise(sigma: float) -> None:
    """Without `stationary` the law is that of OpenCV's replicated border, row by row."""
    side = int(8 * sigma)
    rng = np.random.default_rng(0)
    full = np.stack(
        [
            cv2.GaussianBlur(
                rng.standard_normal((side, side), dtype=np.float32),
                (0, 0),
                sigma,
                borderType=cv2.BORDER_REPLICATE,
            )
            for _ in range(150)
        ]
    )
    coarse = np.stack(
        [smooth_noise((side, side), sigma, rng, stationary=False) for _ in range(150)]
    )
    for row in (0, int(sigma), side // 2, side - 1):
        assert coarse[:, row].std() == pytest.approx(full[:, row].std(), rel=0.15)
    assert coarse[:, 0].std() > 1.5 * coarse[:, side // 2].std()


def test_stationary_border_moves_like_the_inside() -> None:
    fields = np.stack(
        [smooth_noise((160, 160), 20.0, np.random.default_rng(seed)) for seed in range(300)]
    )
    deviation = fields.std(axis=0)
    assert deviation[0].mean() == pytest.approx(deviation[80].mean(), rel=0.1)
    assert deviation[:, -1].mean() == pytest.approx(deviation[80].mean(), rel=0.1)


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.floats(0.2, 40.0),
    st.booleans(),
    st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_any_size_gives_a_finite_repeatable_field(
    height: int, width: int, sigma: float, stationary: bool, seed: int
) -> None:
    once, again = (
        smooth_noise((height, width), sigma, np.random.default_rng(seed), stationary=stationary)
        for _ in range(2)
    )
    assert once.shape == (height, width)
    assert once.dtype == np.float32
    assert np.isfinite(once).all()
    assert np.array_equal(once, again)


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan")])
def test_impossible_sigma_is_refused(sigma: float) -> None:
    with pytest.raises(InputError, match="sigma: expected a number of pixels above 0"):
        smooth_noise((8, 8), sigma, np.random.default_rng(0))


def test_even_kernel_is_refused() -> None:
    with pytest.raises(InputError, match="kernel: expected an odd number"):
        smooth_noise((8, 8), 2.0, np.random.default_rng(0), kernel_px=4)


def test_expected_peak_grows_with_the_draws() -> None:
    assert expected_peak(10) < expected_peak(1000) < expected_peak(10**7) < 7


@given(st.integers(0, 2**32), st.floats(4.0, 20.0), st.floats(0.0, 0.25))
@settings(max_examples=40, deadline=None)
def test_inverse_undoes_a_smooth_warp(seed: int, sigma: float, steepness: float) -> None:
    height, width = 80, 110
    rng = np.random.default_rng(seed)
    amplitude = steepness * sigma / smooth_noise_std(sigma)
    map_x = np.arange(width, dtype=np.float32) + amplitude * smooth_noise((80, 110), sigma, rng)
    map_y = np.arange(height, dtype=np.float32)[:, None] + amplitude * smooth_noise(
        (80, 110), sigma, rng
    )
    places = rng.uniform([10, 10], [99, 69], (30, 2))
    shown_x, shown_y = (
        cv2.remap(m, *(places.astype(np.float32).T[:, :, None]), cv2.INTER_LINEAR)[:, 0]
        for m in (map_x.astype(np.float32), map_y.astype(np.float32))
    )
    source = np.stack([shown_x, shown_y], axis=1).astype(np.float64)
    found = invert_map(map_x.astype(np.float32), map_y.astype(np.float32), source)
    moved = np.abs(found - places).max(axis=1)
    # A steep draw may fold somewhere: then another place shows the same source point.
    assert np.mean(moved < 0.5) > 0.9
