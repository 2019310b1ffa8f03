"""Small pictures of samples for the report, as JPEG: with the label drawn, or with a finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.verbs.qc.task import Draw
from datakit.verbs.report.drawn import Drawn, Illustrated
from datakit.verbs.shared.inspect import Preview

Image8 = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
JPEG_QUALITY = 82
PLAIN_QUALITY = 75
PLAIN_PX = 240


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

    def __call__(self, item: Item) -> Illustrated:
        """Return the pictures of a sample."""
        tiles = Draw(self.boxes)(item) if item.key in self.boxes else {}
        checks = {check: _encoded(tile, JPEG_QUALITY) for check, tile in tiles.items()}
        if item.key not in self.plain:
            return Illustrated(checks)
        tile, share = Preview(PLAIN_PX).drawn(item)
        return Illustrated(checks, _encoded(tile, PLAIN_QUALITY), share)


def _encoded(tile: Image8, quality: int) -> Drawn:
    return Drawn(images.encode_jpeg(tile, quality), tile.shape[1], tile.shape[0])
