"""Properties of a plate that `inpaint` made: the filled region, the photo's name."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from datakit.io.layouts.base import Item
from datakit.io.pixels.decoders import decode_mask
from datakit.io.store.files import FileRef
from datakit.records.plate import PLATE, REGIONS

IMAGES = "images/"
SUFFIX = "__plate"


def is_plate(item: Item) -> bool:
    """Tell whether a sample is a plate."""
    return item.sample is not None and PLATE in item.sample.tags


def region_file(item: Item) -> FileRef | None:
    """Return the file of a plate's region, beside its image; None of other samples."""
    if not is_plate(item) or item.image is None:
        return None
    folder, found, name = item.image.name.rpartition(IMAGES)
    if not found:
        return None
    return FileRef(
        item.image.root, f"{folder}{REGIONS}/{PurePosixPath(name).with_suffix('.png').as_posix()}"
    )


def read_region(file: FileRef) -> npt.NDArray[np.bool_]:
    """Return (H, W) bool, the pixels that were filled; InputError when it cannot be read."""
    return np.asarray(decode_mask(file.read(), file.name) > 0)
