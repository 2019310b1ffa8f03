"""One photo with a mask or trimap -> its alpha, trimap and cut-out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.masks.foreground import foreground
from datakit.core.matting.alpha import Method, estimate_alpha
from datakit.core.matting.foreground import estimate_foreground
from datakit.core.matting.mask_prior import Prior, outline_prior
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.reads import sha256
from datakit.io.store.storage import location
from datakit.records.product import Product
from datakit.records.sample import SYNTHETIC, Operation
from datakit.verbs.matte.pymatting_start import load_pymatting
from datakit.verbs.shared.bands import Band, with_unknown
from datakit.verbs.shared.labelled import Labelled, carry_files, image_bytes, read_labelled

DRAWN_BY = frozenset({"coco2mask"})
"""Verbs whose masks are outlines drawn by hand."""

CUTOUTS = "cutouts"

Outline = Literal["auto", "exact", "drawn"]


@dataclass
class Matte:
    """The task of ``matte``; see `datakit.verbs.matte.options.Options` for the fields."""

    out: str
    step: Operation
    method: Method
    band_params: Mapping[str, Any]
    """Arguments of `datakit.verbs.shared.bands.Band`."""
    outline: Outline
    solve_long_side_px: int
    depth: int
    with_trimaps: bool
    with_cutouts: bool

    def __post_init__(self) -> None:
        self._band = Band(**self.band_params)
        if self.method in ("knn", "lbdm"):
            load_pymatting()

    def __call__(self, item: Item) -> Product:
        """Make one sample's alpha; its image, mask and trimap are carried over as they are."""
        data = image_bytes(item)
        source = read_labelled(item, data)
        trimap, prior = self._known(item, source)
        alpha = estimate_alpha(
            source.image,
            trimap,
            prior,
            method=self.method,
            solve_long_side_px=self.solve_long_side_px,
        )
        names, files = carry_files(self.out, item, data, leave_out=("alpha",))
        stored = np.rint(alpha * (2**self.depth - 1))
        label = stored.astype(np.uint8 if self.depth == 8 else np.uint16)
        self._write(item.place("alphas", ".png"), images.encode_png(label), files)
        names["alpha_file_name"] = item.place("alphas", ".png")
        if self.with_trimaps and source.trimap is None:
            self._write(item.place("trimaps", ".png"), images.encode_png(trimap), files)
            names["trimap_file_name"] = item.place("trimaps", ".png")
        if self.with_cutouts:
            # The stored alpha, so that cut-out and alpha are the same to the last bit.
            opacity = (label / (2**self.depth - 1)).astype(np.float32)
            colours = estimate_foreground(source.image, opacity)
            cutout = np.dstack([colours, np.rint(opacity * 255).astype(np.uint8)])
            self._write(item.place(CUTOUTS, ".png"), images.encode_png(cutout), files)
        height, width = label.shape
        sample = item.describe(width, height, sha256(data), self.step)
        changes = {"fg_ratio": round(float(alpha.mean(dtype=np.float64)), 6), **names}
        tags = tuple(sorted({*sample.tags, SYNTHETIC}))
        return Product(
            samples=(msgspec.structs.replace(sample, tags=tags, **changes),), files=files
        )

    def _known(self, item: Item, source: Labelled) -> tuple[npt.NDArray[np.uint8], Prior | None]:
        """Return the trimap, the source's own if there is one, and what the mask says."""
        if source.mask is None:
            if source.trimap is None:
                raise InputError(
                    f"{item.source_name}: expected a mask or a trimap, found neither; `datakit "
                    "prelabel PHOTOS -o DRAFTS` drafts masks, with --matting alphas at once"
                )
            return with_unknown(source.trimap, source.ignore), None
        mask = foreground(source.mask)
        band = self._band
        heads = band.heads_xyxy(source.image)
        trimap = band.trimap(mask, heads) if source.trimap is None else source.trimap
        reach = band.half_width_px(mask, heads)
        prior = outline_prior(mask, reach, exact=self._is_exact(item))
        if source.ignore is None:
            return trimap, prior
        return with_unknown(trimap, source.ignore), prior.without(source.ignore > 0)

    def _is_exact(self, item: Item) -> bool:
        if self.outline != "auto":
            return self.outline == "exact"
        history = item.sample.history if item.sample else ()
        return DRAWN_BY.isdisjoint(step.verb for step in history)

    def _write(self, name: str, data: bytes, files: dict[str, int]) -> None:
        atomic.write_bytes(location(self.out, name), data)
        files[name] = len(data)
