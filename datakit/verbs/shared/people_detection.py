"""The people of one photo: how many it shows, and the embeddings of their faces."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from datakit.core.faces.bodies import PERSON_CONFIDENCE, SURE_SCORE, count_people
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.pixels.decoders import decode_photo
from datakit.models.embeddings.face_embedder import FaceEmbedder
from datakit.models.faces.base import DETECTORS, FACE_DETECTORS
from datakit.models.faces.finder import FaceFinder
from datakit.models.faces.masks import FaceMasker
from datakit.models.faces.mediapipe import MediapipeMesh
from datakit.models.segmenters.selfie import SelfieMatte


@dataclass(frozen=True, eq=False)
class SeenFace:
    """A face that is large enough to tell whose it is.

    Attributes
    ----------
    box_xyxy : (x0, y0, x1, y1)
    vector : (D,) float32
    """

    box_xyxy: tuple[int, int, int, int]
    vector: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class People:
    """The people of a photo.

    Attributes
    ----------
    count : int
        How many there are; see `datakit.core.faces.bodies.count_people`.
    faces : tuple of SeenFace
        Those that can be compared; none without a model.
    unclear : int
        Sure faces that are too small for it, or without landmarks.
    """

    count: int
    faces: tuple[SeenFace, ...] = ()
    unclear: int = 0


@dataclass
class DetectPeople:
    """Count the people of a photo; with a model, also take the vectors of their faces.

    Faces are found as ``anonymize`` finds them, and compared when the mesh of their landmarks
    agrees: to an embedding a wrist is much like a padlock, and both would be one person.
    """

    model: str | None = None
    weights: tuple[str, ...] = ()
    _embedder: FaceEmbedder | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._masker = FaceMasker(MediapipeMesh(), "oval")
        self._finder = FaceFinder([FACE_DETECTORS.load(name)() for name in DETECTORS])
        self._people = SelfieMatte()
        self._embedder = FaceEmbedder(self.model, self.weights) if self.model else None

    def __call__(self, item: Item) -> People:
        """Detect the people of one sample; InputError when it has no image."""
        if item.image is None:
            raise InputError(f"{item.source_name}: expected an image, the source names none")
        image = decode_photo(item.image.read(), item.image.name, transparency=item.transparency)
        person = self._people.coarse(image) >= PERSON_CONFIDENCE
        faces = self._finder.find(image, person)
        count = count_people(person, faces, (image.shape[1], image.shape[0]))
        if self._embedder is None:
            return People(count)
        least = self._embedder.contract.min_face_px
        sure = [face for face in faces if face.score >= SURE_SCORE]
        large = [
            face
            for face in sure
            if face.members[0].side_px >= least
            and self._masker.mask(image, face).mesh_offset_iod is not None
        ]
        vectors = self._embedder.embed(image, large) if large else ()
        seen = tuple(
            SeenFace(tuple(np.rint(face.box_xyxy).astype(int).tolist()), vector)
            for face, vector in zip(large, vectors, strict=True)
        )
        return People(count, seen, len(sure) - len(large))
