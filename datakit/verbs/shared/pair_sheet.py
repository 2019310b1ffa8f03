"""A contact sheet of pairs of related samples, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.images.contact_sheet import contact_sheet
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_small_photo
from datakit.io.store import atomic
from datakit.io.store.files import FileRef
from datakit.io.store.storage import Location
from datakit.verbs.shared.lineage import Lineage

Image8 = npt.NDArray[np.uint8]

_TILE_PX = 200


def draw_pairs(
    path: Location, lineage: Lineage, pairs: Sequence[tuple[str, str, str]], title: str
) -> list[tuple[str, str, Image8]]:
    """Draw pairs of samples: two tiles each, captioned with the id and why they are shown.

    Parameters
    ----------
    path : Path or ObjectPath
        The PNG.
    lineage : Lineage
        Where the samples' images are.
    pairs : sequence of (id, id, caption)
    title : str
        Heading of the sheet.

    Returns
    -------
    list of (id, caption, tile)
        Two for each pair.
    """
    item_of = {item.key: item for item in lineage.items}
    drawn = []
    for one, other, caption in pairs:
        for key in (one, other):
            image = item_of[key].image
            assert image is not None
            drawn.append((key, caption, _tile(image)))
    sheet = contact_sheet(
        [tile for *_, tile in drawn],
        [f"{key}\n{caption}" for key, caption, _ in drawn],
        title=title,
        columns=6,
        tile_px=_TILE_PX,
    )
    atomic.write_bytes(path, images.encode_png(sheet))
    return drawn


def _tile(image: FileRef) -> Image8:
    """Return a photo in the size of a tile."""
    photo = decode_small_photo(image.read(), image.name, side_px=_TILE_PX)
    scale = min(1.0, _TILE_PX / max(photo.shape[:2]))
    size_wh = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    return np.asarray(cv2.resize(photo, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
