"""Backgrounds for augmented copies: one is drawn, placed, and put behind the subject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.matting.compositing import composite, cover, match_colours
from datakit.io.pixels.decoders import decode_photo
from datakit.io.store.files import FileRef
from datakit.io.store.reads import sha256

Image = npt.NDArray[np.uint8]

MAX_SCALE = 1.5
"""A background is shown at up to this many times the size at which it just covers the frame."""


@dataclass(frozen=True)
class Backgrounds:
    """The backgrounds at hand and how they are used.

    Attributes
    ----------
    files : tuple of FileRef
        In name order, at least one.
    share : float
        Which part of the copies gets another background.
    linear_light : bool
        See `datakit.core.matting.compositing.composite`.
    match : float
        Strength of the colour matching, 0 to 1.
    """

    files: tuple[FileRef, ...]
    share: float = 1.0
    linear_light: bool = False
    match: float = 0.0

    def replace(
        self,
        foreground: Callable[[], Image],
        alpha: npt.NDArray[np.float32],
        rng: np.random.Generator,
    ) -> tuple[Image, dict[str, Any]] | None:
        """Draw whether, which and how; return the composite and what was drawn, or None.

        The draws are always the same in number, so that what comes after them does not depend on
        their outcome. `foreground` is only called when a background is drawn: it is costly.
        """
        kept, which, zoom, x, y, flip = rng.random(6).tolist()
        if kept >= self.share:
            return None
        file = self.files[int(which * len(self.files))]
        scale = round(1 + zoom * (MAX_SCALE - 1), 4)
        place_xy = (round(x, 4), round(y, 4))
        mirrored = flip < 0.5
        picture, digest = _load(file)
        height, width = alpha.shape
        behind = cover(picture, (height, width), scale=scale, place_xy=place_xy, mirrored=mirrored)
        front = match_colours(foreground(), alpha, behind, self.match)
        drawn = {
            "file": file.name,
            "sha256": digest,
            "scale": scale,
            "place_xy": list(place_xy),
            "mirrored": mirrored,
        }
        return composite(front, alpha, behind, linear_light=self.linear_light), drawn


@lru_cache(maxsize=4)
def _load(file: FileRef) -> tuple[Image, str]:
    """Decode a background; a few are kept, as consecutive copies may draw the same one."""
    data = file.read()
    return decode_photo(data, file.name), sha256(data)
