import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.matting.repair import repair
from datakit.core.quality.jpeg_traces import residue_share
from datakit.errors import InputError
from tests.core.sample_mattes import random_matte
from tests.planted.base import jpeg, to_levels
from tests.planted.mattes import analytic_matte


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_repair_is_final_and_touches_no_middle_tone_but_specks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    alpha = random_matte(rng, int(rng.integers(20, 150)), int(rng.integers(20, 150)))
    done = repair(alpha)
    again = repair(done.alpha)
    assert np.array_equal(again.alpha, done.alpha)
    assert (again.residue_px, again.speck_px) == (0, 0)
    middle = (alpha > 0.04) & (alpha < 0.96)
    changed = done.alpha != alpha
    assert np.count_nonzero(changed & middle) <= done.speck_px
    assert np.count_nonzero(changed) <= done.residue_px + done.speck_px


def test_jpeg_residue_goes_and_the_edge_stays() -> None:
    clean = analytic_matte(2).alpha
    noisy = jpeg(to_levels(clean), 80).astype(np.float32) / 255
    done = repair(noisy)
    assert residue_share(to_levels(noisy)) > 0
    assert residue_share(to_levels(done.alpha)) == 0
    band = (noisy > 0.04) & (noisy < 0.96)
    assert np.array_equal(done.alpha[band], noisy[band])


def test_a_large_part_is_no_speck() -> None:
    alpha = np.zeros((500, 500), np.float32)
    alpha[100:400, 100:400] = 1
    alpha[10:15, 10:15] = 1
    assert repair(alpha).speck_px == 0
    assert repair(alpha, speck_share=2e-4).speck_px == 25


def test_nan_is_refused() -> None:
    with pytest.raises(InputError, match="NaN"):
        repair(np.full((4, 4), np.nan, np.float32))
