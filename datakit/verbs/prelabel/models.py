"""The segmenter that model and effort select, and its identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datakit.errors import InputError
from datakit.models.factory import BEST, Identity, Settings
from datakit.models.segmenters.base import SEGMENTERS, Segmenter, build, identify
from datakit.models.segmenters.boxed import BoxedSegmenter, boxed_identity
from datakit.models.segmenters.thorough import ThoroughSegmenter, thorough_identity

ANSWER_BOXES = frozenset({"promptable", "grabcut", "kmeans", "gmm", "meanshift", "otsu"})
"""Segmenters that start from boxes themselves."""
FAST, DEFAULT = "fast", "default"


def settings_of(name: str, effort: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a segmenter, with the effort where it has one.

    Raises
    ------
    InputError
        If the best effort is asked of a model without weights, or of one that drafts what is in
        boxes: the offline chain would add people outside of them.
    """
    uses = SEGMENTERS.load(name).USES
    if effort == BEST and (name in ANSWER_BOXES or not uses & {"effort", "weights"}):
        raise InputError(
            "--effort best: expected a model with weights that drafts whole photos, or "
            f"mediapipe-selfie, found {name}; leave it out"
        )
    return {**given, "effort": effort} if "effort" in uses else dict(given)


def is_thorough(name: str, effort: str) -> bool:
    """Tell whether a model of one's own is helped by the offline chain."""
    return effort == BEST and "effort" not in SEGMENTERS.load(name).USES


def follows_edges(name: str, effort: str) -> bool:
    """Tell whether drafts are drawn along the photo's edges without being asked."""
    return is_thorough(name, effort) or (effort != FAST and "effort" in SEGMENTERS.load(name).USES)


def identify_model(
    name: str, settings: Mapping[str, Any], *, thorough: bool = False, boxed: bool = False
) -> Identity:
    """Say what would run; raises as `identify`."""
    found = identify(name, Settings(**settings))
    if thorough:
        found = thorough_identity(found)
    return boxed_identity(found) if boxed and name not in ANSWER_BOXES else found


def build_model(
    name: str, settings: Mapping[str, Any], *, thorough: bool = False, boxed: bool = False
) -> Segmenter:
    """Build it; raises as `build`.

    Parameters
    ----------
    name : str
    settings : mapping
        Of `Settings`.
    thorough : bool
        Whether the offline chain helps it.
    boxed : bool
        Whether it is to answer boxes.
    """
    given = Settings(**settings)
    model = build(name, given)
    if thorough:
        model = ThoroughSegmenter(model, given)
    return BoxedSegmenter(model, given) if boxed and name not in ANSWER_BOXES else model
