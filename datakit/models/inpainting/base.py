"""What restores the background behind a person: the protocol, and the registry of inpainters.

As segmenters, an inpainter is built in two steps: `identify` says what would run from files alone,
`build` loads it.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from datakit.models.segmenters.base import Identity, Image, Settings, refuse_unused
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


class InpainterFactory(Protocol):
    """Builds an inpainter; a registry entry is one of these (a class will do).

    Attributes
    ----------
    USES : frozenset of str
        The fields of `Settings` that it reads.
    """

    USES: frozenset[str]

    def identify(self, settings: Settings) -> Identity:
        """Say what would run, from files alone; ModelError when something is missing."""
        ...

    def __call__(self, settings: Settings) -> Inpainter:
        """Build it; ModelError when its runtime or its weights are missing or damaged."""
        ...


INPAINTERS: Registry[InpainterFactory] = Registry(
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
    return _factory(name, settings).identify(settings)


def build(name: str, settings: Settings | None = None) -> Inpainter:
    """Build an inpainter of the registry; raises as `identify`."""
    settings = settings or Settings()
    return _factory(name, settings)(settings)


def _factory(name: str, settings: Settings) -> InpainterFactory:
    factory = INPAINTERS.load(name)
    refuse_unused(f"inpainter {name!r}", factory.USES, settings)
    return factory
