"""Augmentation: presets, and the joint transform of an image and all its labels.

`load_pipeline` gives the same object that `datakit augment` runs, for use on the fly::

    pipeline = datakit.transforms.load_pipeline("p3m")
    item = pipeline(image=image, alpha=alpha)
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Albumentations asks the network for its newest version when it is imported. This is the one
# place that all of datakit's imports of it pass through.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

if TYPE_CHECKING:
    from datakit.transforms.elastic import FastElastic
    from datakit.transforms.pipeline import Pipeline, load_pipeline

__all__ = ["FastElastic", "Pipeline", "load_pipeline"]

_HOMES = {
    "FastElastic": "datakit.transforms.elastic",
    "Pipeline": "datakit.transforms.pipeline",
    "load_pipeline": "datakit.transforms.pipeline",
}


def __getattr__(name: str) -> Any:
    """Import Albumentations (seconds) only when a name that needs it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
