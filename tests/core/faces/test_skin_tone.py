"""Skin tones: the angle of known colours, and what says nothing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.core.faces.skin_tone import EDGES_DEG, MIN_PIXELS, TONES, tone_of, typology_angle


def face(light: float, red: float, yellow: float, side: int = 32) -> np.ndarray:
    lab = np.full((side, side, 3), (light, red, yellow), np.float32)
    return np.rint(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("light", "tone"),
    [(75, "very light"), (67, "light"), (61, "intermediate"), (55, "tan"), (45, "brown"),
     (30, "dark")],
)  # fmt: skip
def test_the_angle_is_that_of_the_colour(light: float, tone: str) -> None:
    image = face(light, 12, 15)
    angle = typology_angle(image, np.ones(image.shape[:2], np.bool_))
    assert angle == pytest.approx(np.rad2deg(np.arctan((light - 50) / 15)), abs=2)
    assert tone_of(angle) == tone


def test_eyes_mouth_and_background_do_not_count() -> None:
    image, mask = face(67, 12, 15), np.zeros((32, 32), np.bool_)
    mask[4:28, 4:28] = True
    expected = typology_angle(image, mask)
    image[~mask] = (10, 40, 200)
    image[6:10, 6:26], image[20:24, 10:22] = (20, 20, 20), (170, 40, 60)
    assert typology_angle(image, mask) == expected


def test_grey_blue_and_small_faces_say_nothing() -> None:
    whole = np.ones((32, 32), np.bool_)
    assert typology_angle(np.full((32, 32, 3), 128, np.uint8), whole) is None
    assert typology_angle(face(60, 0, -20), whole) is None
    few = np.zeros((32, 32), np.bool_)
    few.flat[: MIN_PIXELS - 1] = True
    assert typology_angle(face(60, 12, 15), few) is None
    few.flat[MIN_PIXELS - 1] = True
    assert typology_angle(face(60, 12, 15), few) is not None


@given(st.floats(-90, 90))
def test_every_angle_has_one_class(angle: float) -> None:
    rank = TONES.index(tone_of(angle))
    edges = (90.1, *EDGES_DEG, -90.1)
    assert edges[rank + 1] <= angle < edges[rank]
