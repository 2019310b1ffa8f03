"""Duplicate detection: one picture fingerprinted, or two pictures compared."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from datakit.core.similarity.duplicates import (
    Colours,
    are_flat,
    colours_of,
    same_colours,
    same_picture,
)
from datakit.core.similarity.hashing import THUMBNAIL_PX, Fingerprint, fingerprint, thumbnail
from datakit.core.similarity.keypoints import SIDE_PX, shared_details
from datakit.core.similarity.picture_match import compare
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_label
from datakit.io.pixels.capture_time import capture_time
from datakit.io.pixels.decoders import (
    decode_alpha,
    decode_opacity,
    decode_outline,
    decode_photo,
    decode_small_photo,
)
from datakit.io.store.files import FileRef
from datakit.io.store.reads import sha256

# Below this many shared details chance could have made them; see docs/dedup.md.
_DETAILS: Final = 8
# Pictures without details (sky, walls) are judged by their small versions, kindly: to keep two
# different photos of one name together costs less than to tear copies of one photo apart.
_SIMILAR_ERROR: Final = 0.5
_SIMILAR_CORRELATION: Final = 0.6


@dataclass(frozen=True, slots=True)
class Inspection:
    """What inspecting a picture gives."""

    print: Fingerprint
    sha256: str
    fg_ratio: float | None
    taken: tuple[str, float] | None = None
    """Camera and seconds, where the file tells them."""


@dataclass(frozen=True)
class Inspect:
    """Fingerprint a sample's image; with ``measure``, also its share of foreground."""

    measure: bool = False

    def __call__(self, item: Item) -> Inspection:
        """Inspect one sample."""
        if item.image is None:
            raise InputError(f"{item.source_name}: expected an image, the source names none")
        data = item.image.read()
        # Twice the thumbnail's side, so that shrinking has pixels to average.
        small = decode_outline(data, item.image.name, side_px=2 * THUMBNAIL_PX)
        return Inspection(
            fingerprint(thumbnail(small)),
            sha256(data),
            self._fg_ratio(item) if self.measure else None,
            capture_time(data),
        )

    def _fg_ratio(self, item: Item) -> float | None:
        if item.alpha is not None:
            alpha = decode_alpha(item.alpha.read(), item.alpha.name)
            return float(alpha.mean(dtype=np.float64))
        if item.mask is None:
            return None
        mask = decode_label(item, "mask", item.mask)
        return float(np.count_nonzero(mask) / mask.size)


@dataclass(frozen=True, slots=True)
class PairItem:
    """Two pictures to compare."""

    key: str
    left: bytes
    right: bytes
    left_file: FileRef
    right_file: FileRef


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison says."""

    same: bool
    error: float
    equal: bool


@dataclass(frozen=True)
class Compare:
    """Tell whether two pictures are one, by their thumbnails."""

    def __call__(self, pair: PairItem) -> Verdict:
        """Compare one pair; files are read only where nothing but colours tells them apart."""
        one, other = as_thumbnail(pair.left), as_thumbnail(pair.right)
        match = compare(one, other)
        same = same_picture(match)
        if same and are_flat(one, other):
            files = (pair.left_file, pair.right_file)
            same = same_colours(*(shown_colours(file.read(), file.name) for file in files))
        return Verdict(same, round(match.error, 4), match.equal)


@dataclass(frozen=True)
class CompareSources:
    """Tell whether two pictures of one name can be copies of one photo, however augmented."""

    def __call__(self, pair: PairItem) -> Verdict:
        """Compare one pair; their files are read only when the thumbnails do not agree."""
        match = compare(as_thumbnail(pair.left), as_thumbnail(pair.right))
        error = round(match.error, 4)
        if same_picture(match):
            return Verdict(True, error, match.equal)
        similar = error <= _SIMILAR_ERROR and match.correlation >= _SIMILAR_CORRELATION
        if similar:
            return Verdict(similar, error, False)
        one, other = (
            decode_outline(file.read(), file.name, side_px=SIDE_PX)
            for file in (pair.left_file, pair.right_file)
        )
        return Verdict(shared_details(one, other) >= _DETAILS, error, False)


@dataclass(frozen=True)
class DigestPixels:
    """Return the sha256 of a sample's decoded pixels, their opacity and their size."""

    def __call__(self, item: Item) -> str:
        """Digest one image."""
        assert item.image is not None
        data = item.image.read()
        pixels = decode_photo(data, item.image.name)
        return pixels_sha256(pixels, decode_opacity(data, item.image.name))


def pixels_sha256(
    pixels: npt.NDArray[np.uint8], opacity: npt.NDArray[np.uint8] | None = None
) -> str:
    """Return the sha256 of a picture's size, colours and opacity."""
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(pixels.tobytes())
    if opacity is not None:
        digest.update(opacity.tobytes())
    return digest.hexdigest()


def shown_colours(data: bytes, name: str) -> Colours:
    """Return what `same_colours` compares, of a picture's file."""
    return colours_of(decode_small_photo(data, name, side_px=THUMBNAIL_PX))


def as_thumbnail(data: bytes) -> npt.NDArray[np.uint8]:
    """Return the thumbnail that these bytes hold."""
    return np.frombuffer(data, np.uint8).reshape(THUMBNAIL_PX, THUMBNAIL_PX)
