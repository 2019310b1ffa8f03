"""Looking for copies: one picture fingerprinted, or two pictures compared."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from datakit.core.similarity.duplicates import same_picture
from datakit.core.similarity.hashing import THUMBNAIL_PX, Fingerprint, fingerprint, thumbnail
from datakit.core.similarity.keypoints import SIDE_PX, shared_details
from datakit.core.similarity.picture_match import compare
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.pixels.capture_time import capture_time
from datakit.io.pixels.decoders import decode_alpha, decode_mask, decode_outline, decode_photo
from datakit.io.store.files import FileRef

# Below this many shared details chance could have made them; see docs/dedup.md.
_DETAILS: Final = 8
# Pictures without details (sky, walls) are judged by their small versions, kindly: to keep two
# different photos of one name together costs less than to tear copies of one photo apart.
_SIMILAR_ERROR: Final = 0.5
_SIMILAR_CORRELATION: Final = 0.6


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a picture gives."""

    print: Fingerprint
    sha256: str
    fg_ratio: float | None
    taken: tuple[str, float] | None = None
    """Camera and seconds, where the file tells them."""


@dataclass(frozen=True)
class Inspect:
    """Fingerprint a sample's image; with ``measure``, also its share of foreground."""

    measure: bool = False

    def __call__(self, item: Item) -> Look:
        """Look at one sample."""
        if item.image is None:
            raise InputError(f"{item.source_name}: expected an image, the source names none")
        data = item.image.read()
        # Twice the thumbnail's side, so that shrinking has pixels to average.
        small = decode_outline(data, item.image.name, side_px=2 * THUMBNAIL_PX)
        return Look(
            fingerprint(thumbnail(small)),
            hashlib.sha256(data).hexdigest(),
            self._fg_ratio(item) if self.measure else None,
            capture_time(data),
        )

    def _fg_ratio(self, item: Item) -> float | None:
        label = item.alpha or item.mask
        if label is None:
            return None
        if item.alpha is not None:
            return float(decode_alpha(label.read(), label.name).mean(dtype=np.float64))
        mask = decode_mask(label.read(), label.name)
        return float(np.count_nonzero(mask) / mask.size)


@dataclass(frozen=True, slots=True)
class PairItem:
    """Two pictures to compare."""

    key: str
    left: bytes
    right: bytes
    left_file: FileRef | None = None
    right_file: FileRef | None = None


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
        """Compare one pair."""
        likeness = compare(_thumbnail(pair.left), _thumbnail(pair.right))
        return Verdict(same_picture(likeness), round(likeness.error, 4), likeness.equal)


@dataclass(frozen=True)
class CompareSources:
    """Tell whether two pictures of one name can be copies of one photo, however augmented."""

    def __call__(self, pair: PairItem) -> Verdict:
        """Compare one pair; their files are read only when the thumbnails do not agree."""
        likeness = compare(_thumbnail(pair.left), _thumbnail(pair.right))
        error = round(likeness.error, 4)
        if same_picture(likeness):
            return Verdict(True, error, likeness.equal)
        similar = error <= _SIMILAR_ERROR and likeness.correlation >= _SIMILAR_CORRELATION
        if similar or pair.left_file is None or pair.right_file is None:
            return Verdict(similar, error, False)
        one, other = (
            decode_outline(file.read(), file.name, side_px=SIDE_PX)
            for file in (pair.left_file, pair.right_file)
        )
        return Verdict(shared_details(one, other) >= _DETAILS, error, False)


@dataclass(frozen=True)
class DigestPixels:
    """Return the sha256 of a sample's decoded pixels and their size."""

    def __call__(self, item: Item) -> str:
        """Digest one image."""
        assert item.image is not None
        pixels = decode_photo(item.image.read(), item.image.name)
        digest = hashlib.sha256(repr(pixels.shape).encode())
        digest.update(pixels.tobytes())
        return digest.hexdigest()


def _thumbnail(data: bytes) -> np.ndarray:  # type: ignore[type-arg]
    return np.frombuffer(data, np.uint8).reshape(THUMBNAIL_PX, THUMBNAIL_PX)
