"""Segmenters for tests, importable so that workers can build them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from datakit.core.images import network_input
from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings
from datakit.models.prediction import Hint, Image, Prediction

SIDE = 64


class Brightness:
    """Takes what is bright for a person; a photo with a green corner breaks it."""

    takes_hints = False
    fit: network_input.InputFit = "letterbox"

    def __init__(self, settings: Settings, licence: str = "MIT") -> None:
        self.identity = Identity(
            name="brightness",
            sha256="0" * 64,
            licence=licence,
            noncommercial="NC" in licence,
            runtime="numpy",
        )
        self.batches: list[int] = []

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        self.batches.append(len(images))
        return [self._one(image) for image in images]

    def _one(self, image: Image) -> Prediction:
        if tuple(image[0, 0]) == (0, 255, 0):
            raise ModelError("brightness: green is not seen")
        placed = network_input.place(image.shape[:2], (SIDE, SIDE), self.fit)  # type: ignore[arg-type]
        gray = cv2.cvtColor(network_input.to_input(image, placed, (0, 0, 0)), cv2.COLOR_RGB2GRAY)
        values = (gray / np.float32(255)).astype(np.float32)
        sides = np.stack([values, cv2.GaussianBlur(values, (0, 0), 3)])
        return Prediction(values, placed, raw_max=float(values.max()), sides=sides)


class Ahead(Brightness):
    """The same on a device that works by itself."""

    def submit(self, images: Sequence[Image]) -> Callable[[], list[Prediction]]:
        return lambda: self.segment(images)


class Hinted(Brightness):
    """Starts from hints."""

    takes_hints = True


class Never(Brightness):
    """Does not fit."""

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        raise ModelError("brightness: a batch of 1 does not fit into the memory of cuda:0")
