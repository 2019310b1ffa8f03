"""Each sample is decoded once before training: a bad one becomes a row, not a crash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from datakit.io.layouts.base import Item
from datakit.records.product import Loss
from datakit.training.samples import THRESHOLD, fit_square, is_labelled, read_image, read_photo
from datakit.verbs.shared.labelled import loss_of


@dataclass(frozen=True)
class Checked:
    """What the first pass saw of a sample.

    Attributes
    ----------
    sha256 : str
        Of the decoded photo and its label: a resumed training must find the same.
    foreground : float
        The share of what is known; 0 for a photo without a label.
    lost : {"foreground", "part"}, optional
        What of the label is left out at the training's size.
    """

    sha256: str
    foreground: float = 0.0
    lost: Loss | None = None


@dataclass(frozen=True)
class CheckPhoto:
    """The task of the first pass over the samples, which are stretched to `size_px`."""

    size_px: int

    def __call__(self, item: Item) -> Checked:
        """Look at a sample; InputError when it cannot be read."""
        if not is_labelled(item):
            return Checked(hashlib.sha256(read_image(item).tobytes()).hexdigest())
        photo = read_photo(item)
        inside = photo.alpha if photo.known is None else photo.alpha[photo.known]
        digest = hashlib.sha256()
        for pixels in (photo.image, photo.alpha, photo.known):
            digest.update(b"" if pixels is None else pixels.tobytes())
        return Checked(
            digest.hexdigest(),
            float((inside >= THRESHOLD).mean()) if inside.size else 0.0,
            loss_of(photo.alpha, fit_square(photo, self.size_px).alpha),
        )
