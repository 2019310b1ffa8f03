"""Appearance of one sample, for ``stats --balance``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from datakit.core.faces.bodies import PERSON_CONFIDENCE, SURE_SCORE
from datakit.core.faces.detections import Face
from datakit.core.faces.skin_tone import tone_of, typology_angle
from datakit.core.faces.traits import face_measures
from datakit.core.quality.balance import label_measures, photo_measures
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.pixels.decoders import decode_photo
from datakit.models.faces.base import DETECTORS, FACE_DETECTORS
from datakit.models.faces.finder import FaceFinder
from datakit.models.faces.masks import FaceMasker
from datakit.models.faces.mediapipe import MediapipeMesh
from datakit.models.segmenters.selfie import SelfieMatte
from datakit.verbs.shared.inspect import stored_label


@dataclass(frozen=True)
class Looks:
    """What a sample looks like.

    Attributes
    ----------
    measures : dict
        Measure -> value; measures that a sample does not have are left out.
    tones : tuple of str or None
        The coarse class of each sure face's skin tone, None where it cannot be told; empty unless
        asked for. The angle itself does not leave the task.
    """

    measures: dict[str, float]
    tones: tuple[str | None, ...] = ()


@dataclass
class Appearance:
    """Measure what a sample looks like: its photo, its label, its faces."""

    skin_tone: bool = False
    _masker: FaceMasker | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._finder = FaceFinder([FACE_DETECTORS.load(name)() for name in DETECTORS])
        self._people = SelfieMatte()
        self._masker = FaceMasker(MediapipeMesh(), "oval") if self.skin_tone else None

    def __call__(self, item: Item) -> Looks:
        """Measure one sample; InputError when it has no image."""
        if item.image is None:
            raise InputError(f"{item.source_name}: expected an image, the source names none")
        image = decode_photo(item.image.read(), item.image.name, transparency=item.transparency)
        person = self._people.coarse(image) >= PERSON_CONFIDENCE
        faces = self._finder.find(image, person)
        found = photo_measures(image) | face_measures(faces, (image.shape[1], image.shape[0]))
        label = stored_label(item)
        if label is not None:
            soft = label if label.dtype == np.float32 else (label > 0).astype(np.float32)
            found |= label_measures(soft)
        return Looks(found, self._tones(image, faces))

    def _tones(self, image: npt.NDArray[np.uint8], faces: Sequence[Face]) -> tuple[str | None, ...]:
        """Return the class of each sure face; None without a mesh to say where its skin is."""
        if self._masker is None:
            return ()
        tones: list[str | None] = []
        for face in (face for face in faces if face.score >= SURE_SCORE):
            found = self._masker.mask(image, face)
            outlined = found.mesh_offset_iod is not None
            angle = typology_angle(image[found.slices], found.mask) if outlined else None
            tones.append(None if angle is None else tone_of(angle))
        return tuple(tones)
