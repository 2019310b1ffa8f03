"""Places of a draft that a person should look at."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datakit.core.drafts.uncertainty import WEIGHTS, WORDS
from datakit.core.drafts.unsure_places import MOST_PLACES, unsure_places


def subject() -> np.ndarray:
    alpha = np.zeros((240, 200), np.uint8)
    cv2.ellipse(alpha, (100, 150), (60, 90), 0, 0, 360, 255, cv2.FILLED)
    return alpha


def test_an_ordinary_soft_edge_is_no_place() -> None:
    assert unsure_places(cv2.GaussianBlur(subject(), (0, 0), 0.7)) == []


def test_a_second_person_and_a_faint_arm_are_named_with_their_places() -> None:
    alpha = subject()
    alpha[20:50, 5:25] = 255
    alpha[140:180, 30:60] = 120
    arm, second = unsure_places(alpha)
    assert arm.words == "the left side is unsure"
    assert arm.box == (30, 140, 60, 180)
    assert second.words == "a part of its own at the left side"
    assert second.box == (5, 20, 25, 50)


def test_a_missing_hand_comes_first() -> None:
    alpha = subject()
    alpha[140:180, 30:60] = 120
    hand, _ = unsure_places(alpha, (20, 90, 40, 110))
    assert hand.words == "a hand may be missing"
    assert hand.box == (20, 90, 40, 110)


@given(arrays(np.uint8, (30, 40), elements=st.sampled_from([0, 60, 120, 255])))
def test_places_lie_in_the_picture(alpha: np.ndarray) -> None:
    found = unsure_places(alpha)
    assert len(found) <= MOST_PLACES
    for place in found:
        x1, y1, x2, y2 = place.box
        assert 0 <= x1 < x2 <= 40
        assert 0 <= y1 < y2 <= 30


def test_every_measure_has_words() -> None:
    assert set(WEIGHTS) < set(WORDS)
