"""Where the offline chain sees people in a photo: a second opinion beside the label's draft."""

from __future__ import annotations

import threading
from functools import cached_property

from datakit.models.factory import Identity, Settings
from datakit.models.prediction import Image, Prediction
from datakit.models.segmenters.base import Segmenter, build, identify

_NAME = "mediapipe-selfie"
_SETTINGS = Settings(effort="default")


class PersonMaps:
    """MediaPipe's networks, which come with datakit; loaded when they first look at a photo.

    Raises
    ------
    ModelError
        If a model or LiteRT is missing or damaged.

    Attributes
    ----------
    identity : Identity
        What looks.
    """

    def __init__(self) -> None:
        self.identity: Identity = identify(_NAME, _SETTINGS)
        # The interpreters work on one photo at a time, and more than one thread asks.
        self._mutex = threading.Lock()

    def look(self, image: Image) -> Prediction | None:
        """Return where people are on an (H, W, 3) uint8 RGB photo; None where nobody is."""
        with self._mutex:
            (seen,) = self._chain.segment([image])
        return seen if seen.is_person else None

    @cached_property
    def _chain(self) -> Segmenter:
        return build(_NAME, _SETTINGS)
