"""Hands are found on real portraits, and a label from which one was cut is told so."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("ai_edge_litert")

from datakit.core.drafts.hands import MISSING_SHARE, missing_hand
from datakit.models.factory import Settings
from datakit.models.segmenters.base import build
from datakit.models.segmenters.hands import PeoplesHands, hands_identity

PORTRAIT = "506937171_b73ff1c24b_o"


@pytest.fixture
def portrait(shared_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """A woman who holds a camera in both hands, at a quarter of its size, and her alpha."""
    folder = shared_data / "matting/ppm100"
    image = cv2.imread(str(folder / f"image/{PORTRAIT}.jpg"), cv2.IMREAD_REDUCED_COLOR_2)
    alpha = cv2.imread(str(folder / f"alpha/{PORTRAIT}.jpg"), cv2.IMREAD_REDUCED_GRAYSCALE_2)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB), alpha.astype(np.float32) / 255


def test_a_hand_cut_out_of_a_real_label_is_missing(portrait: tuple[np.ndarray, np.ndarray]) -> None:
    image, alpha = portrait
    hands = PeoplesHands().find(image)
    assert len(hands) >= 2
    assert all(hand.arm_xy is not None for hand in hands)
    assert missing_hand(alpha, hands).share < 0.2
    cut = alpha.copy()
    height = alpha.shape[0]
    cut[round(0.28 * height) : round(0.43 * height), : round(0.33 * height)] = 0
    share, box = missing_hand(cut, hands)
    assert share > MISSING_SHARE
    assert box is not None
    assert box[2] < 0.4 * height


def test_the_best_effort_looks_for_hands_and_the_default_does_not(
    portrait: tuple[np.ndarray, np.ndarray],
) -> None:
    [found] = build("mediapipe-selfie", Settings(effort="best")).segment([portrait[0]])
    assert found.hands is not None
    assert len(found.hands) >= 2
    small = np.full((60, 80, 3), 140, np.uint8)
    [other] = build("mediapipe-selfie", Settings(effort="default")).segment([small])
    assert other.hands is None


def test_a_portrait_without_hands_and_a_wall_have_none(sample_data: Path) -> None:
    image = cv2.imread(str(sample_data / "portraits/images/astronaut.jpg"))
    finder = PeoplesHands()
    assert finder.find(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)) == []
    assert finder.find(np.full((90, 120, 3), 140, np.uint8)) == []


def test_the_networks_are_named_with_their_licence() -> None:
    members = hands_identity().members
    assert len({member.sha256 for member in members}) == 4
    assert {member.licence for member in members} == {"Apache-2.0"}
