"""A picture that notebooks show and scripts save."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datakit.io.pixels import images
from datakit.io.store import atomic


@dataclass(frozen=True)
class Picture:
    """An (H, W, 3) uint8 RGB array with the forms in which people look at one.

    Examples
    --------
    >>> Picture(np.zeros((2, 3, 3), np.uint8))
    Picture(3x2 pixels; .save(path) writes it)
    """

    pixels: npt.NDArray[np.uint8]

    def __repr__(self) -> str:
        height, width = self.pixels.shape[:2]
        return f"Picture({width}x{height} pixels; .save(path) writes it)"

    def _repr_png_(self) -> bytes:
        return images.encode_png(self.pixels)

    def _repr_html_(self) -> str:
        data = base64.b64encode(images.encode_jpeg(self.pixels, 88)).decode()
        return f'<img alt="contact sheet" src="data:image/jpeg;base64,{data}">'

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture in the format that the suffix means, whole or not at all."""
        target = Path(path)
        atomic.write_bytes(target, images.encode_like(self.pixels, target.suffix))
        return target
