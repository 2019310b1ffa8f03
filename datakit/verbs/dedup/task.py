"""Which samples of one cluster to keep: the best, and all that are not copies of a kept one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.similarity.duplicates import same_colours, same_copy
from datakit.core.similarity.hashing import THUMBNAIL_PX
from datakit.core.similarity.picture_match import compare
from datakit.io.store.files import FileRef
from datakit.verbs.shared.near_duplicates import as_thumbnail, opacity_of, small_photo

_OPACITY_OFF = 8.0


@dataclass(frozen=True)
class Member:
    """One sample of a cluster.

    Attributes
    ----------
    file : FileRef
        Its image.
    thumbnail : bytes
        As in its fingerprint.
    exact : int
        Samples with equal pixels have equal numbers; -1: no other has these pixels.
    """

    file: FileRef
    thumbnail: bytes
    exact: int

    @cached_property
    def photo(self) -> npt.NDArray[np.uint8]:
        """The picture in small and in colour."""
        return small_photo(self.file)

    @cached_property
    def opacity(self) -> npt.NDArray[np.float32] | None:
        """The picture's opacity in small, 0 to 255; None where it is opaque."""
        opacity = opacity_of(self.file.read(), self.file.name)
        if opacity is None:
            return None
        scaled = opacity.astype(np.float32) * np.float32(255 / np.iinfo(opacity.dtype).max)
        size = (THUMBNAIL_PX, THUMBNAIL_PX)
        return np.asarray(cv2.resize(scaled, size, interpolation=cv2.INTER_AREA), np.float32)


@dataclass(frozen=True)
class Cluster:
    """Samples that belong together, the best first."""

    key: str
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Keep:
    """Choose what to keep of a cluster.

    A cluster can be a chain, each sample like the next and the first unlike the last: what is
    left out must be a copy of something that stays, by the strict limits.
    """

    def __call__(self, cluster: Cluster) -> tuple[int, ...]:
        """Return the places of the samples to keep."""
        kept: list[int] = []
        for place, member in enumerate(cluster.members):
            if not any(_copies(cluster.members[other], member) for other in kept):
                kept.append(place)
        return tuple(kept)


def _copies(one: Member, other: Member) -> bool:
    """Tell whether nothing is lost when one of the two goes."""
    if one.exact >= 0 and one.exact == other.exact:
        return True
    likeness = compare(as_thumbnail(one.thumbnail), as_thumbnail(other.thumbnail), closely=True)
    if not same_copy(likeness) or not same_colours(one.photo, other.photo):
        return False
    if one.opacity is None or other.opacity is None:
        return one.opacity is other.opacity
    # Turned and flipped copies have turned and flipped opacity: its levels are compared.
    off = np.abs(np.sort(one.opacity, axis=None) - np.sort(other.opacity, axis=None))
    return float(off.mean()) <= _OPACITY_OFF
