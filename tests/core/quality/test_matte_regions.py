import numpy as np
import pytest

from datakit.core.quality.matte_regions import (
    border_line_share,
    border_shares,
    holes,
    inversion_score,
    subjects,
)
from tests.core.sample_mattes import disk


def test_parts_joined_by_faint_alpha_are_one() -> None:
    alpha = np.zeros((20, 40), np.float32)
    alpha[5:15, 2:12] = alpha[5:15, 25:38] = 1
    apart = subjects(alpha)
    assert apart.areas_px.tolist() == [130, 100]
    assert apart.boxes_xyxy.tolist() == [[25, 5, 38, 15], [2, 5, 12, 15]]
    alpha[10, 12:25] = 0.1
    assert subjects(alpha).areas_px.tolist() == [243]


def test_haze_without_anything_solid_is_no_part() -> None:
    assert len(subjects(np.full((9, 9), 0.4, np.float32))) == 0
    assert len(subjects(np.zeros((9, 9), np.float32))) == 0


def test_a_ring_has_one_hole_and_a_bay_is_none() -> None:
    ring = disk(60, 25) - disk(60, 10)
    assert len(holes(ring)) == 1
    ring[30:, 28:32] = 0
    assert len(holes(ring)) == 0


def test_border_shares_are_top_right_bottom_left() -> None:
    alpha = np.zeros((10, 10), np.float32)
    alpha[0, :4], alpha[2:5, -1], alpha[-1, 1:3], alpha[5:6, 0] = 1, 1, 1, 1
    assert border_shares(alpha) == pytest.approx([0.4, 0.3, 0.2, 0.2])


def test_a_line_is_told_from_a_subject_that_leaves_the_picture() -> None:
    alpha = np.zeros((50, 50), np.float32)
    alpha[20:, 10:40] = 1
    assert border_line_share(alpha, inset_px=4) == 0
    alpha[:2, :30] = 1
    assert border_line_share(alpha, inset_px=4) == pytest.approx(0.6)
    assert border_line_share(alpha[:4, :4], inset_px=4) == 0


def test_inversion() -> None:
    portrait = disk(64, 20)
    assert inversion_score(portrait) <= 0
    assert inversion_score(1 - portrait) == pytest.approx(1, abs=0.05)
    assert inversion_score(np.ones((5, 5), np.float32)) == 0
