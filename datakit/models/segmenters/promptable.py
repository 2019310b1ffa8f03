"""Promptable models as a segmenter: the boxes of a hint become masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from datakit.core.images import network_input
from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings, joined
from datakit.models.prediction import Hint, Image, Prediction
from datakit.models.runtimes.prompt_contract import SHIPPED, read_prompt_contract
from datakit.models.runtimes.promptable import PromptableModel
from datakit.models.weights.files import kind_of
from datakit.models.weights.given import GivenWeights, open_weights


class PromptableSegmenter:
    """One mask for each box of a picture's hint; their maximum is the prediction.

    Parameters
    ----------
    model : PromptableModel
    identity : Identity
    """

    takes_hints = True

    def __init__(self, model: PromptableModel, identity: Identity) -> None:
        self.model = model
        self.identity = replace(identity, runtime=model.runtime)

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return one prediction per picture; without a box nothing is foreground."""
        given = hints or [None] * len(images)
        return [self._segmented(*pair) for pair in zip(images, given, strict=True)]

    def _segmented(self, image: Image, hint: Hint | None) -> Prediction:
        boxes = () if hint is None else hint.object_boxes()
        hw = (image.shape[0], image.shape[1])
        probability = np.zeros(hw, np.float32)
        if boxes:
            encoded = self.model.encode(image)
            for box in boxes:
                probability = np.maximum(probability, self.model.answer(encoded, box=box))
        return Prediction(
            probability,
            network_input.identity(hw),
            raw_max=float(probability.max()),
            hint="" if hint is None else hint.source,
        )


class PromptableFactory:
    """Builds a promptable model of two ONNX files (``--weights ENCODER --weights DECODER``)."""

    USES = frozenset({"weights", "contract", "device"})

    def identify(self, settings: Settings) -> Identity:
        """Find both files, and read the contract."""
        parts = _parts(settings)
        read_prompt_contract(_contract(settings))
        return _identity(parts)

    def __call__(self, settings: Settings) -> PromptableSegmenter:
        """Build it; ModelError when the contract does not fit the models."""
        encoder, decoder = parts = _parts(settings)
        contract = read_prompt_contract(_contract(settings))
        name = str(encoder.path)
        model = PromptableModel(encoder.data, decoder.data, contract, settings.device, name)
        return PromptableSegmenter(model, _identity(parts))


def _parts(settings: Settings) -> tuple[GivenWeights, GivenWeights]:
    found = [
        open_weights(replace(settings, weights=(one,)), None, "promptable")
        for one in settings.weights
    ]
    if len(found) != 2:
        raise ModelError(
            "--model promptable: expected --weights ENCODER --weights DECODER, found "
            f"{', '.join(str(one.path) for one in found) or 'nothing'}"
        )
    for given in found:
        kind = kind_of(given.data, str(given.path))
        if kind != "onnx":
            raise ModelError(f"{given.path}: expected onnx, found {kind}")
    return found[0], found[1]


def _contract(settings: Settings) -> str | Path:
    if settings.contract is None:
        raise ModelError(
            f"--model promptable: expected --contract, a YAML file or {', '.join(SHIPPED)}; found "
            "none"
        )
    return settings.contract


def _identity(parts: Sequence[GivenWeights]) -> Identity:
    return joined("promptable", [part.identity(part.path.name) for part in parts])


PROMPTABLE = PromptableFactory()
