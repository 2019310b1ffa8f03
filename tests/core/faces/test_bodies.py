from __future__ import annotations

import numpy as np
import pytest

from datakit.core.faces.bodies import Head, faceless


def person(height=100, width=100):
    """A head of 10 by 12 over shoulders 30 wide, down to the lower border."""
    seen = np.zeros((height, width), bool)
    seen[10:22, 45:55] = True
    seen[22:, 35:65] = True
    return seen


def test_a_body_belongs_to_its_face():
    assert faceless(person(), [Head(np.array([50.0, 16]), 12)], (100, 100)).share == 0


def test_a_person_without_a_face_is_told_with_its_place():
    left = faceless(person(), [], (200, 400))
    assert left.share == pytest.approx(person().mean())
    assert left.box_xyxy == (70, 40, 130, 400)


@pytest.mark.parametrize("where", [(50, 60), (36, 30)])
def test_a_hit_on_the_body_is_too_small_for_it(where):
    assert faceless(person(), [Head(np.array(where, float), 4)], (100, 100)).share > 0.05


def test_a_small_face_beside_the_person_does_not_own_it():
    assert faceless(person(), [Head(np.array([20.0, 30]), 6)], (100, 100)).share > 0.1


@pytest.mark.parametrize("turn", range(4))
def test_a_lying_person_belongs_to_a_lying_face(turn):
    seen, head = np.rot90(person(), turn), np.array([50.0, 16]) - 50
    for _ in range(turn):
        head = np.array([head[1], -head[0]])
    roll = -np.pi / 2 * turn
    owned = faceless(seen, [Head(head + 50, 12, roll)], (100, 100))
    assert owned.share == 0
    if turn:
        assert faceless(seen, [Head(head + 50, 6)], (100, 100)).share > 0


def test_photos_of_other_shape_than_the_mask_are_measured_in_their_own_pixels():
    head = Head(np.array([500.0, 32]), 24)
    assert faceless(person(), [head], (1000, 200)).share > 0
    assert faceless(person(), [Head(np.array([100.0, 160]), 120)], (200, 1000)).share == 0
