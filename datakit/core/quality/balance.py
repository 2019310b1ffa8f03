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
    """Return the brightness (mean luma, 0 to 1) and the sharpness of a photo.

    Sharpness is the logarithm (base 10) of the variance of the Laplacian of luma at a longer side
    of `SIDE_PX` (Pech-Pacheco et al. 2000).

    Examples
    --------
    >>> flat = photo_measures(np.full((64, 64, 3), 255, np.uint8))
    >>> flat["brightness"], flat["sharpness"] < 0
    (1.0, True)
    >>> photo_measures(np.full((1, 4000, 3), 255, np.uint8))["brightness"]
    1.0
    """
    height, width = image.shape[:2]
    scale = min(1.0, SIDE_PX / max(height, width))
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    variance = float(cv2.Laplacian(luma, cv2.CV_64F).var())
    return {
        "brightness": float(luma.mean()) / 255,
        "sharpness": float(np.log10(variance + 1e-3)),
    }


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
