"""Does a picture show people? Asked of backgrounds, which must not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from datakit.io.pixels.decoders import decode_photo
from datakit.io.store.files import FileRef
from datakit.models.faces.base import FACE_DETECTORS
from datakit.models.faces.finder import FaceFinder

DETECTORS = ("mediapipe", "centerface")


class HasFile(Protocol):
    """An item that is one file."""

    @property
    def file(self) -> FileRef:
        """The file."""


@dataclass(frozen=True)
class CountFaces:
    """Count the faces of a picture, turned to all four sides."""

    def setup(self) -> None:
        """Load the detectors; ModelError or InputError says what is missing."""
        finder = FaceFinder([FACE_DETECTORS.load(name)(None, ()) for name in DETECTORS])
        object.__setattr__(self, "_finder", finder)

    def __call__(self, item: HasFile) -> int:
        """Return the number of faces."""
        picture = decode_photo(item.file.read(), item.file.name)
        return len(self._finder.find(picture))  # type: ignore[attr-defined]
