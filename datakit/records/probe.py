"""What an image file's header states, before any pixel is decoded."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from datakit.records.base import Record


class Probe(Record, frozen=True, kw_only=True):
    """Facts read from an image file's header."""

    format: Annotated[str, Meta(description="Pillow's name: JPEG, PNG, TIFF, WEBP …")]
    mode: Annotated[str, Meta(description="Pillow's mode: RGB, L, P, CMYK, I;16 …")]
    stored_wh: Annotated[tuple[int, int], Meta(description="(width, height) in the file")]
    orientation: Annotated[int, Meta(ge=1, le=8, description="EXIF orientation, 1 when absent")] = 1
    bits: Annotated[int, Meta(ge=1, description="Bits a channel in the file")] = 8
    transparent: Annotated[bool, Meta(description="It has an A channel or clear colours")] = False
    icc: Annotated[bytes, Meta(description="Colour profile; empty when absent")] = b""

    @property
    def size_wh(self) -> tuple[int, int]:
        """(width, height) as shown, orientation applied."""
        width, height = self.stored_wh
        return (height, width) if self.orientation >= 5 else (width, height)
