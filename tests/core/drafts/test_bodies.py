"""Bodies: their rectangle, their map put back where it was cut out, and whether one counts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from datakit.core.drafts.bodies import Body, body_rect, is_there, on_photo, with_bodies
from datakit.core.faces.blazeface import crop_to_tensor

PHOTO_WH = (160, 120)


def body(probability: np.ndarray, presence: float = 1.0) -> Body:
    rect = body_rect(np.array([80.0, 60.0]), np.array([80.0, 30.0]))
    points = np.zeros((33, 2))
    return Body(0.9, presence, points, np.ones(33), rect, probability.astype(np.float32))


@pytest.mark.parametrize("degrees", [0, 37, 90, 180])
def test_a_map_goes_back_to_where_it_was_cut_out(degrees: float) -> None:
    angle = np.deg2rad(degrees)
    hips = np.array([80.0, 60.0])
    rect = body_rect(hips, hips + 30 * np.array([np.sin(angle), -np.cos(angle)]))
    picture = np.zeros((120, 160, 3), np.uint8)
    cv2.ellipse(picture, (85, 55), (20, 9), 30, 0, 360, (255, 255, 255), -1)
    crop = crop_to_tensor(picture, rect, 128, (0, 1), cv2.BORDER_CONSTANT)[0, ..., 0]
    found = on_photo(crop, rect, PHOTO_WH, PHOTO_WH) > 0.5
    true = picture[..., 0] > 127
    assert (found & true).sum() / (found | true).sum() > 0.93


def test_without_bodies_nothing_changes() -> None:
    probability = np.random.default_rng(0).random((60, 80)).astype(np.float32)
    assert with_bodies(probability, [], PHOTO_WH) is probability


def test_a_body_speaks_only_where_it_was_looked_at() -> None:
    probability = np.ones((60, 80), np.float32)
    found = with_bodies(probability, [body(np.zeros((32, 32)))], PHOTO_WH)
    assert found[0, 0] == 1
    assert found[30, 40] == pytest.approx(2 / 3, abs=1e-3)


def test_a_body_is_there_when_it_is_present_and_drafted() -> None:
    drafted = np.zeros((60, 80), np.float32)
    drafted[20:40, 30:50] = 1
    assert is_there(body(np.ones((32, 32))), drafted, PHOTO_WH)
    assert not is_there(body(np.ones((32, 32)), presence=0.4), drafted, PHOTO_WH)
    assert not is_there(body(np.ones((32, 32))), np.zeros((60, 80), np.float32), PHOTO_WH)
