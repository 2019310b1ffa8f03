import numpy as np
import pytest

from datakit.core.quality.label_quality import extra_region, label_quality, missing_region
from datakit.errors import InputError
from tests.core.sample_mattes import disk

FULL = disk(128, 50)


def test_one_wrong_region_counts_although_the_rest_is_right() -> None:
    torn = FULL.copy()
    torn[30:60, 40:80] = 0
    assert label_quality(FULL, FULL) > 0.75
    assert label_quality(torn, FULL) < 0.15


def test_the_missing_part_is_found_where_it_is() -> None:
    torn = FULL.copy()
    torn[30:60, 40:80] = 0
    missing = missing_region(torn, FULL, slack_px=2)
    assert missing.box_xyxy == (40, 30, 80, 60)
    assert missing.area_share == pytest.approx(1200 / np.count_nonzero(torn > 0.5), rel=0.02)
    assert extra_region(torn, FULL, slack_px=2).box_xyxy is None
    assert extra_region(FULL, torn, slack_px=2).box_xyxy == (40, 30, 80, 60)


def test_a_coarse_edge_is_no_region() -> None:
    assert missing_region(disk(128, 47), FULL, slack_px=3).area_share == 0
    assert extra_region(FULL, disk(128, 47), slack_px=3).area_share == 0


def test_a_region_at_the_border_is_not_eroded_there() -> None:
    alpha, confidence = np.zeros((2, 60, 60), np.float32)
    confidence[:, :20] = 1
    assert missing_region(alpha, confidence, slack_px=4).box_xyxy == (0, 0, 20, 60)


def test_sizes_must_agree() -> None:
    with pytest.raises(InputError, match="one size"):
        label_quality(FULL, FULL[1:])
