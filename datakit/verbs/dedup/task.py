"""Which samples of one cluster to keep: the best, and all that are not copies of a kept one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.similarity.duplicates import Colours, same_colours, same_copy
from datakit.core.similarity.hashing import THUMBNAIL_PX, Fingerprint
from datakit.core.similarity.neighbours import hamming
from datakit.core.similarity.picture_match import compare
from datakit.io.pixels.decoders import decode_opacity
from datakit.io.store.files import FileRef
from datakit.verbs.shared.near_duplicates import shown_colours

NEAREST: Final = 8
"""How many of those that stay a sample is compared with: the nearest by their hashes."""

_OPACITY_OFF: Final = 8.0


@dataclass(frozen=True)
class Member:
    """One sample of a cluster.

    Attributes
    ----------
    file : FileRef
        Its image.
    print : Fingerprint
    exact : int
        Samples with equal pixels have equal numbers; -1: no other has these pixels.
    """

    file: FileRef
    print: Fingerprint
    exact: int

    @cached_property
    def colours(self) -> Colours:
        """Mean and spread of its colours; the picture itself is not kept."""
        return shown_colours(self.file.read(), self.file.name)

    @cached_property
    def opacity(self) -> npt.NDArray[np.float32] | None:
        """The picture's opacity in small, 0 to 255; None where it is opaque."""
        opacity = decode_opacity(self.file.read(), self.file.name)
        if opacity is None:
            return None
        size = (THUMBNAIL_PX, THUMBNAIL_PX)
        return np.asarray(
            cv2.resize(opacity.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32
        )


@dataclass(frozen=True)
class Cluster:
    """Samples of one cluster, the best first."""

    key: str
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Keep:
    """Choose what to keep of a cluster.

    A cluster can be a chain, each sample like the next and the first unlike the last: what is
    left out must be a copy of something that stays, by the strict limits. Of a crowd of look-alikes
    (a sitter's many poses) each is compared with the `NEAREST` alone, so that time grows with the
    cluster and not with its square; what a sample further away would decide stays in.
    """

    def __call__(self, cluster: Cluster) -> tuple[int, ...]:
        """Return the places of the samples to keep."""
        members = cluster.members
        keys = np.array([member.print.key for member in members], np.uint64)
        kept: list[int] = []
        pixels: set[int] = set()
        for rank, member in enumerate(members):
            if member.exact in pixels:
                continue
            far = hamming(keys[kept][:, None], member.print.probes[None]).min(axis=1)
            nearest = np.argsort(far, kind="stable")[:NEAREST]
            if not any(_copies(members[kept[at]], member) for at in nearest.tolist()):
                kept.append(rank)
                pixels |= {member.exact} - {-1}
        return tuple(kept)


def _copies(one: Member, other: Member) -> bool:
    """Tell whether nothing is lost when one of the two goes."""
    match = compare(one.print.thumbnail, other.print.thumbnail, closely=True)
    if not same_copy(match) or not same_colours(one.colours, other.colours):
        return False
    if one.opacity is None or other.opacity is None:
        return one.opacity is other.opacity
    # Turned and flipped copies have turned and flipped opacity: its levels are compared.
    off = np.abs(np.sort(one.opacity, axis=None) - np.sort(other.opacity, axis=None))
    return float(off.mean()) <= _OPACITY_OFF
