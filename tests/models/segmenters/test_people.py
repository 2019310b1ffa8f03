"""The offline chain: better outlines than one look, and people told from cats and cups."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from datakit.core.metrics.mask_metrics import mask_scores
from datakit.models.factory import Settings
from datakit.models.segmenters.base import Segmenter, build, identify

pytest.importorskip("ai_edge_litert")


def read(path: Path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@pytest.fixture(scope="module")
def chain() -> Segmenter:
    return build("mediapipe-selfie", Settings(effort="default"))


def test_people_are_seen_and_objects_are_not(sample_data: Path, chain: Segmenter) -> None:
    [astronaut] = chain.segment([read(sample_data / "portraits/images/astronaut.jpg")])
    assert astronaut.is_person is True
    for name in ("chelsea", "coffee"):
        [found] = chain.segment([read(sample_data / f"photos/{name}.jpg")])
        assert found.is_person is False
        # What the networks took for a person is still said.
        assert found.probability.max() > 0.5


def test_the_mirrored_photo_gets_nearly_the_mirrored_map(
    sample_data: Path, chain: Segmenter
) -> None:
    image = read(sample_data / "portraits/images/astronaut.jpg")
    one, other = chain.segment([image, np.ascontiguousarray(image[:, ::-1])])
    apart = np.abs(one.to_image_size() - other.to_image_size()[:, ::-1])
    assert apart.mean() < 0.03


def test_it_is_better_than_one_look_on_real_portraits(shared_data: Path) -> None:
    folder = shared_data / "matting/ppm100"
    files = sorted((folder / "image").iterdir())[:3]
    levels = {}
    for effort in ("fast", "default"):
        segmenter = build("mediapipe-selfie", Settings(effort=effort))
        scores = []
        for file in files:
            (label,) = (folder / "alpha").glob(f"{file.stem}.*")
            truth = cv2.imread(str(label), cv2.IMREAD_GRAYSCALE) > 127
            found = segmenter.segment([read(file)])[0].to_image_size() > 0.5
            scores.append(mask_scores(found, truth)["iou"])
        levels[effort] = np.mean(scores)
    assert levels["default"] > levels["fast"]


def test_history_names_every_network() -> None:
    assert not identify("mediapipe-selfie", Settings(effort="fast")).members
    assert len(identify("mediapipe-selfie", Settings(effort="default")).members) == 5
    members = identify("mediapipe-selfie", Settings(effort="best")).members
    assert len({member.sha256 for member in members}) == 7
    assert {member.licence for member in members} == {"Apache-2.0"}
