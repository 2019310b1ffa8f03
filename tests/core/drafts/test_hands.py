"""Hands: where they are looked for, whose they are, and what a label lacks of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from datakit.core.drafts.bodies import Body, body_rect
from datakit.core.drafts.hands import MissingHand, arm_rects, missing_hand, palm_rect, with_arm
from tests.planted.base import hand_at

HAND = hand_at((50.0, 30.0), 20.0)


def label(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    alpha = np.zeros((100, 100), np.float32)
    for left, top, right, bottom in boxes:
        alpha[top:bottom, left:right] = 1
    return alpha


def body(wrist_xy: tuple[float, float], visibility: float = 1.0) -> Body:
    points = np.full((33, 2), 90.0)
    points[[12, 14, 16, 18, 20]] = [(50, 90), (50, 60), wrist_xy, wrist_xy, wrist_xy]
    rect = body_rect(np.array([50.0, 60.0]), np.array([50.0, 20.0]))
    seen = np.zeros(33)
    seen[16] = visibility
    return Body(1.0, 1.0, points, seen, rect, np.ones((8, 8), np.float32))


ARM = (40, 40, 60, 100)


def test_a_hand_that_a_label_lacks_is_found_with_its_place() -> None:
    share, box = missing_hand(label(ARM), [HAND])
    assert share > 0.95
    assert box is not None
    left, top, right, bottom = box
    assert 35 <= left < 50 < right <= 65
    assert 15 <= top < 30 < bottom <= 45


def test_a_hand_that_a_label_has_is_not() -> None:
    assert missing_hand(label(ARM, (30, 10, 70, 40)), [HAND]) == MissingHand(0.0, None)


def test_half_a_hand_is_half_missing() -> None:
    assert 0.3 < missing_hand(label(ARM, (50, 10, 70, 40)), [HAND]).share < 0.7


def test_the_hand_of_somebody_who_is_not_in_the_label_is_not_its_own() -> None:
    away = label((0, 60, 20, 100))
    assert missing_hand(away, [HAND]).box_xyxy is None
    # By the arm, too: that of another person, though the label is right beside the hand.
    beside = label((0, 0, 40, 100))
    assert missing_hand(beside, [HAND]).share > 0.5
    assert missing_hand(beside, [with_arm(HAND, [body((50, 40))])]).box_xyxy is None


def test_an_arm_in_the_label_bears_a_hand_out_wherever_the_cut_is() -> None:
    shoulder_only = label((40, 70, 60, 100))
    doubtful = replace(HAND, presence=0.6)
    assert missing_hand(shoulder_only, [doubtful]).box_xyxy is None
    assert missing_hand(shoulder_only, [with_arm(doubtful, [body((50, 40))])]).share > 0.95


@pytest.mark.parametrize("other", [body((90, 5)), body((50, 40), visibility=0.2)])
def test_an_arm_that_ends_elsewhere_or_is_hidden_has_no_hand(other: Body) -> None:
    assert with_arm(HAND, [other]).arm_xy is None


def test_hands_are_looked_for_where_wrists_are_to_be_seen() -> None:
    assert list(arm_rects(body((50, 40), visibility=0.2))) == []
    [rect] = arm_rects(body((50, 40)))
    assert rect.centre_xy == (50, 40)
    assert rect.size_wh == pytest.approx((32, 32))


def test_the_square_around_a_hand_turns_with_it() -> None:
    box = np.array([40.0, 40.0, 60.0, 60.0])
    rect = palm_rect(box, np.array([40.0, 50.0]), np.array([60.0, 50.0]))
    assert rect.roll_rad == pytest.approx(np.pi / 2)
    assert rect.centre_xy == pytest.approx((60, 50))


@pytest.mark.parametrize("centre_xy", [(-40.0, 30.0), (0.0, 0.0), (99.0, 130.0)])
def test_hands_at_the_border_and_outside_break_nothing(centre_xy: tuple[float, float]) -> None:
    share, box = missing_hand(label(ARM), [hand_at(centre_xy, 20.0)])
    assert 0 <= share <= 1
    assert box is None or min(box) >= 0
