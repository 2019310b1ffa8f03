"""One sample with a mask or alpha -> its trimap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.matting.trimaps import dim_trimap, p3m_trimap
from datakit.core.metrics.matting_metrics import require_alpha
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.reads import sha256
from datakit.io.store.storage import location
from datakit.records.product import Product
from datakit.records.sample import Operation
from datakit.verbs.shared.bands import Band, subject_mask, with_unknown
from datakit.verbs.shared.labelled import Labelled, carry_files, image_bytes, read_labelled

Style = Literal["band", "p3m", "dim"]


@dataclass
class Trimap:
    """The task of ``trimap``; see `datakit.verbs.trimap.options.Options` for the fields."""

    out: str
    step: Operation
    style: Style
    band_params: Mapping[str, Any]
    """Arguments of `datakit.verbs.shared.bands.Band`."""
    kernel_px: int
    reach_px: int

    def __post_init__(self) -> None:
        self._band = Band(**self.band_params)

    def __call__(self, item: Item) -> Product:
        """Make one sample's trimap; its image and other labels are carried over as they are."""
        data = image_bytes(item)
        source = read_labelled(item, data)
        trimap = with_unknown(self._trimap(item, source), source.ignore)
        if not (trimap == 128).any():
            raise InputError(
                f"{item.source_name}: this {self.style} trimap has no unknown pixel; "
                "its alpha has no soft edge: take --style p3m or band"
            )
        names, files = carry_files(self.out, item, data, leave_out=("trimap",))
        encoded = images.encode_png(trimap)
        names["trimap_file_name"] = name = item.place("trimaps", ".png")
        atomic.write_bytes(location(self.out, name), encoded)
        files[name] = len(encoded)
        height, width = trimap.shape
        sample = item.describe(width, height, sha256(data), self.step)
        return Product(samples=(msgspec.structs.replace(sample, **names),), files=files)

    def _trimap(self, item: Item, source: Labelled) -> npt.NDArray[np.uint8]:
        if self.style == "band":
            mask = subject_mask(item, source)
            return self._band.trimap(mask, self._band.heads_xyxy(source.image))
        if source.alpha is None:
            raise InputError(
                f"{item.source_name}: --style {self.style} expected an alpha, found none; "
                "take --style band for masks"
            )
        require_alpha(source.alpha, item.source_name)
        if self.style == "p3m":
            return p3m_trimap(source.alpha, self.kernel_px)
        return dim_trimap(source.alpha, self.reach_px)
