"""Boxes for a segmenter that knows none: each is looked at, outside of them nothing is said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from datakit.core.images import network_input
from datakit.models.factory import Identity, Settings
from datakit.models.prediction import Hint, Prediction
from datakit.models.segmenters.boxed import BoxedSegmenter


class Bright:
    """Everything bright is foreground; `limit` tells what is."""

    takes_hints = False
    identity = Identity(name="bright", sha256="0" * 64)

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def segment(
        self, images: Sequence[np.ndarray], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        maps = [(image[..., 0] > self._limit).astype(np.float32) for image in images]
        return [
            Prediction(one, network_input.identity(one.shape), raw_max=1.0, is_person=False)
            for one in maps
        ]


@pytest.fixture
def image() -> np.ndarray:
    picture = np.full((100, 200, 3), 20, np.uint8)
    picture[30:60, 20:50] = picture[30:60, 120:160] = (220, 40, 40)
    return picture


def test_only_what_is_boxed_is_foreground(image: np.ndarray) -> None:
    segmenter = BoxedSegmenter(Bright(100), Settings())
    [found] = segmenter.segment([image], [Hint(boxes_xyxy=((10.0, 20.0, 60.0, 70.0),))])
    mask = found.to_image_size() > 0.5
    assert mask[30:60, 20:50].all()
    assert mask.sum() == 30 * 30
    # Somebody said that there is an object: nobody else is asked.
    assert found.is_person is None
    assert [member.name for member in segmenter.identity.members] == ["bright", "grabcut"]


def test_where_the_model_sees_nothing_colours_decide(image: np.ndarray) -> None:
    segmenter = BoxedSegmenter(Bright(255), Settings())
    [found] = segmenter.segment([image], [Hint(boxes_xyxy=((110.0, 20.0, 170.0, 70.0),))])
    mask = found.to_image_size() > 0.5
    true = np.zeros((100, 200), bool)
    true[30:60, 120:160] = True
    assert (mask & true).sum() / (mask | true).sum() > 0.9


@pytest.mark.parametrize("box", [(-50.0, -9.0, -2.0, 30.0), (5.0, 5.0, 5.0, 5.0)])
def test_boxes_outside_and_without_area_are_nothing(image: np.ndarray, box) -> None:
    [found] = BoxedSegmenter(Bright(100), Settings()).segment([image], [Hint(boxes_xyxy=(box,))])
    assert not found.probability.any()
