"""Defects of plates: planted into a texture whose filled region is otherwise perfect."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.checks.base import Subject
from tests.planted.base import Base, subject_of

SIDE_PX = 160


def _plate(rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    noise = rng.normal(0, 1, (SIDE_PX, SIDE_PX, 3)).astype(np.float32)
    texture = 128 + 60 * cv2.GaussianBlur(noise, (0, 0), 1.2)
    region = np.zeros((SIDE_PX, SIDE_PX), bool)
    region[40:120, 50:110] = True
    return np.clip(texture, 0, 255).astype(np.uint8), region


def _subject(
    base: Base, plate: NDArray[np.uint8], region: NDArray[np.bool_], **extra: object
) -> Subject:
    label = np.zeros(region.shape, np.uint8)
    return subject_of(base, label, plate, region=region, **extra)


def plant_seam(base: Base, levels: float, rng: np.random.Generator) -> Subject:
    plate, region = _plate(rng)
    brighter = np.clip(plate.astype(float) + levels, 0, 255).astype(np.uint8)
    return _subject(base, np.where(region[..., None], brighter, plate), region)


def plant_plate_blur(base: Base, sigma_px: float, rng: np.random.Generator) -> Subject:
    plate, region = _plate(rng)
    blurred = cv2.GaussianBlur(plate, (0, 0), sigma_px)
    return _subject(base, np.where(region[..., None], blurred, plate), region)


def plant_repetition(base: Base, period_px: float, rng: np.random.Generator) -> Subject:
    plate, region = _plate(rng)
    patch = plate[: int(period_px), : int(period_px)]
    count = -(-SIDE_PX // len(patch))
    tiled = np.tile(patch, (count, count, 1))[:SIDE_PX, :SIDE_PX]
    return _subject(base, np.where(region[..., None], tiled, plate), region)


def plant_person(base: Base, share: float, rng: np.random.Generator) -> Subject:
    plate, region = _plate(rng)
    seen = np.zeros(region.shape, np.float32)
    side = round(np.sqrt(share) * SIDE_PX)
    seen[60 : 60 + side, 60 : 60 + side] = 0.9
    return _subject(base, plate, region, confidence=seen)
