from __future__ import annotations

import numpy as np
import pytest

from datakit.core.faces.detections import FaceDetection
from datakit.core.faces.face_mask import (
    MESH_POINTS,
    REGIONS,
    box_iod_px,
    ellipse_mask,
    mesh_iod_px,
    mesh_keypoints,
    mesh_offset_iod,
    polygon_mask,
)


@pytest.fixture
def mesh():
    """Landmarks of a made-up face: eyes 40 px apart, everything else inside an ellipse."""
    rng = np.random.default_rng(7)
    angle, radius = rng.uniform(0, 2 * np.pi, MESH_POINTS), np.sqrt(rng.uniform(0, 1, MESH_POINTS))
    points = np.column_stack(
        [
            100 + 45 * radius * np.cos(angle),
            100 + 60 * radius * np.sin(angle),
            rng.uniform(-5, 5, MESH_POINTS),
        ]
    )
    points[[33, 133]] = [[75, 85, 0], [85, 85, 0]]
    points[[362, 263]] = [[115, 85, 0], [125, 85, 0]]
    points[1] = [100, 105, 0]
    points[[61, 291]] = [[85, 130, 0], [115, 130, 0]]
    points[10], points[152] = [100, 40, 0], [100, 160, 0]
    return points


def detection(points):
    return FaceDetection(np.array([55.0, 45, 145, 155]), np.asarray(points, float), 0.9, "test")


def test_iod_does_not_shrink_when_the_head_turns(mesh):
    turned = mesh.copy()
    yaw = np.deg2rad(60)
    turned[:, 0] = 100 + (mesh[:, 0] - 100) * np.cos(yaw)
    turned[:, 2] = (mesh[:, 0] - 100) * np.sin(yaw)
    assert mesh_iod_px(mesh) == pytest.approx(40)
    assert mesh_iod_px(turned) == pytest.approx(40)
    assert mesh_iod_px(mesh * 2) == pytest.approx(80)


@pytest.mark.parametrize("corners", [False, True])
def test_the_guard_agrees_with_its_own_keypoints(mesh, corners):
    assert mesh_offset_iod(mesh, detection(mesh_keypoints(mesh, corners))) == pytest.approx(0)


def test_the_guard_measures_in_iod_and_refuses_points_outside(mesh):
    points = mesh_keypoints(mesh, mouth_corners=True)
    shifted = points + np.array([8, 0])
    assert mesh_offset_iod(mesh, detection(shifted)) == pytest.approx(0.2)
    points[2] = [300, 100]
    assert mesh_offset_iod(mesh, detection(points)) == np.inf


@pytest.mark.parametrize("region", REGIONS)
def test_regions_hold_eyes_nose_and_mouth(mesh, region):
    mask = polygon_mask(REGIONS[region](mesh), (220, 200))
    for x, y in mesh_keypoints(mesh, mouth_corners=True):
        assert mask[int(y), int(x)]


def test_the_head_is_larger_than_the_oval(mesh):
    mesh = mesh.copy()
    oval, head = (polygon_mask(REGIONS[name](mesh), (260, 240)) for name in ("oval", "head"))
    assert head.sum() > oval.sum()


def test_the_ellipse_covers_the_box_but_for_its_corners():
    mask = ellipse_mask(np.array([10.0, 10, 30, 40]), (60, 50))
    assert mask[11:39, 20].all()
    assert mask[25, 11:29].all()
    assert not mask[0, 0]


def test_the_smallest_face_masks_a_pixel():
    assert ellipse_mask(np.array([4.2, 4.2, 4.4, 4.4]), (9, 9)).any()
    assert polygon_mask(np.zeros((3, 2)), (0, 5)).shape == (0, 5)


def test_box_iod_grows_with_the_box():
    face = detection(np.zeros((4, 2)))
    assert box_iod_px(face) == pytest.approx(0.39 * 110)
