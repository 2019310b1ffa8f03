"""``effort: best`` for a model of one's own: it looks twice, and the offline chain beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from datakit.core.images import network_input
from datakit.models.factory import BEST, Identity, Settings, joined
from datakit.models.prediction import Hint, Image, Map, Prediction
from datakit.models.segmenters.base import Segmenter
from datakit.models.segmenters.people import PeopleSegmenter, identity_of_people

MODEL_WEIGHT = 0.6
"""Of the model against the offline chain, which knows people but sees them coarsely."""


class ThoroughSegmenter:
    """The mean of a model, its look at the mirrored photo, and the offline chain.

    Parameters
    ----------
    model : Segmenter
    settings : Settings
        Those that the model was built with.
    """

    def __init__(self, model: Segmenter, settings: Settings) -> None:
        self._model = model
        self._people = PeopleSegmenter(replace(settings, effort=BEST))
        self.identity = thorough_identity(model.identity)
        self.takes_hints = model.takes_hints

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return one prediction per picture, at the larger of the two maps' sizes."""
        first = self._model.segment(images, hints)
        mirrored = self._model.segment(
            [np.ascontiguousarray(image[:, ::-1]) for image in images],
            [
                hint and hint.mirrored(image.shape[1])
                for image, hint in zip(images, hints or [None] * len(images), strict=True)
            ],
        )
        people = self._people.segment(images)
        return [_mean(*three) for three in zip(first, mirrored, people, strict=True)]


def thorough_identity(model: Identity) -> Identity:
    """Return what runs: the model, and the chain's networks."""
    return joined(model.name, [model, *identity_of_people(BEST).members])


def _mean(first: Prediction, mirrored: Prediction, people: Prediction) -> Prediction:
    own = [_picture_part(first), np.ascontiguousarray(_picture_part(mirrored)[:, ::-1])]
    maps = [*own, people.probability]
    size_hw = max((one.shape for one in maps), key=lambda shape: shape[0] * shape[1])
    fitted = [network_input.resize_map(one, (size_hw[0], size_hw[1])) for one in maps]
    share = np.float32(MODEL_WEIGHT)
    probability = share * (fitted[0] + fitted[1]) / 2 + (1 - share) * fitted[2]
    return Prediction(
        np.clip(probability, 0, 1),
        network_input.place(first.placement.image_hw, (size_hw[0], size_hw[1]), "stretch"),
        raw_max=first.raw_max,
        sides=np.stack(fitted),
        hint=first.hint,
        is_person=people.is_person,
        hands=people.hands,
    )


def _picture_part(prediction: Prediction) -> Map:
    return network_input.without_padding(prediction.probability, prediction.placement)
