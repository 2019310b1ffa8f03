"""Appearance measures of one sample, for ``stats --balance``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datakit.core.faces.bodies import PERSON_CONFIDENCE
from datakit.core.faces.traits import face_measures
from datakit.core.quality.balance import label_measures, photo_measures
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.pixels.decoders import decode_photo
from datakit.models.faces.base import DETECTORS, FACE_DETECTORS
from datakit.models.faces.finder import FaceFinder
from datakit.models.segmenters.selfie import SelfieMatte
from datakit.verbs.shared.inspect import stored_label


@dataclass
class Appearance:
    """Measure what a sample looks like: its photo, its label, its largest face."""

    def __post_init__(self) -> None:
        self._finder = FaceFinder([FACE_DETECTORS.load(name)() for name in DETECTORS])
        self._people = SelfieMatte()

    def __call__(self, item: Item) -> dict[str, float]:
        """Return measure -> value; measures that a sample does not have are left out."""
        if item.image is None:
            raise InputError(f"{item.source_name}: expected an image, the source names none")
        image = decode_photo(item.image.read(), item.image.name, transparency=item.transparency)
        person = self._people.coarse(image) >= PERSON_CONFIDENCE
        faces = self._finder.find(image, person)
        found = photo_measures(image) | face_measures(faces, (image.shape[1], image.shape[0]))
        label = stored_label(item)
        if label is None:
            return found
        soft = label if label.dtype == np.float32 else (label > 0).astype(np.float32)
        return found | label_measures(soft)
