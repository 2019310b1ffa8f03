import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datakit.core.metrics.robust import robust_z


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=40))
def test_the_median_has_z_zero_and_order_is_kept(values: list[float]) -> None:
    array = np.array(values)
    z = robust_z(array, floor=1e-6)
    assert abs(np.median(z)) < 1e-6
    assert (np.diff(z[np.argsort(array)]) >= 0).all()


def test_an_outlier_does_not_hide_itself() -> None:
    assert robust_z(np.array([1, 1.1, 0.9, 1, 1.05, 50]))[-1] > 100


def test_nan_stays_out_of_it() -> None:
    z = robust_z(np.array([1, 2, 3, np.nan]))
    assert np.isnan(z[3])
    assert z[1] == 0
    assert np.isnan(robust_z(np.full(4, np.nan))).all()


def test_a_uniform_set_has_a_floor() -> None:
    assert robust_z(np.array([1.0] * 9 + [1.2]), floor=0.1)[-1] < 2.1
