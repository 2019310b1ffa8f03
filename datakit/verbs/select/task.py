"""The descriptor of one sample, for ``select``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datakit.core.similarity.descriptors import describe
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.pixels.decoders import decode_small_photo

SIDE_PX = 64


@dataclass(frozen=True)
class Describe:
    """Return what a sample's photo looks like, as a vector."""

    def __call__(self, item: Item) -> npt.NDArray[np.float32]:
        """Describe one sample."""
        if item.image is None:
            raise InputError(f"{item.source_name}: expected an image, the source names none")
        return describe(decode_small_photo(item.image.read(), item.image.name, side_px=SIDE_PX))
