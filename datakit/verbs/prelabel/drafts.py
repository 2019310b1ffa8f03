"""From what a model says of a photo to its label: cleaned, measured, in the file's depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.drafts.cleaning import THRESHOLD, follow_edges, keep_parts, stretch_range
from datakit.core.drafts.hands import MISSING_SHARE, Hand, MissingHand, missing_hand
from datakit.core.drafts.uncertainty import measure_uncertainty
from datakit.core.drafts.unsure_places import Box
from datakit.core.images import network_input
from datakit.core.matting.alpha import estimate_alpha
from datakit.core.matting.mask_prior import outline_prior
from datakit.core.matting.trimaps import half_band_px, mask_trimap
from datakit.models.prediction import Prediction

Map = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

MEASURED_SIDE_PX = 320
"""Uncertainty is measured on maps of at most this side, so that models of every size compare."""
SOLVE_SIDE_PX = 1920


@dataclass(frozen=True)
class Cleaning:
    """The steps between probabilities and label; none is done unless it is asked for.

    Attributes
    ----------
    min_max : bool
        Stretch the map to [0, 1], as rembg does.
    refine : bool
        Follow the photo's edges.
    largest : int, optional
        Keep this many parts.
    min_area : float
        Keep parts of at least this share of the photo.
    matting : bool
        Estimate the alpha around the outline by closed-form matting.
    """

    min_max: bool = False
    refine: bool = False
    largest: int | None = None
    min_area: float = 0.0
    matting: bool = False

    @property
    def is_off(self) -> bool:
        """Whether the label is the model's own output."""
        return self == Cleaning()


@dataclass(frozen=True)
class ModelOutputs:
    """What the models say of one photo; `flipped` is of the mirrored photo, mirrored."""

    prediction: Prediction
    flipped: Prediction | None = None
    second: Prediction | None = None


@dataclass(frozen=True)
class Label:
    """A draft.

    Attributes
    ----------
    alpha : (H, W) uint8 or uint16
        As it goes to a file; 0 everywhere when there is no subject.
    mask : (H, W) uint8 in {0, 255}
        Where the alpha is above one half.
    raw : (h, w) uint16, optional
        The model's own map, where the alpha is not just that map enlarged.
    parts : dict
        Uncertainty measures.
    missing_hand : box, optional
        Of a hand that was seen, and that the label mostly lacks; in pixel edges.
    """

    alpha: npt.NDArray[Any]
    mask: npt.NDArray[np.uint8]
    raw: npt.NDArray[np.uint16] | None
    parts: dict[str, float]
    missing_hand: Box | None = None


def make_label(image: Image, outputs: ModelOutputs, cleaning: Cleaning, depth: int) -> Label:
    """Make the label of an (H, W, 3) uint8 RGB photo, with `depth` (8 or 16) bits of alpha."""
    raw = _picture_part(outputs.prediction, outputs.prediction.probability)
    parts = _uncertainty_measures(outputs, _small(raw))
    probability = stretch_range(raw) if cleaning.min_max else raw
    alpha = network_input.resize_map(probability, (image.shape[0], image.shape[1]))
    if cleaning.refine:
        alpha = follow_edges(image, alpha, _small(probability))
    if cleaning.largest is not None or cleaning.min_area > 0:
        alpha = keep_parts(alpha, largest=cleaning.largest, min_share=cleaning.min_area)
    if cleaning.matting:
        alpha = _matted(image, alpha)
    stored = _stored(alpha, depth)
    mask = np.where(stored > np.iinfo(stored.dtype).max // 2, np.uint8(255), np.uint8(0))
    missing = _missing_hand(alpha, outputs.prediction.hands)
    parts |= {} if missing is None else {"hand": round(missing.share, 6)}
    place = None if missing is None else missing.box_xyxy
    label = Label(stored, mask, None if cleaning.is_off else _stored(raw, 16), parts, place)
    # A faint haze is no person: the label is empty, and the model's output is kept beside it.
    return label if mask.any() else emptied(label, outputs)


def emptied(label: Label, outputs: ModelOutputs) -> Label:
    """Return the label without a subject; the model's output is kept beside it."""
    raw = _picture_part(outputs.prediction, outputs.prediction.probability)
    return Label(
        np.zeros_like(label.alpha), np.zeros_like(label.mask), _stored(raw, 16), label.parts
    )


def _missing_hand(alpha: Map, hands: Sequence[Hand] | None) -> MissingHand | None:
    """Return the hand that a label mostly lacks, all of it there as a share of 0; None unseen."""
    if hands is None:
        return None
    found = missing_hand(alpha, hands)
    return found if found.share >= MISSING_SHARE else MissingHand(0.0, None)


def _uncertainty_measures(outputs: ModelOutputs, probability: Map) -> dict[str, float]:
    first, hw = outputs.prediction, (probability.shape[0], probability.shape[1])

    def fitted(values: Map, prediction: Prediction) -> Map:
        return network_input.resize_map(
            network_input.without_padding(values, prediction.placement), hw
        )

    def seen(prediction: Prediction | None) -> Map | None:
        return None if prediction is None else fitted(prediction.probability, prediction)

    flipped = seen(outputs.flipped)
    return measure_uncertainty(
        probability,
        raw_max=first.raw_max,
        sides=[] if first.sides is None else [fitted(side, first) for side in first.sides],
        flipped=None if flipped is None else np.ascontiguousarray(flipped[:, ::-1]),
        second=seen(outputs.second),
    )


def _picture_part(prediction: Prediction, values: Map) -> Map:
    return np.clip(network_input.without_padding(values, prediction.placement), 0, 1)


def _small(values: Map) -> Map:
    scale = MEASURED_SIDE_PX / max(values.shape)
    if scale >= 1:
        return values
    height, width = (max(1, round(side * scale)) for side in values.shape)
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA))


def _matted(image: Image, alpha: Map) -> Map:
    mask = alpha > THRESHOLD
    if mask.all() or not mask.any():
        return alpha
    prior = outline_prior(mask, half_band_px(mask.shape), exact=True)
    return estimate_alpha(
        image,
        mask_trimap(mask),
        prior,
        method="closed-form",
        solve_long_side_px=SOLVE_SIDE_PX,
    )


def _stored(alpha: Map, depth: int) -> npt.NDArray[Any]:
    if depth == 8:
        return np.asarray(cv2.convertScaleAbs(alpha, alpha=255))
    stored: npt.NDArray[Any] = np.rint(alpha * np.float32(65535)).astype(np.uint16)
    return stored
