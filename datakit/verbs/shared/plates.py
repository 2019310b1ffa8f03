"""Properties of a plate that `inpaint` made: the filled region, the photo's name."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.pixels.decoders import decode_mask
from datakit.io.store.files import FileRef
from datakit.records.plate import FOREGROUNDS, PLATE, REGIONS

IMAGES = "images/"
SUFFIX = "__plate"


def is_plate(item: Item) -> bool:
    """Tell whether a sample is a plate."""
    return item.sample is not None and PLATE in item.sample.tags


def region_file(item: Item) -> FileRef | None:
    """Return the file of a plate's region, beside its image; None of other samples."""
    if not is_plate(item) or item.image is None or IMAGES not in item.image.name:
        return None
    return FileRef(item.image.root, beside(item.image.name, REGIONS))


def beside(image: str, folder: str) -> str:
    """Return the name of the file that goes with a plate in a folder beside ``images/``.

    Examples
    --------
    >>> beside("train/images/a/b__plate.jpg", "regions")
    'train/regions/a/b__plate.png'
    """
    above, _, name = image.rpartition(IMAGES)
    return f"{above}{folder}/{PurePosixPath(name).with_suffix('.png').as_posix()}"


def plate_files(item: Item) -> dict[str, FileRef]:
    """Return the files that go with a plate, by their folder: its region, and its layer if any."""
    region = region_file(item)
    if region is None or item.image is None:
        return {}
    layer = FileRef(region.root, beside(item.image.name, FOREGROUNDS))
    return {REGIONS: region} | ({FOREGROUNDS: layer} if _is_there(layer) else {})


def _is_there(file: FileRef) -> bool:
    try:
        file.version()
    except InputError:
        return False
    return True


def read_region(file: FileRef) -> npt.NDArray[np.bool_]:
    """Return (H, W) bool, the pixels that were filled; InputError when it cannot be read."""
    return np.asarray(decode_mask(file.read(), file.name) > 0)
