"""What restores the background behind a person: the protocol, and the registry of inpainters.

As segmenters, an inpainter is built in two steps: `identify` says what would run from files alone,
`build` loads it.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from datakit.models.factory import Factory, Identity, Settings, chosen_factory
from datakit.models.prediction import Image
from datakit.registry import Registry

Bool = npt.NDArray[np.bool_]


class Inpainter(Protocol):
    """Fills holes in photos.

    Attributes
    ----------
    identity : Identity
        What runs.
    """

    identity: Identity

    def fill(self, photo: Image, hole: Bool, rng: np.random.Generator) -> Image:
        """Return an (H, W, 3) uint8 RGB photo with its (H, W) bool hole filled.

        Pixels outside the hole are the photo's own; the same photo, hole and seed give the same
        bytes. InputError when too little of the photo is left to fill it with.
        """
        ...


INPAINTERS: Registry[Factory[Inpainter]] = Registry(
    "inpainter",
    {
        "exemplar": "datakit.models.inpainting.offline:EXEMPLAR",
        "telea": "datakit.models.inpainting.offline:TELEA",
        "navier-stokes": "datakit.models.inpainting.offline:NAVIER_STOKES",
        "deepfillv2": "datakit.models.inpainting.deepfill:DEEPFILL",
        "onnx": "datakit.models.inpainting.contracted:ONNX",
        "torchscript": "datakit.models.inpainting.contracted:TORCHSCRIPT",
    },
)


def identify(name: str, settings: Settings | None = None) -> Identity:
    """Say which weights an inpainter would run, before any work.

    Raises
    ------
    InputError
        If the name is not known, or a setting is given that the inpainter has no use for.
    ModelError
        If weights or a runtime are missing or damaged.

    Examples
    --------
    >>> identify("exemplar").licence
    'not needed'
    """
    settings = settings or Settings()
    return chosen_factory(INPAINTERS, name, settings).identify(settings)


def build(name: str, settings: Settings | None = None) -> Inpainter:
    """Build an inpainter of the registry; raises as `identify`."""
    settings = settings or Settings()
    return chosen_factory(INPAINTERS, name, settings)(settings)
