"""Shared by segmenters without a model: a start region, at a small size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.images import network_input
from datakit.core.images.network_input import Placement
from datakit.models.factory import NOT_NEEDED, Identity, Settings
from datakit.models.prediction import Hint, Image, Map, Prediction

Region = npt.NDArray[np.bool_]

LONGER_SIDE_PX = 320
LEAST_SIDE_PX = 8
# Where a person is when nobody says it: away from the sides and the top, down to the bottom edge
# (shares of width and height: x0, y0, x1, y1).
CENTRE_BOX = (0.15, 0.08, 0.85, 1.0)
CENTRE = "centre box"
_POLYGON_BITS = 4


class RegionSegmenter(ABC):
    """Base of segmenters that learn the person's colours from a region of the picture.

    The region is a hint's polygons, else its box, else the middle of the picture
    (`CENTRE_BOX`); `Prediction.hint` says which. They see colours only: expect drafts that need
    hands, and a high uncertainty.
    """

    USES: frozenset[str] = frozenset()
    NAME = ""
    takes_hints = True

    def __init__(self, settings: Settings) -> None:
        self.identity = self.identify(settings)

    @classmethod
    def identify(cls, settings: Settings) -> Identity:
        """There are no weights, and nothing that a licence could bind."""
        runtime = f"opencv {cv2.__version__}, cpu"
        return Identity(name=cls.NAME, licence=NOT_NEEDED, runtime=runtime)

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return one prediction per picture, at most 320 pixels on the longer side."""
        given = hints if hints is not None else [None] * len(images)
        return [self._one(image, hint) for image, hint in zip(images, given, strict=True)]

    @abstractmethod
    def probability(self, image: Image, region: Region) -> Map:
        """Return (h, w) float32 in [0, 1] for a small picture.

        `region` (h, w) bool is neither empty nor everything.
        """

    def _one(self, image: Image, hint: Hint | None) -> Prediction:
        height, width = image.shape[:2]
        scale = min(1.0, LONGER_SIDE_PX / max(height, width))
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        place = Placement((height, width), size, (0, 0, size[1], size[0]))
        region, source = starting_region(place, hint)
        if min(size) < LEAST_SIDE_PX or region.all() or not region.any():
            # Nothing to learn from: an empty draft, and raw_max tells that no person was found.
            return Prediction(np.zeros(size, np.float32), place, raw_max=0.0, hint=source)
        small = network_input.to_input(image, place, (0, 0, 0))
        found = np.ascontiguousarray(self.probability(small, region))
        return Prediction(found, place, raw_max=float(found.max()), hint=source)


def starting_region(place: Placement, hint: Hint | None) -> tuple[Region, str]:
    """Return where the person should be, (h, w) bool, small, and the source of the prompt."""
    height, width = place.input_hw
    scale = np.array([width / place.image_hw[1], height / place.image_hw[0]])
    region = np.zeros((height, width), np.uint8)
    if hint is not None and hint.polygons:
        corners = [
            np.rint(polygon * scale * 2**_POLYGON_BITS).astype(np.int32)
            for polygon in hint.polygons
        ]
        for polygon in corners:
            cv2.fillPoly(region, [polygon], 1, shift=_POLYGON_BITS)
        return region.astype(bool), hint.source
    if hint is not None and hint.box_xyxy is not None:
        box, source = np.array(hint.box_xyxy).reshape(2, 2) * scale, hint.source
    else:
        box, source = np.array(CENTRE_BOX).reshape(2, 2) * [width, height], CENTRE
    (x0, y0), (x1, y1) = np.clip(np.rint(box), 0, [width, height]).astype(int)
    region[y0:y1, x0:x1] = 1
    return region.astype(bool), source
