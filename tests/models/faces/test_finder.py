"""How closely a photo is searched for faces: as the upright photo and the people in it say."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.core.faces.detections import FaceDetection
from datakit.models.faces.finder import TURNS_DEG, FaceFinder

IMAGE = np.full((240, 240, 3), 90, np.uint8)
# One person in the left half, from head to foot.
PERSON = np.zeros((24, 24), bool)
PERSON[2:, 2:10] = True


def face(x, y, roll_deg=0.0, score=0.9, side=40):
    roll = np.deg2rad(roll_deg)
    across = np.array([np.cos(roll), np.sin(roll)]) * side * 0.2
    middle = np.array([x, y], float)
    points = np.array([middle - across, middle + across, middle, middle])
    return FaceDetection(
        np.concatenate([middle - side / 2, middle + side / 2]), points, score, "fake"
    )


class Counts:
    """A detector that finds what it is told, and counts how it was asked."""

    name, sha256, turns_well = "fake", "0" * 64, True

    def __init__(self, *found, closely=()):
        self.found, self.closely = list(found), list(closely)
        self.close_looks = self.turned_looks = 0

    def detect(self, image):
        return self.found

    def detect_closely(self, image):
        self.close_looks += 1
        return self.closely

    def detect_turned(self, image):
        self.turned_looks += 1
        return []

    def detect_faint(self, image):
        return []


def looks(detector, person):
    found = FaceFinder([detector]).find(IMAGE, person)
    return len(found), detector.close_looks, detector.turned_looks


def test_a_person_with_an_upright_face_is_searched_once():
    assert looks(Counts(face(60, 50)), PERSON) == (1, 0, 0)
    assert looks(Counts(face(60, 50, roll_deg=30)), PERSON) == (1, 0, 0)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param([], id="no face"),
        pytest.param([face(60, 50, score=0.4)], id="no sure face"),
        pytest.param([face(200, 50)], id="a face far from the person"),
        pytest.param([face(60, 50, side=8)], id="a face too small to be the person's"),
        pytest.param([face(60, 50, roll_deg=50)], id="a face that leans"),
        pytest.param([face(60, 50), face(200, 60, roll_deg=90)], id="another one that leans"),
        pytest.param(
            [face(60, 50), face(200, 60, roll_deg=180, score=0.25)], id="a faint one upside down"
        ),
    ],
)
def test_what_is_not_explained_is_searched_closely_and_turned(found):
    detector = Counts(*found, closely=[face(150, 150, side=20)])
    assert looks(detector, PERSON) == (len(found) + 1, 1, len(TURNS_DEG))


def test_without_a_segmentation_every_photo_is_searched_closely():
    assert looks(Counts(face(60, 50)), None) == (1, 1, len(TURNS_DEG))
