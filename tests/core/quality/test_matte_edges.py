import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.quality.matte_edges import edge_points, hard_edge_share, transition_width_px
from datakit.errors import InputError
from tests.core.sample_mattes import disk


@given(st.floats(4, 20))
@settings(max_examples=20, deadline=None)
def test_width_of_a_ramp_is_its_width(width_px: float) -> None:
    alpha = disk(160, 50, width_px)
    found = transition_width_px(alpha, edge_points(alpha, limit=500))
    assert found == pytest.approx(width_px, rel=0.1)


def test_a_step_has_the_least_width() -> None:
    alpha = (disk(100, 30) > 0.5).astype(np.float32)
    assert transition_width_px(alpha, edge_points(alpha, limit=500)) == pytest.approx(2, abs=0.5)


def test_width_of_a_blur() -> None:
    step = (disk(300, 100) > 0.5).astype(np.float32)
    blurred = cv2.GaussianBlur(step, (0, 0), 6)
    found = transition_width_px(blurred, edge_points(blurred, limit=500))
    assert found == pytest.approx(6 * np.sqrt(2 * np.pi), rel=0.05)


def test_no_edge_no_width() -> None:
    empty = np.zeros((20, 20), np.float32)
    assert np.isnan(transition_width_px(empty, edge_points(empty, limit=10)))
    assert np.isnan(hard_edge_share(empty))


def test_normals_point_inwards() -> None:
    alpha = disk(101, 30)
    points = edge_points(alpha, limit=1000)
    to_centre = 50 - points.yx
    cosine = (points.normals_yx * to_centre).sum(1) / np.linalg.norm(to_centre, axis=1)
    assert cosine.min() > 0.98


def test_hardness_tells_mask_from_matte() -> None:
    soft = disk(100, 30, 4)
    assert hard_edge_share((soft > 0.5).astype(np.float32)) == 1
    assert hard_edge_share(soft) < 0.05


def test_points_are_limited_and_spread() -> None:
    points = edge_points(disk(200, 80), limit=50)
    assert len(points.yx) == 50
    assert np.ptp(points.yx[:, 0]) > 150


@pytest.mark.parametrize("bad", [np.zeros((4, 4)), np.zeros((4, 4, 1), np.float32)])
def test_other_arrays_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(InputError, match="float32"):
        edge_points(bad, limit=5)
