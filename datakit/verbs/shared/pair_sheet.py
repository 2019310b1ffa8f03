"""A contact sheet of pairs of related samples, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from datakit.core.images.contact_sheet import contact_sheet
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_photo
from datakit.io.store import atomic
from datakit.io.store.storage import Location
from datakit.verbs.shared.lineage import Lineage

_TILE_PX = 200


def draw_pairs(
    path: Location, lineage: Lineage, pairs: Sequence[tuple[str, str, str]], title: str
) -> None:
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
    """
    item_of = {item.key: item for item in lineage.items}
    tiles, captions = [], []
    for one, other, caption in pairs:
        for key in (one, other):
            image = item_of[key].image
            assert image is not None
            tiles.append(decode_photo(image.read(), image.name))
            captions.append(f"{key}\n{caption}")
    sheet = contact_sheet(tiles, captions, title=title, columns=6, tile_px=_TILE_PX)
    atomic.write_bytes(path, images.encode_png(sheet))
