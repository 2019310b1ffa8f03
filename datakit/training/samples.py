"""One labelled sample as training sees it: decoded, sized, and drawn anew in each epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from datakit.core.images import network_input
from datakit.core.images.randomness import derive_rng
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_ignored, decode_label
from datakit.io.pixels.decoders import decode_alpha, decode_photo

if TYPE_CHECKING:
    # Albumentations takes seconds to import, and not everybody augments.
    from datakit.transforms.pipeline import Pipeline

Image = npt.NDArray[np.uint8]
Alpha = npt.NDArray[np.float32]

KNOWN_SLACK = 1e-4
"""What rounding may take from a pixel all of whose parts are known."""

THRESHOLD = 0.5
"""From this alpha on a pixel is foreground."""

_BEFORE = 2
"""A picture that is to be augmented is first brought to this many times the training size."""


@dataclass(frozen=True)
class LabelledPhoto:
    """An image and its truth.

    Attributes
    ----------
    image : (H, W, 3) uint8 RGB
    alpha : (H, W) float32 in [0, 1]
        The matte, or the mask as 0 and 1.
    known : (H, W) bool, optional
        False where the truth is unknown; None when all of it is known.
    """

    image: Image
    alpha: Alpha
    known: npt.NDArray[np.bool_] | None = None


def is_labelled(item: Item) -> bool:
    """Tell whether a sample has an image and an alpha or a mask."""
    return item.image is not None and (item.alpha is not None or item.mask is not None)


def read_image(item: Item) -> Image:
    """Decode the picture of a sample, (H, W, 3) uint8 RGB.

    Raises
    ------
    InputError
        If it has none, or it cannot be decoded.
    """
    if item.image is None:
        raise InputError(f"{item.source_name}: expected an image, found none")
    return decode_photo(item.image.read(), item.source_name, transparency=item.transparency)


def read_photo(item: Item) -> LabelledPhoto:
    """Decode a sample at its own size.

    Raises
    ------
    InputError
        If it has no image or no label, one cannot be decoded, or their sizes differ.
    """
    label = item.alpha or item.mask
    if item.image is None or label is None:
        raise InputError(f"{item.source_name}: expected an image with an alpha or a mask")
    image = read_image(item)
    if item.alpha is not None:
        alpha = decode_alpha(label.read(), label.name)
    else:
        alpha = (decode_label(item, "mask", label) > 0).astype(np.float32)
    if alpha.shape != image.shape[:2]:
        raise InputError(
            f"{item.source_name}: its label has {alpha.shape[1]}x{alpha.shape[0]} pixels, expected "
            f"the image's {image.shape[1]}x{image.shape[0]}; `datakit validate` finds such pairs"
        )
    return LabelledPhoto(image, alpha, _known(item, alpha.shape))


def fit_square(photo: LabelledPhoto, size_px: int) -> LabelledPhoto:
    """Stretch a photo to a square, as the segmenters do (`datakit.core.images.network_input`)."""
    height, width = photo.alpha.shape
    placement = network_input.place((height, width), (size_px, size_px), "stretch")
    return LabelledPhoto(
        network_input.to_input(photo.image, placement, (0, 0, 0)),
        np.clip(network_input.resize_map(photo.alpha, (size_px, size_px)), 0, 1),
        _resized_known(photo.known, (size_px, size_px)),
    )


def draw(
    photo: LabelledPhoto, size_px: int, pipeline: Pipeline | None, rng: np.random.Generator
) -> LabelledPhoto:
    """Return the photo at the training's size, augmented if there is a pipeline."""
    if pipeline is None:
        return fit_square(photo, size_px)
    height, width = photo.image.shape[:2]
    scale = _BEFORE * size_px / min(height, width)
    if scale < 1:
        size_hw = (max(1, round(height * scale)), max(1, round(width * scale)))
        placement = network_input.place((height, width), size_hw, "stretch")
        image = network_input.to_input(photo.image, placement, (0, 0, 0))
        alpha = np.clip(network_input.resize_map(photo.alpha, size_hw), 0, 1)
        photo = LabelledPhoto(image, alpha, _resized_known(photo.known, size_hw))
    ignore = None if photo.known is None else np.where(photo.known, np.uint8(0), np.uint8(255))
    drawn = pipeline(image=photo.image, alpha=photo.alpha, ignore=ignore, rng=rng)
    known = None if ignore is None else drawn["ignore"] == 0
    return fit_square(LabelledPhoto(drawn["image"], drawn["alpha"], known), size_px)


def _known(item: Item, shape_hw: tuple[int, ...]) -> npt.NDArray[np.bool_] | None:
    """Return where a sample's label is known, from its ignore mask."""
    ignored = decode_ignored(item)
    if ignored is None:
        return None
    known: npt.NDArray[np.bool_] = ignored == 0
    if known.shape != shape_hw:
        raise InputError(
            f"{item.source_name}: its ignore mask has {known.shape[1]}x{known.shape[0]} pixels, "
            f"expected the image's {shape_hw[1]}x{shape_hw[0]}"
        )
    return known


def _resized_known(
    known: npt.NDArray[np.bool_] | None, size_hw: tuple[int, int]
) -> npt.NDArray[np.bool_] | None:
    """Return what is known at another size: a pixel that covers an unknown one is unknown."""
    if known is None:
        return None
    share = network_input.resize_map(known.astype(np.float32), size_hw)
    result: npt.NDArray[np.bool_] = share >= 1 - KNOWN_SLACK
    return result


def sample_rng(seed: int, item: Item, epoch: int) -> np.random.Generator:
    """Return the randomness of one sample in one epoch: nothing else decides it."""
    return derive_rng(seed, item.key, epoch)
