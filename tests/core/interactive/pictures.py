"""A picture with a clear subject for the interactive tools."""

from __future__ import annotations

import cv2
import numpy as np


def figure(height: int = 180, width: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """A noisy blue ground with an orange figure and a grey box beside it; the figure's mask."""
    rng = np.random.default_rng(0)
    image = np.full((height, width, 3), (60, 90, 140), np.uint8)
    truth = np.zeros((height, width), np.uint8)
    cv2.ellipse(truth, (width // 3, height // 2), (36, 60), 0, 0, 360, 1, cv2.FILLED)
    image[truth > 0] = (210, 130, 70)
    image[30:90, width - 70 : width - 20] = (120, 120, 120)
    noise = rng.normal(0, 4, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), truth > 0
