"""A photo's appearance in a few numbers, so that splits can be compared."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]

SIDE_PX: Final = 512
"""Photos are measured with this longer side: sharpness depends on the size."""


def photo_measures(image: Image) -> dict[str, float]:
    """Return brightness (mean luma, 0 to 1), sharpness, warmth and colourfulness of a photo.

    Sharpness is the logarithm (base 10) of the variance of the Laplacian of luma at a longer side
    of `SIDE_PX` (Pech-Pacheco et al. 2000). Warmth is the mean b* (CIE 1976): lamps indoors shift
    a photo towards yellow (positive), shade and overcast skies towards blue. Colourfulness is that
    of Hasler and Süsstrunk (2003): 0 for grey, about 30 for moderate, from 80 on for vivid colours.

    Examples
    --------
    >>> flat = photo_measures(np.full((64, 64, 3), 255, np.uint8))
    >>> flat["brightness"], flat["sharpness"] < 0, flat["colourfulness"]
    (1.0, True, 0.0)
    >>> lamp = photo_measures(np.full((8, 8, 3), (230, 200, 140), np.uint8))
    >>> lamp["warmth"] > 30 > abs(flat["warmth"])
    True
    >>> photo_measures(np.full((1, 4000, 3), 255, np.uint8))["brightness"]
    1.0
    """
    height, width = image.shape[:2]
    scale = min(1.0, SIDE_PX / max(height, width))
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    variance = float(cv2.Laplacian(luma, cv2.CV_64F).var())
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return {
        "brightness": float(luma.mean()) / 255,
        "sharpness": float(np.log10(variance + 1e-3)),
        "warmth": float(lab[..., 2].mean(dtype=np.float64)),
        "colourfulness": _colourfulness(small),
    }


def _colourfulness(image: Image) -> float:
    red, green, blue = (image[..., channel].astype(np.float64) for channel in range(3))
    opponents = np.stack([red - green, (red + green) / 2 - blue]).reshape(2, -1)
    spread, mean = np.linalg.norm(opponents.std(axis=1)), np.linalg.norm(opponents.mean(axis=1))
    return float(spread + 0.3 * mean)


def label_measures(alpha: Map) -> dict[str, float]:
    """Return the foreground's share, and which part of it is neither clear nor opaque.

    Examples
    --------
    >>> label_measures(np.array([[0, 0.5], [1, 0.5]], np.float32))
    {'foreground': 0.5, 'edge_softness': 0.5}
    """
    total = float(alpha.sum(dtype=np.float64))
    soft = float(alpha[(alpha > 0.05) & (alpha < 0.95)].sum(dtype=np.float64))
    return {"foreground": total / alpha.size, "edge_softness": soft / total if total else 0.0}
