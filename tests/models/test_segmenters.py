"""Every segmenter through one suite."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from datakit.models.segmenters import Segmenter, build, segment_one


@pytest.fixture(scope="module", params=["mediapipe-selfie"])
def segmenter(request: pytest.FixtureRequest) -> Segmenter:
    pytest.importorskip("mediapipe")
    return build(request.param)


def test_it_sees_the_person(segmenter: Segmenter, sample_data: Path) -> None:
    folder = sample_data / "portraits"
    image = cv2.cvtColor(cv2.imread(str(folder / "images" / "astronaut.jpg")), cv2.COLOR_BGR2RGB)
    alpha = cv2.imread(str(folder / "alphas" / "astronaut.png"), cv2.IMREAD_GRAYSCALE) > 127
    found = segment_one(segmenter, image)
    assert found.shape == alpha.shape
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    solid = found > 0.5
    assert (solid & alpha).sum() / (solid | alpha).sum() > 0.85
    assert len(segmenter.identity.sha256 or "") == 64
