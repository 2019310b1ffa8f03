import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datakit.core.matting.alpha_coding import decode_stored
from datakit.errors import InputError

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)


@given(hnp.arrays(st.sampled_from([np.uint8, np.uint16]), SHAPES))
def test_integers_decode_to_the_unit_interval(stored: np.ndarray) -> None:
    decoded = decode_stored(stored)
    assert decoded.alpha.dtype == np.float32
    assert decoded.alpha.min() >= 0
    assert decoded.alpha.max() <= 1
    if decoded.scale == decoded.full_scale:
        assert np.array_equal(np.rint(decoded.alpha * decoded.full_scale), stored)


@given(hnp.arrays(np.float32, SHAPES, elements=st.floats(width=32)))
def test_floats_never_leave_the_unit_interval(stored: np.ndarray) -> None:
    decoded = decode_stored(stored)
    good = np.isfinite(stored) & (stored >= 0) & (stored <= 1)
    assert np.isfinite(decoded.alpha).all()
    assert decoded.bad_share == pytest.approx(1 - good.mean())
    assert np.array_equal(decoded.alpha[good], stored[good])


@pytest.mark.parametrize("opaque", [1, 127, 128])
def test_a_mask_code_is_undone(opaque: int) -> None:
    stored = np.array([[0, opaque], [opaque, 0]], np.uint8)
    decoded = decode_stored(stored)
    assert decoded.scale == opaque
    assert decoded.alpha.tolist() == [[0, 1], [1, 0]]


def test_a_dark_matte_is_no_code() -> None:
    assert decode_stored(np.array([[0, 60, 128]], np.uint8)).scale == 255


def test_the_channel_that_holds_alpha_is_taken() -> None:
    gray = np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)
    equal = np.repeat(gray[..., None], 3, axis=2)
    assert decode_stored(equal).channel == "equal"
    photo = np.dstack([gray, gray // 2, 255 - gray])
    assert decode_stored(photo).channel == "red"
    cutout = np.dstack([photo, gray])
    assert decode_stored(cutout).channel == "alpha"
    assert np.array_equal(decode_stored(cutout).alpha, decode_stored(gray).alpha)
    opaque = np.dstack([equal, np.full_like(gray, 255)])
    assert decode_stored(opaque).channel == "equal"


@pytest.mark.parametrize(
    "bad", [np.zeros((0, 4), np.uint8), np.zeros(4, np.uint8), np.zeros((2, 2), np.int64)]
)
def test_other_arrays_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(InputError, match="alpha"):
        decode_stored(bad)
