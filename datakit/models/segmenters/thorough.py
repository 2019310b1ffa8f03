"""``effort: best`` for a model of one's own: it looks twice, and the offline chain beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from datakit.core.images import network_input
from datakit.models.factory import BEST, Identity, Settings, joined
from datakit.models.prediction import Hint, Image, Map, Prediction
from datakit.models.runtimes.contract import sigmoid
from datakit.models.segmenters.base import Segmenter
from datakit.models.segmenters.people import PeopleSegmenter, identity_of_people

SURE = 0.02
"""Nearer to 0 or 1 than this a map is not believed: it would outvote the others by itself."""


class ThoroughSegmenter:
    """The mean of a model, of it and its look at the mirrored photo, and of the offline chain.

    Log odds are averaged, so that who is sure counts more: where one of the two hardly sees a
    person whom the other is sure of, the person stays (benchmarks/drafts.py).

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
    first_odds, mirrored_odds, people_odds = map(_log_odds, fitted)
    mixed = sigmoid((first_odds + mirrored_odds) / 4 + people_odds / 2)
    return Prediction(
        # Where all agree they are as sure as they were.
        np.clip((mixed - SURE) / (1 - 2 * SURE), 0, 1),
        network_input.place(first.placement.image_hw, (size_hw[0], size_hw[1]), "stretch"),
        raw_max=first.raw_max,
        sides=np.stack(fitted),
        hint=first.hint,
        is_person=people.is_person,
        hands=people.hands,
    )


def _log_odds(probability: Map) -> Map:
    kept = np.clip(probability, SURE, 1 - SURE)
    odds: Map = np.log(kept / (1 - kept))
    return odds


def _picture_part(prediction: Prediction) -> Map:
    return network_input.without_padding(prediction.probability, prediction.placement)
