"""Whether a clean plate still shows somebody."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datakit.models.faces.base import FACE_DETECTORS
from datakit.models.faces.finder import FaceFinder
from datakit.models.segmenters.selfie import SelfieMatte

Image = npt.NDArray[np.uint8]
Bool = npt.NDArray[np.bool_]

FACES = "mediapipe"
PERSON_CONFIDENCE = 0.5
PLATE_SHARE = 0.01
"""A segmenter that takes more of a plate for a person sees one."""


class PeopleCheck:
    """Looks at plates with a face detector and a segmenter of people.

    Raises
    ------
    ModelError
        If a model or its runtime is missing or damaged.
    """

    def __init__(self) -> None:
        self._faces = FaceFinder([FACE_DETECTORS.load(FACES)(None, ())])
        self._people = SelfieMatte()

    def reasons(self, plate: Image) -> tuple[str, ...]:
        """Say what is still seen in an (H, W, 3) uint8 RGB plate; nothing when nobody is."""
        found = []
        if faces := len(self._faces.find(plate)):
            found.append(f"{faces} face{'s' if faces > 1 else ''} found")
        share = person_share(self._people.coarse(plate))
        if share > PLATE_SHARE:
            found.append(f"{share:.1%} of it looks like a person")
        return tuple(found)


def person_share(confidence: npt.NDArray[np.float32]) -> float:
    """Return which share of a confidence map is more likely a person than not.

    Single pixels are left out: what is smaller than a 3 x 3 square at the segmenter's size is no
    person.
    """
    likely = (confidence > PERSON_CONFIDENCE).astype(np.uint8)
    opened = cv2.morphologyEx(likely, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return float(np.count_nonzero(opened) / opened.size)
