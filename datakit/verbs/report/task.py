"""Small pictures of samples for the report, as JPEG: with the label drawn, or with a finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.verbs.qc.task import Draw
from datakit.verbs.shared.inspect import Preview

Box = tuple[int, int, int, int]
JPEG_QUALITY = 82


@dataclass(frozen=True)
class Drawn:
    """One small picture, encoded."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Illustrate:
    """Draw what the report shows of one sample.

    Attributes
    ----------
    plain : frozenset of str
        Samples to draw with their label.
    boxes : mapping
        Sample -> check -> where it looked; drawn as on ``qc``'s contact sheets.
    """

    plain: frozenset[str]
    boxes: Mapping[str, Mapping[str, Box | None]]

    def __call__(self, item: Item) -> dict[str, Drawn]:
        """Return check -> picture; the plain one under the empty name."""
        tiles = {"": Preview()(item)} if item.key in self.plain else {}
        if item.key in self.boxes:
            tiles |= Draw(self.boxes)(item)
        return {
            name: Drawn(images.encode_jpeg(tile, JPEG_QUALITY), tile.shape[1], tile.shape[0])
            for name, tile in tiles.items()
        }
