import numpy as np
import pytest

from datakit.core.quality.contour_profiles import edge_colours, fringe_ratio, halo_px
from datakit.core.quality.matte_edges import edge_points
from tests.core.sample_mattes import disk


def compose(alpha: np.ndarray) -> np.ndarray:
    front, back = np.array([200, 60, 40.0]), np.array([20, 90, 160.0])
    image = alpha[..., None] * front + (1 - alpha[..., None]) * back
    return np.rint(image).astype(np.uint8)


@pytest.mark.parametrize("grown_px", [-3, 0, 2, 4])
def test_halo_is_the_growth_in_pixels(grown_px: int) -> None:
    image = compose(disk(200, 60, 4))
    matte = disk(200, 60 + grown_px, 4)
    edge = edge_colours(image, matte, edge_points(matte, limit=500), reach_px=16)
    assert np.median(halo_px(edge)) == pytest.approx(grown_px, abs=0.15)


def test_a_mix_of_both_colours_is_no_fringe_and_a_third_colour_is() -> None:
    alpha = disk(200, 60, 6)
    image = compose(alpha)
    points = edge_points(alpha, limit=500)
    assert np.nanmedian(fringe_ratio(edge_colours(image, alpha, points, reach_px=16))) < 0.3
    rim = (4 * alpha * (1 - alpha))[..., None] * 0.4
    tinted = np.rint(image * (1 - rim) + rim * np.array([0, 255, 0])).astype(np.uint8)
    assert np.nanmedian(fringe_ratio(edge_colours(tinted, alpha, points, reach_px=16))) > 3


def test_equal_colours_tell_nothing() -> None:
    alpha = disk(200, 60, 6)
    gray = np.full((200, 200, 3), 120, np.uint8)
    assert len(edge_colours(gray, alpha, edge_points(alpha, limit=500), reach_px=16).yx) == 0


def test_no_points_no_profiles() -> None:
    alpha = np.zeros((30, 30), np.float32)
    image = np.zeros((30, 30, 3), np.uint8)
    edge = edge_colours(image, alpha, edge_points(alpha, limit=10), reach_px=5)
    assert halo_px(edge).size == fringe_ratio(edge).size == 0
