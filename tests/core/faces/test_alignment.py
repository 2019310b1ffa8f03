"""Squares of embeddings: the similarity that was planted is the one that is found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.core.faces.alignment import TEMPLATE, best_member, eyes_square, template_square
from datakit.core.faces.detections import FaceDetection


def seen(points: np.ndarray) -> FaceDetection:
    return FaceDetection(np.array([10.0, 20, 50, 70]), points, 0.9, "x")


@given(st.floats(0.1, 5), st.floats(-3, 3), st.floats(-500, 500))
def test_the_template_is_found_at_any_size_turn_and_place(
    scale: float, roll: float, shift: float
) -> None:
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    square = template_square(seen(TEMPLATE @ turn * scale + shift))
    assert square.side_px == pytest.approx(112 * scale, rel=1e-6)
    assert np.cos(square.roll_rad - roll) == pytest.approx(1)
    assert square.centre_xy == pytest.approx(np.full(2, 56) @ turn * scale + shift, abs=1e-6)


def test_four_points_end_in_the_middle_of_the_mouth() -> None:
    four = np.vstack([TEMPLATE[:3], TEMPLATE[3:].mean(axis=0)])
    assert template_square(seen(four)).side_px == pytest.approx(112)


def test_the_eyes_give_the_turn_and_the_box_the_rest() -> None:
    square = eyes_square(seen(np.array([[20.0, 30], [40, 50], [0, 0], [0, 0]])), 1.2)
    assert square.centre_xy.tolist() == [30, 45]
    assert square.side_px == pytest.approx(48)
    assert square.roll_rad == pytest.approx(np.pi / 4)


def test_the_template_prefers_both_corners_of_the_mouth() -> None:
    members = (seen(TEMPLATE[:4]), seen(TEMPLATE))
    assert best_member(members, "five-points") is members[1]
    assert best_member(members, "eyes") is members[0]
    assert best_member(members[:1], "five-points") is members[0]
