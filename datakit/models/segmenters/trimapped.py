"""Matting networks that want a trimap beside the picture: it is drawn around an offline draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from datakit.core.drafts.cleaning import THRESHOLD
from datakit.core.matting.trimaps import mask_trimap
from datakit.models.factory import Identity, Settings, joined
from datakit.models.prediction import Hint, Image, Prediction
from datakit.models.runtimes.onnx_runner import OPAQUE, OnnxSegmenter
from datakit.models.segmenters.people import PeopleSegmenter, identity_of_people


class TrimappedSegmenter:
    """A matting network with the trimap of what `mediapipe-selfie` drafts.

    Parameters
    ----------
    model : OnnxSegmenter
        Its contract has a trimap.
    settings : Settings
        Those that it was built with.
    """

    takes_hints = False

    def __init__(self, model: OnnxSegmenter, settings: Settings) -> None:
        self._model = model
        self._people = PeopleSegmenter(replace(settings, sides=False))
        self.identity = trimapped_identity(model.identity)

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return one prediction per picture; without a person all of it is background."""
        drafts = self._people.segment(images)
        found = self._model.segment_within(images, [draft_trimap(draft) for draft in drafts])
        return [
            replace(one, is_person=draft.is_person)
            for one, draft in zip(found, drafts, strict=True)
        ]


def trimapped_identity(model: Identity) -> Identity:
    """Return what runs: the model, and the networks whose draft its trimap is drawn around."""
    return joined(model.name, [model, *identity_of_people().members])


def draft_trimap(draft: Prediction) -> npt.NDArray[np.uint8]:
    """Return (H, W) uint8 in {0, 128, 255}: unknown along the draft's outline."""
    mask = draft.to_image_size() > THRESHOLD
    if draft.is_person is False or not mask.any():
        return np.zeros(mask.shape, np.uint8)
    if mask.all():
        return np.full(mask.shape, OPAQUE, np.uint8)
    return mask_trimap(mask)
