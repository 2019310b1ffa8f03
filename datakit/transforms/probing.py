"""Whether a transform moves a picture and its labels alike, tested on a known picture.

Two pictures of one label are transformed with the same randomness: bright before a dark ground, and
dark before a bright one. Where the results still show one of the two grey levels,
the label must say the same. What merely hides (a patch, dropped pixels) moves nothing, and must
leave the label as it was.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from albumentations.augmentations.crops.transforms import CropSizeError

Array = npt.NDArray[Any]

LEAST_IOU = 0.95
SIDES_PX = (160, 1200)
"""The picture's side, and another for transforms that need a larger one."""

_CELLS = 8
_LEVELS = ((203, 91), (57, 171))
"""Grey of the subject and of the ground, in each picture; fills are mostly none of these."""
_SLACK = 4
_MOVED = 2e-3
_TELLING = 5e-3
_MOSTLY_HIDDEN = 0.3
_NEAR = np.ones((7, 7), np.uint8)
_CUT = 0.94
"""The most that a label is worth whose picture did not move: small patches hide as large ones."""
_SEEDS = (1, 2, 3)


class _Shown(NamedTuple):
    """What a transformed picture still shows: the subject, and the ground."""

    subject: npt.NDArray[np.bool_]
    ground: npt.NDArray[np.bool_]


def label_agreement(transform: Any) -> float:
    """Return how well the labels of a transform fit its pictures, as the least IoU that is seen.

    Parameters
    ----------
    transform : albumentations.DualTransform
        With the targets "image", "mask" and "alpha"; it is run whatever its probability.

    Returns
    -------
    float
        1 where picture and labels move alike. Also 1 for a transform that fails on the pictures:
        it depends on what it is given, and fails there with its reason.
    """
    return min(_agreement(transform, seed) for seed in _SEEDS)


def _agreement(transform: Any, seed: int) -> float:
    for side_px in SIDES_PX:
        label = _figure(side_px)
        try:
            results = [_run(transform, label, levels, seed) for levels in _LEVELS]
        except (ValueError, TypeError, OverflowError, cv2.error, CropSizeError):
            continue
        before = _Shown(label, ~label)
        return min(
            _fit(_shown(data["image"], levels), before, data)
            for data, levels in zip(results, _LEVELS, strict=True)
        )
    return 1.0


def _figure(side_px: int) -> npt.NDArray[np.bool_]:
    """Return a (side, side) label of squares: no patch misses it, no flip or turn keeps it."""
    cells = np.random.default_rng(0).random((_CELLS, _CELLS)) < 0.5
    return np.kron(cells, np.ones((side_px // _CELLS, side_px // _CELLS), bool))


def _run(
    transform: Any, label: npt.NDArray[np.bool_], levels: tuple[int, int], seed: int
) -> dict[str, Any]:
    picture = np.where(label, *levels).astype(np.uint8)
    generator = np.random.default_rng(seed)
    transform.set_random_state(generator, random.Random(seed))
    found: dict[str, Any] = transform(
        force_apply=True,
        image=np.repeat(picture[..., None], 3, axis=2),
        mask=label.astype(np.uint8),
        alpha=label.astype(np.float32),
    )
    return found


def _shown(image: Array, levels: tuple[int, int]) -> _Shown:
    subject, ground = (
        (np.abs(image.astype(np.int64) - level) <= _SLACK).all(axis=2) for level in levels
    )
    return _Shown(subject, ground)


def _fit(shown: _Shown, before: _Shown, data: dict[str, Any]) -> float:
    """Return the IoU of the labels with what is shown; of what is hidden only, with what it was."""
    labels = [data["mask"] > 0, data["alpha"] >= 0.5]
    visible = shown.subject | shown.ground
    if visible.shape == before.subject.shape and visible.mean() > _MOSTLY_HIDDEN:
        moved = (shown.subject & before.ground) | (shown.ground & before.subject)
        if moved.mean() < _MOVED:
            return min(_kept(label, before.subject) for label in labels)
    return min(_iou(label & visible, shown.subject) for label in labels)


def _kept(label: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_]) -> float:
    """Return the IoU with what a label must still be, at most `_CUT` where a patch was cut."""
    inside = before.view(np.uint8)
    # Near the outline, moves of less than a pixel change a label and show nothing.
    band = cv2.dilate(inside, _NEAR) != cv2.erode(inside, _NEAR)
    changed = float(((label != before) & ~band).mean())
    return 1.0 if changed < _MOVED else min(_iou(label, before), _CUT)


def _iou(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    """Return the IoU of two masks; 1 where too little is there to tell."""
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union > _TELLING * one.size else 1.0
