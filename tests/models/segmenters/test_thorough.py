"""A model of one's own with the offline chain beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from datakit.core.images import network_input
from datakit.models.factory import Identity, Settings
from datakit.models.prediction import Hint, Image, Prediction
from datakit.models.segmenters.base import build
from datakit.models.segmenters.thorough import SURE, ThoroughSegmenter

pytest.importorskip("ai_edge_litert")


def test_it_is_the_mean_of_the_log_odds_of_both(sample_data: Path) -> None:
    image = cv2.cvtColor(
        cv2.imread(str(sample_data / "portraits/images/astronaut.jpg")), cv2.COLOR_BGR2RGB
    )
    model = build("otsu")
    thorough = ThoroughSegmenter(model, Settings())
    [found] = thorough.segment([image])
    own = model.segment([image])[0].to_image_size()
    mirrored = model.segment([np.ascontiguousarray(image[:, ::-1])])[0].to_image_size()[:, ::-1]
    people = build("mediapipe-selfie", Settings(effort="default")).segment([image])[0]

    def odds(values: np.ndarray) -> np.ndarray:
        kept = np.clip(values, SURE, 1 - SURE)
        return np.log(kept / (1 - kept))

    mean = (odds(own) + odds(mirrored)) / 4 + odds(people.to_image_size()) / 2
    expected = np.clip((1 / (1 + np.exp(-mean)) - SURE) / (1 - 2 * SURE), 0, 1)
    assert np.abs(found.to_image_size() - expected).mean() < 0.01
    assert found.is_person is True
    assert thorough.identity.name == "otsu"
    assert len(thorough.identity.members) == 8


class Hinted:
    """Remembers its hints, and sees nobody."""

    takes_hints = True
    identity = Identity(name="hinted")

    def __init__(self) -> None:
        self.seen: list[Hint | None] = []

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        self.seen += hints or [None] * len(images)
        size = network_input.identity((images[0].shape[0], images[0].shape[1]))
        return [Prediction(np.zeros(size.image_hw, np.float32), size, raw_max=0.0)] * len(images)


def test_the_mirrored_photo_has_mirrored_hints() -> None:
    hint = Hint(boxes_xyxy=((10.0, 5.0, 30.0, 40.0), (60.0, 0.0, 90.0, 50.0)))
    model = Hinted()
    [found] = ThoroughSegmenter(model, Settings()).segment(
        [np.zeros((50, 100, 3), np.uint8)], [hint]
    )
    # What all are sure of is no haze.
    assert found.probability.min() < 1e-6
    first, second = model.seen
    assert first == hint and second is not None
    assert second.boxes_xyxy == ((70.0, 5.0, 90.0, 40.0), (10.0, 0.0, 40.0, 50.0))
