"""One sample on its way out: sized, and ready in the forms that layouts ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.sample_names import JPEG, flat_name
from datakit.records.product import Loss
from datakit.records.sample import Sample


@dataclass(frozen=True)
class Picture:
    """A sample's arrays, all of one size.

    Attributes
    ----------
    item : Item
        Where it comes from.
    row : Sample
        Its row of the manifest, still without files.
    image : (H, W, 3) uint8 RGB
    mask : (H, W) uint8 or uint16, optional
        As stored: 0/255, classes or object ids.
    alpha : (H, W) uint8 or uint16, optional
        As stored.
    trimap : (H, W) uint8, optional
    ignore : (H, W) uint8, optional
        255 where the label is unknown, else 0.
    original : bytes, optional
        The image's file, when its pixels are just these.
    label_map : mapping
        Class name -> value in the mask.
    lost : {"foreground", "part"}, optional
        What of its label the new size left nothing of.
    """

    item: Item
    row: Sample
    image: npt.NDArray[np.uint8]
    mask: npt.NDArray[Any] | None = None
    alpha: npt.NDArray[Any] | None = None
    trimap: npt.NDArray[np.uint8] | None = None
    ignore: npt.NDArray[np.uint8] | None = None
    original: bytes | None = None
    label_map: Mapping[str, int] = field(default_factory=dict)
    lost: Loss | None = None

    @property
    def losses(self) -> dict[str, Loss]:
        """Its id and what its label has lost; empty when that is nothing."""
        return {} if self.lost is None else {self.row.id: self.lost}

    @cached_property
    def name(self) -> str:
        """A stem for this sample's files that is unique within its split (see `flat_name`)."""
        return flat_name(self.item.stem)

    @property
    def suffix(self) -> str:
        """The suffix of the source's image, in lower case; .png for formats that are only read."""
        from datakit.io.pixels import images

        return images.written_suffix(self.item.rel)

    def image_file(self, suffix: str) -> tuple[bytes, int]:
        """Return the image in the format that a suffix means, and 1 if it was encoded again.

        The source's own bytes where they are that; else JPEG at quality 95 without chroma
        subsampling, or lossless.
        """
        same = suffix == self.suffix or {suffix, self.suffix} <= JPEG
        if self.original is not None and same:
            return self.original, 0
        from datakit.io.pixels import images

        return images.encode_like(self.image, suffix), 1

    def rgb_jpeg(self) -> tuple[bytes, int, int]:
        """Return the image as a JPEG of three colours, for loaders that index the third channel.

        Also 1 if it was encoded again, and 1 if that is because it was grey or CMYK.
        """
        from datakit.io.pixels import images

        data, again = self.image_file(".jpg")
        if again or images.probe(data, self.item.source_name).mode == "RGB":
            return data, again, 0
        return images.encode_jpeg(self.image), 1, 1

    @cached_property
    def unknown(self) -> bool:
        """Whether something of the label is not known: not labelled, partial, or ignored pixels."""
        ignored = self.ignore is not None and bool(self.ignore.any())
        return self.row.label_state in ("partial", "none") or ignored

    @cached_property
    def binary(self) -> npt.NDArray[np.uint8]:
        """(H, W) uint8, 0 or 255: what the mask paints, else where the alpha is at least half.

        Raises
        ------
        InputError
            If the sample has neither.
        """
        if self.mask is not None:
            return np.where(self.mask > 0, np.uint8(255), np.uint8(0))
        alpha = self._alpha()
        half = (int(np.iinfo(alpha.dtype).max) + 1) // 2
        return np.where(alpha >= half, np.uint8(255), np.uint8(0))

    @cached_property
    def matte(self) -> npt.NDArray[np.uint8]:
        """(H, W) uint8 alpha: the sample's own, in 8 bits, else its mask as 0 and 255.

        Raises
        ------
        InputError
            If the sample has neither.
        """
        if self.alpha is None:
            return self.binary
        if self.alpha.dtype == np.uint8:
            return self.alpha
        return ((self.alpha.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)

    @property
    def matte_role(self) -> str:
        """What `matte` is in a manifest: the "alpha", or the "mask"."""
        return "alpha" if self.alpha is not None else "mask"

    def trimap_or_made(self) -> tuple[npt.NDArray[np.uint8], int]:
        """Return the trimap, and 1 if it was made of the matte (as `p3m_trimap`)."""
        if self.trimap is not None:
            return self.trimap, 0
        from datakit.core.matting.trimaps import p3m_trimap

        return p3m_trimap(self._matte01), 1

    def foreground(self) -> npt.NDArray[np.uint8]:
        """Return the foreground's own colours, (H, W, 3), estimated from image and matte."""
        from datakit.core.matting.foreground import estimate_foreground

        return estimate_foreground(self.image, self._matte01)

    def background(self) -> npt.NDArray[np.uint8]:
        """Return the background's own colours: the foreground's of the inverted matte."""
        from datakit.core.matting.foreground import estimate_foreground

        return estimate_foreground(self.image, np.float32(1) - self._matte01)

    @property
    def _matte01(self) -> npt.NDArray[np.float32]:
        return self.matte.astype(np.float32) / np.float32(255)

    def _alpha(self) -> npt.NDArray[Any]:
        if self.alpha is None:
            raise InputError(
                f"{self.item.source_name}: expected a mask or an alpha, found neither; make one "
                "with `datakit coco2mask` or `datakit prelabel`"
            )
        return self.alpha


def counted(**counts: int) -> dict[str, int]:
    """Return the counts that are not 0, underscores in their names as blanks."""
    return {name.replace("_", " "): count for name, count in counts.items() if count}
