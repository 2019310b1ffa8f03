"""Bodies are found, upright or lying, and points lie on them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("ai_edge_litert")

from datakit.models.segmenters.body_pose import POINTS, BodyFinder


def test_the_points_of_a_portrait_lie_on_the_person(sample_data: Path) -> None:
    folder = sample_data / "portraits"
    image = cv2.cvtColor(cv2.imread(str(folder / "images/astronaut.jpg")), cv2.COLOR_BGR2RGB)
    alpha = cv2.imread(str(folder / "alphas/astronaut.png"), cv2.IMREAD_GRAYSCALE) > 127
    finder = BodyFinder()
    [found] = finder.find(image)
    assert found.presence > 0.9
    assert found.points_xy.shape == (POINTS, 2)
    x, y = np.floor(found.points_xy[0]).astype(int)
    assert alpha[y, x]
    # The nose of the mirrored photo is the mirrored nose.
    [mirrored] = finder.find(np.ascontiguousarray(image[:, ::-1]))
    apart = mirrored.points_xy[0] - [image.shape[1], 0] + found.points_xy[0] * [1, -1]
    assert np.abs(apart).max() < 0.05 * image.shape[1]


def test_nobody_is_found_in_a_plain_wall() -> None:
    assert BodyFinder().find(np.full((90, 120, 3), 140, np.uint8)) == []
