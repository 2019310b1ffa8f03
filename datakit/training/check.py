"""Each training sample is decoded once before training: a bad one becomes a row, not a crash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from datakit.io.layouts.base import Item
from datakit.training.samples import read_photo

THRESHOLD = 0.5


@dataclass(frozen=True)
class Checked:
    """What the first pass saw of a sample.

    Attributes
    ----------
    foreground : float
        The share of what is known.
    sha256 : str
        Of the decoded photo and its label: a resumed training must find the same.
    """

    foreground: float
    sha256: str


@dataclass(frozen=True)
class CheckPhoto:
    """The task of the first pass over the samples."""

    def __call__(self, item: Item) -> Checked:
        """Look at a sample; InputError when it cannot be read."""
        photo = read_photo(item)
        inside = photo.alpha if photo.known is None else photo.alpha[photo.known]
        digest = hashlib.sha256()
        for pixels in (photo.image, photo.alpha, photo.known):
            digest.update(b"" if pixels is None else pixels.tobytes())
        share = float((inside >= THRESHOLD).mean()) if inside.size else 0.0
        return Checked(share, digest.hexdigest())
