from __future__ import annotations

from itertools import permutations

import numpy as np

from datakit.core.faces.detections import FaceDetection, merge_detections


def seen(box, score=0.9, detector="a", turn_deg=0.0, roll_deg=0.0):
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    upright = np.array([[-0.2, -0.15], [0.2, -0.15], [0, 0.05], [0, 0.25]]) * [width, height]
    angle = np.deg2rad(roll_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = upright @ turn.T + middle
    return FaceDetection(np.array(box, float), points, score, detector, turn_deg)


def test_equal_boxes_are_one_face_and_far_ones_are_two():
    faces = merge_detections(
        [seen((0, 0, 10, 10)), seen((1, 0, 11, 10), 0.8, "b"), seen((50, 0, 60, 10), 0.7)]
    )
    assert [face.detectors for face in faces] == [("a", "b"), ("a",)]
    assert faces[0].score == 0.9


def test_a_face_cut_by_a_tile_is_no_second_face():
    assert len(merge_detections([seen((0, 0, 40, 40)), seen((0, 0, 40, 18), 0.6)])) == 1


def test_a_child_in_front_of_a_parent_stays_a_face_of_its_own():
    assert len(merge_detections([seen((0, 0, 100, 100)), seen((60, 60, 90, 90), 0.6)])) == 2


def test_order_of_the_input_does_not_count():
    found = [
        seen((0, 0, 10, 10), 0.9),
        seen((2, 0, 12, 10), 0.9, "b"),
        seen((5, 0, 15, 10), 0.5),
        seen((30, 0, 45, 10), 0.9),
    ]
    results = {
        tuple(tuple(id(member) for member in face.members) for face in merge_detections(order))
        for order in permutations(found)
    }
    assert len(results) == 1


def test_the_turn_on_which_the_detectors_agree_comes_first():
    # CenterFace sees an upright face upside down as well, with a higher score and a worse box.
    upside_down = seen((0, 0, 40, 30), 0.95, "centerface", turn_deg=180, roll_deg=-10)
    upright = seen((2, 2, 38, 40), 0.9, "centerface", roll_deg=-10)
    other = seen((2, 2, 40, 40), 0.8, "mediapipe", roll_deg=-10)
    (face,) = merge_detections([upside_down, upright, other])
    assert face.members[0] is upright
    assert face.members[-1] is upside_down
    assert face.score == 0.95
