import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.quality.edge_fit import edge_fit, offset_of, r2_by_offset, shift_of
from datakit.errors import InputError
from tests.planted.base import grown, shifted
from tests.planted.mattes import analytic_matte, analytic_mattes, real_mattes, sample_mattes

MATTE = analytic_matte(1)


@given(st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_a_shift_is_found_exactly(dx: int, dy: int, seed: int) -> None:
    matte = analytic_matte(seed)
    shift = shift_of(edge_fit(matte.image, shifted(matte.alpha, dx, dy)))
    assert (shift.dx_px, shift.dy_px) == (dx, dy)
    assert (shift.gain > 0) == bool(dx or dy)


def test_polarity_does_not_matter() -> None:
    plain = edge_fit(MATTE.image, MATTE.alpha)
    negative = edge_fit(255 - MATTE.image, MATTE.alpha)
    assert np.allclose(plain.r2, negative.r2, atol=1e-3)


def test_r2_is_high_on_the_edge_and_low_on_noise(rng: np.random.Generator) -> None:
    noise = rng.integers(0, 256, MATTE.image.shape, dtype=np.uint8)
    assert shift_of(edge_fit(MATTE.image, MATTE.alpha)).r2 > 0.9
    assert shift_of(edge_fit(noise, MATTE.alpha)).r2 < 0.2


@pytest.mark.parametrize("pixels", [-3, -2, 2, 3])
def test_growth_is_found_with_its_sign(pixels: int) -> None:
    offset = offset_of(edge_fit(MATTE.image, grown(MATTE.alpha, pixels)))
    assert offset.offset_px == pixels
    assert offset.gain > 0.02


def test_offsets_of_a_straight_edge() -> None:
    alpha = np.zeros((60, 60), np.float32)
    alpha[:, 30:] = 1
    image = np.repeat((alpha * 200 + 20).astype(np.uint8)[..., None], 3, axis=2)
    fit = edge_fit(image, np.roll(alpha, -2, axis=1))
    assert r2_by_offset(fit).mean(axis=1).argmax() == fit.reach_px + 2


def test_where_restricts_the_points() -> None:
    where = np.zeros(MATTE.alpha.shape, bool)
    where[: MATTE.alpha.shape[0] // 3] = True
    fit = edge_fit(MATTE.image, MATTE.alpha, where=where)
    assert 0 < len(fit) < len(edge_fit(MATTE.image, MATTE.alpha))
    assert fit.points.yx[:, 0].max() < MATTE.alpha.shape[0] // 3


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (16, 16), (17, 17)])
def test_small_pictures_have_no_points_rather_than_an_error(shape: tuple[int, int]) -> None:
    alpha = np.ones(shape, np.float32)
    fit = edge_fit(np.zeros((*shape, 3), np.uint8), alpha)
    assert len(fit) == 0
    assert np.isnan(shift_of(fit).gain)
    assert np.isnan(offset_of(fit).gain)


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match="one size"):
        edge_fit(MATTE.image, MATTE.alpha[1:])
    broken = MATTE.alpha.copy()
    broken[3, 3] = np.nan
    with pytest.raises(InputError, match="NaN"):
        edge_fit(MATTE.image, broken)


@pytest.mark.slow
def test_shifts_of_all_mattes(shared_data: object) -> None:
    hits = total = 0
    for index, matte in enumerate([*real_mattes(), *sample_mattes(), *analytic_mattes()]):
        rng = np.random.default_rng(index)
        for _ in range(4):
            dx, dy = (int(step) for step in rng.integers(-3, 4, size=2))
            found = shift_of(edge_fit(matte.image, shifted(matte.alpha, dx, dy)))
            hits += (found.dx_px, found.dy_px) == (dx, dy)
            total += 1
    assert hits >= 0.95 * total
