"""Comparing one label with predictions of models that were not trained on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.masks.foreground import foreground
from datakit.core.quality.label_errors import (
    Confidence,
    Histogram,
    label_histogram,
    suspect_box,
)
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_ignored, decode_label
from datakit.io.pixels.decoders import decode_alpha
from datakit.models.segmenters.base import build, segment_one
from datakit.verbs.qc.task import read_subject

SIDE_PX = 512
"""Labels and predictions are compared at most this large: what matters is larger than a pixel."""

Map = npt.NDArray[np.float32]


@dataclass
class Disagree:
    """Compare a label with what is predicted; see `datakit.core.quality.label_errors`.

    Parameters
    ----------
    segmenter : str, optional
        The model that looks at the photo.
    predictions : mapping
        Sample -> items with predicted alphas or masks, which are averaged.
    wanted : mapping, optional
        Sample -> what to locate, once the set's `Confidence` is known.
    sure : Confidence, optional
    """

    segmenter: str | None
    predictions: Mapping[str, tuple[Item, ...]]
    wanted: Mapping[str, Literal["missing", "extra"]] | None = None
    sure: Confidence | None = None

    def __post_init__(self) -> None:
        self._model = build(self.segmenter) if self.segmenter else None

    def __call__(self, item: Item) -> Histogram | tuple[int, int, int, int] | None:
        """Return the sample's histogram; of a wanted one the box to look at, in label pixels."""
        subject, label = read_subject(item)
        if subject.alpha is None:
            raise InputError(f"{label.name}: expected a readable label; see {item.key} in qc.jsonl")
        alpha = _shrunk(subject.alpha, None)
        seen = [_shrunk(_predicted(one), alpha.shape) for one in self.predictions[item.key]]
        if self._model is not None:
            if subject.paired is None:
                raise InputError(f"{item.source_name}: expected a photo of its label's size")
            seen.append(_shrunk(segment_one(self._model, subject.paired[0]), alpha.shape))
        probability = np.mean(seen, axis=0, dtype=np.float32)
        if self.wanted is not None and self.sure is not None:
            box = suspect_box(alpha, probability, self.sure, self.wanted[item.key])
            return None if box is None else _enlarged(box, alpha.shape, subject.alpha.shape)
        known = None
        if (ignored := decode_ignored(item)) is not None:
            known = _shrunk((ignored != 0).astype(np.float32), alpha.shape) == 0
        return label_histogram(alpha, probability, known)


def _predicted(item: Item) -> Map:
    """Return a prediction in [0, 1]: its alpha, else the foreground of its mask."""
    if item.alpha is not None:
        return decode_alpha(item.alpha.read(), item.alpha.name)
    if item.mask is None:
        raise InputError(f"{item.source_name}: expected a predicted alpha or mask, found neither")
    return foreground(decode_label(item, "mask", item.mask)).astype(np.float32)


def _shrunk(values: Map, size_hw: tuple[int, ...] | None) -> Map:
    if size_hw is None:
        scale = min(1.0, SIDE_PX / max(values.shape))
        size_hw = tuple(max(1, round(side * scale)) for side in values.shape)
    if values.shape == size_hw:
        return values
    smaller = size_hw[0] < values.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized = cv2.resize(values, (size_hw[1], size_hw[0]), interpolation=how)
    return np.clip(np.asarray(resized, np.float32), 0, 1)


def _enlarged(
    box: tuple[int, int, int, int], small: tuple[int, ...], full: tuple[int, ...]
) -> tuple[int, int, int, int]:
    down, across = full[0] / small[0], full[1] / small[1]
    x0, y0, x1, y1 = box
    return round(x0 * across), round(y0 * down), round(x1 * across), round(y1 * down)
