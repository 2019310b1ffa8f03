"""Inpainters without weights: patches of the photo itself, and OpenCV's diffusion."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.inpainting.diffusion import fill_by_diffusion
from datakit.core.inpainting.fill import fill_hole
from datakit.core.inpainting.tempering import fill_by_tempered_patches
from datakit.models.factory import NOT_NEEDED, Identity, Settings
from datakit.models.inpainting.base import Inpainter
from datakit.models.prediction import Image
from datakit.version import __version__

Bool = npt.NDArray[np.bool_]
Fill = Callable[[Image, Bool, np.random.Generator], Image]


class OfflineInpainter:
    """An inpainter that is no network: one function of the photo, the hole and the seed.

    It is its own factory, as there is nothing to load.
    """

    USES: frozenset[str] = frozenset()

    def __init__(self, name: str, runtime: str, fill: Fill) -> None:
        self.identity = Identity(name=name, licence=NOT_NEEDED, runtime=runtime)
        self.fill = fill

    def identify(self, settings: Settings) -> Identity:
        """Say what runs; nothing can be missing."""
        return self.identity

    def __call__(self, settings: Settings) -> Inpainter:
        """Return itself."""
        return self


def _by_patches(photo: Image, hole: Bool, rng: np.random.Generator) -> Image:
    return fill_hole(photo, hole, fill_by_tempered_patches, rng)


def _by_telea(photo: Image, hole: Bool, rng: np.random.Generator) -> Image:
    return fill_by_diffusion(photo, hole, "telea")


def _by_navier_stokes(photo: Image, hole: Bool, rng: np.random.Generator) -> Image:
    return fill_by_diffusion(photo, hole, "navier-stokes")


EXEMPLAR = OfflineInpainter(
    "exemplar", f"patches of the photo, no network; datakit {__version__}", _by_patches
)
TELEA = OfflineInpainter("telea", f"no network; OpenCV {cv2.__version__}", _by_telea)
NAVIER_STOKES = OfflineInpainter(
    "navier-stokes", f"no network; OpenCV {cv2.__version__}", _by_navier_stokes
)
