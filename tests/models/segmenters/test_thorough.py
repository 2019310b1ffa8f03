"""A model of one's own with the offline chain beside it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from datakit.models.segmenters.base import Settings, build
from datakit.models.segmenters.thorough import MODEL_WEIGHT, ThoroughSegmenter

pytest.importorskip("ai_edge_litert")


def test_it_is_the_weighted_mean_of_both(sample_data: Path) -> None:
    image = cv2.cvtColor(
        cv2.imread(str(sample_data / "portraits/images/astronaut.jpg")), cv2.COLOR_BGR2RGB
    )
    model = build("otsu")
    thorough = ThoroughSegmenter(model, Settings())
    [found] = thorough.segment([image])
    own = model.segment([image])[0].to_image_size()
    mirrored = model.segment([np.ascontiguousarray(image[:, ::-1])])[0].to_image_size()[:, ::-1]
    people = build("mediapipe-selfie", Settings(effort="default")).segment([image])[0]
    expected = MODEL_WEIGHT * (own + mirrored) / 2 + (1 - MODEL_WEIGHT) * people.to_image_size()
    assert np.abs(found.to_image_size() - expected).mean() < 0.01
    assert found.is_person is True
    assert thorough.identity.name == "otsu"
    assert len(thorough.identity.members) == 6
