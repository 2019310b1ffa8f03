"""What every warp counts on of OpenCV: the ranges in pyproject.toml admit only versions that do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest


@pytest.mark.parametrize("interpolation", [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_remap_fills_all_that_lies_outside(
    channels: int, dtype: type[np.generic], interpolation: int
) -> None:
    picture = np.full((30, 41, channels), 200, dtype)
    for height, width in ((8, 9), (61, 33), (5, 90)):
        away = np.full((height, width), -50, np.float32)
        moved = cv2.remap(picture, away, away, interpolation, borderMode=cv2.BORDER_CONSTANT)
        assert not moved.any()
