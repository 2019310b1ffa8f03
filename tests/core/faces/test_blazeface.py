"""Anchors, boxes, suppression and rectangles of BlazeFace, against figures worked out by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.core.faces import blazeface
from datakit.core.faces.blazeface import Rect


def seen(centre, size, score, side=128):
    """Return the raw values of one anchor at (0.5, 0.5): box and six equal keypoints."""
    raw = [*(np.array(centre) * side - side / 2), *(np.array(size) * side)]
    raw += [0.1 * side, -0.1 * side] * 6
    return raw, float(np.log(score / (1 - score)))


def decoded(*faces, threshold=0.5):
    raw, logits = zip(*faces, strict=True)
    centres = np.full((len(faces), 2), 0.5)
    arrays = np.array(raw, np.float32), np.array(logits, np.float32)
    return blazeface.decode(*arrays, centres, 128, threshold)


def test_the_anchors_of_both_networks_are_counted_as_published():
    assert blazeface.anchors(192, [(4, 1)]).shape == (2304, 2)
    assert blazeface.anchors(128, [(8, 2), (16, 6)]).shape == (896, 2)


def test_one_face_is_decoded():
    found = decoded(seen((0.4, 0.6), (0.2, 0.1), 0.8))
    assert found.boxes_xyxy[0] == pytest.approx([0.3, 0.55, 0.5, 0.65], abs=1e-6)
    assert found.keypoints_xy[0, 0] == pytest.approx([0.6, 0.4], abs=1e-6)
    assert found.scores[0] == pytest.approx(0.8)


def test_overlapping_boxes_are_averaged_by_their_scores_and_keep_the_best():
    found = decoded(seen((0.5, 0.5), (0.2, 0.2), 0.6), seen((0.52, 0.5), (0.2, 0.2), 0.9))
    assert found.scores.tolist() == pytest.approx([0.9])
    middle = (0.6 * 0.5 + 0.9 * 0.52) / 1.5
    assert found.boxes_xyxy[0] == pytest.approx([middle - 0.1, 0.4, middle + 0.1, 0.6], abs=1e-6)


def test_what_lies_apart_stays_apart_and_the_best_comes_first():
    found = decoded(seen((0.2, 0.2), (0.1, 0.1), 0.6), seen((0.8, 0.8), (0.1, 0.1), 0.9))
    assert found.scores.tolist() == pytest.approx([0.9, 0.6])


def test_negative_sizes_and_values_that_are_no_number_are_no_face():
    broken = [*seen((0.5, 0.5), (0.1, 0.1), 0.9)[0]]
    broken[0] = float("nan")
    assert not decoded((broken, 5.0), seen((0.5, 0.5), (-0.1, 0.1), 0.9)).scores.size


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_a_higher_threshold_keeps_a_part(low, high):
    low, high = sorted((low, high))
    faces = [seen((x, 0.5), (0.05, 0.05), s) for x, s in ((0.1, 0.2), (0.4, 0.5), (0.8, 0.93))]
    few, many = (decoded(*faces, threshold=value).scores for value in (high, low))
    assert set(few) <= set(many)
    assert all(score >= high - 1e-6 for score in few)


def test_an_upright_crop_of_the_same_size_is_the_image():
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    whole = blazeface.whole_rect(16, 16)
    crop = blazeface.crop_to_tensor(image, whole, 16, (0, 255), cv2.BORDER_CONSTANT)
    assert (crop[0] == image).all()


def test_a_wide_image_is_padded_above_and_below_and_its_faces_come_back():
    rect = blazeface.whole_rect(40, 20)
    image = np.full((20, 40, 3), 255, np.uint8)
    crop = blazeface.crop_to_tensor(image, rect, 8, (-1, 1), cv2.BORDER_CONSTANT)[0, ..., 0]
    assert crop[:1].max() == -1
    assert crop[3:5].min() == 1
    found = blazeface.in_image(decoded(seen((0.5, 0.5), (0.1, 0.1), 0.9)), rect)
    assert found.boxes_xyxy[0] == pytest.approx([18, 8, 22, 12], abs=1e-4)


@given(st.floats(-3.1, 3.1), st.floats(10, 90), st.floats(10, 90), st.floats(4, 60))
def test_the_way_into_a_turned_square_is_the_way_back(roll, x, y, side):
    rect = Rect((x, y), (side, side), roll)
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.5]])
    back = blazeface.mesh_in_image(corners, rect)
    # OpenCV starts at the lower left corner and goes round clockwise.
    expected = cv2.boxPoints(((x, y), (side, side), float(np.rad2deg(roll))))[[1, 2, 3, 0]]
    assert back[:, :2] == pytest.approx(expected, abs=1e-3)
    assert back[3, 2] == pytest.approx(side / 2)


def test_the_square_of_a_mesh_follows_the_eyes():
    rect = blazeface.mesh_rect(np.array([10.0, 10, 30, 20]), np.array([[15, 10.0], [15, 20]]))
    assert rect.centre_xy == (20, 15)
    assert rect.size_wh == (30, 30)
    assert rect.roll_rad == pytest.approx(np.pi / 2)
