"""Whether a picture shows people: backgrounds must not."""

from __future__ import annotations

from typing import Protocol

from datakit.io.pixels.decoders import decode_photo
from datakit.io.store.files import FileRef
from datakit.models.faces.base import DETECTORS, FACE_DETECTORS
from datakit.models.faces.finder import FaceFinder


class HasFile(Protocol):
    """An item that is one file."""

    @property
    def file(self) -> FileRef:
        """The file."""


class CountFaces:
    """Count the faces of a picture, turned to all four sides.

    ModelError or InputError says which detector is missing.
    """

    def __init__(self) -> None:
        self._finder = FaceFinder([FACE_DETECTORS.load(name)(None, ()) for name in DETECTORS])

    def __call__(self, item: HasFile) -> int:
        """Return the number of faces."""
        picture = decode_photo(item.file.read(), item.file.name)
        return len(self._finder.find(picture))
