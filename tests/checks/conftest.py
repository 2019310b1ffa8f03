import cv2
import numpy as np
import pytest

from datakit.checks.base import StoredFile, Subject
from datakit.records.probe import Probe
from tests.planted.base import hand_at, stand_in_segmenter, to_levels, trimap_of
from tests.planted.mattes import CleanMatte, analytic_matte


@pytest.fixture(scope="session")
def matte() -> CleanMatte:
    return analytic_matte(3)


@pytest.fixture
def whole_subject(matte: CleanMatte) -> Subject:
    """A clean sample with everything that a check can look at."""
    levels = to_levels(matte.alpha)
    probe = Probe(format="PNG", mode="L", stored_wh=levels.shape[::-1])
    return Subject(
        matte.name,
        matte.image,
        levels,
        StoredFile(probe),
        StoredFile(probe),
        mask=matte.alpha > 0.5,
        trimap=trimap_of(matte.alpha, 3),
        region=cv2.circle(np.zeros_like(levels), (60, 60), 30, 255, -1) > 0,
        confidence=stand_in_segmenter(matte.alpha, np.random.default_rng(0)),
        hands=[hand_at((180, 380), 40)],
        group="one",
        split="train",
    )
