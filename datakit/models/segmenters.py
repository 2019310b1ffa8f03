"""What tells people from background: the protocol, and the registry of segmenters."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from datakit.models.weights import Weights
from datakit.registry import Registry


class Segmenter(Protocol):
    """Says for each pixel how likely it is foreground.

    Attributes
    ----------
    sha256 : str
        Digest of the weights that run.
    """

    sha256: str

    def segment(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return (H, W) float32 in [0, 1] for an (H, W, 3) uint8 RGB image."""
        ...


class SegmenterFactory(Protocol):
    """Builds a segmenter; a registry entry is one of these (a class will do).

    Attributes
    ----------
    WEIGHTS : Weights
        What it loads, so that a missing file is found before any work starts.
    """

    WEIGHTS: Weights

    def __call__(self) -> Segmenter:
        """Build it; ModelError when its runtime or its weights are missing or damaged."""
        ...


SEGMENTERS: Registry[SegmenterFactory] = Registry(
    "segmenter", {"selfie": "datakit.models.selfie:SelfieSegmenter"}
)
