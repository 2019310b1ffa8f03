"""The subject's layer over the plate is the photo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.inpainting.layers import subject_layer
from datakit.errors import InputError


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_layer_over_any_plate_is_the_photo_within_a_level(seed: int) -> None:
    rng = np.random.default_rng(seed)
    photo = rng.integers(0, 256, (9, 11, 3)).astype(np.uint8)
    plate = rng.integers(0, 256, (9, 11, 3)).astype(np.uint8)
    alpha = np.clip(rng.normal(0.5, 0.6, (9, 11)), 0, 1).astype(np.float32)
    layer = subject_layer(photo, alpha, plate).astype(float)
    share = layer[..., 3:] / 255
    again = share * layer[..., :3] + (1 - share) * plate
    assert np.abs(np.rint(again) - photo).max() <= 1
    assert (layer[..., 3] >= np.rint(alpha * 255)).all()


def test_where_the_plate_is_the_photo_the_matte_decides() -> None:
    photo = np.full((4, 4, 3), 90, np.uint8)
    alpha = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    assert np.array_equal(subject_layer(photo, alpha, photo)[..., 3], np.rint(alpha * 255))


def test_sizes_must_agree() -> None:
    photo = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(InputError, match="expected one size"):
        subject_layer(photo, np.zeros((4, 5), np.float32), photo)
