"""The faces of one frame, for its neighbours: the first look at videos and bursts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datakit.core.faces.bodies import PERSON_CONFIDENCE
from datakit.core.faces.neighbours import Sighting
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.pixels.decoders import decode_photo
from datakit.models.faces.base import FACE_DETECTORS
from datakit.models.faces.finder import FaceFinder, sighting_of
from datakit.models.segmenters.selfie import SelfieMatte


@dataclass
class FindFaces:
    """Find the faces of a photo as ``anonymize`` does when it knows of no neighbour."""

    detectors: Sequence[str]
    threshold: float | None
    weights: Sequence[str]

    def __post_init__(self) -> None:
        self._finder = FaceFinder(
            [FACE_DETECTORS.load(name)(self.threshold, self.weights) for name in self.detectors]
        )
        self._people = SelfieMatte()

    def __call__(self, item: Item) -> tuple[Sighting, ...]:
        """Find the faces of one sample; InputError when it has no image."""
        if item.image is None:
            raise InputError(f"{item.source_name}: expected an image, the source names none")
        image = decode_photo(item.image.read(), item.image.name, transparency=item.transparency)
        person = self._people.coarse(image) >= PERSON_CONFIDENCE
        return tuple(sighting_of(face, image) for face in self._finder.find(image, person))
