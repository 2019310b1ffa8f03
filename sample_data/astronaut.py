"""NASA's portrait of Eileen Collins, as scikit-image ships it, with an alpha made here.

The outline was found once with GrabCut from a hand-drawn band and simplified; it is kept as numbers
so that the alpha is the same whatever the OpenCV version. The alpha is synthetic: an outline with a
feathered edge, not a matte of the real hair.
"""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

SIDE_PX = 320
FULL_PX = 512
HAIR_ENDS_Y = 145
OUTLINE = np.array([
    201, 23, 186, 37, 176, 42, 162, 52, 157, 57, 153, 68, 154, 92, 156, 101, 163, 111, 168, 115,
    172, 125, 181, 133, 183, 145, 180, 148, 157, 150, 139, 159, 131, 167, 122, 181, 118, 183,
    113, 192, 113, 200, 115, 206, 112, 208, 108, 213, 98, 219, 91, 226, 78, 234, 69, 242, 60, 253,
    53, 268, 45, 280, 40, 294, 39, 305, 34, 315, 33, 322, 26, 342, 26, 366, 19, 390, 20, 420,
    24, 432, 23, 460, 26, 484, 29, 493, 36, 501, 41, 512, 512, 512, 512, 470, 507, 452, 502, 454,
    496, 450, 493, 421, 488, 405, 477, 383, 456, 362, 436, 351, 418, 345, 393, 344, 381, 345,
    370, 349, 365, 348, 360, 342, 361, 329, 357, 322, 356, 302, 352, 291, 352, 287, 346, 278,
    345, 272, 341, 264, 331, 253, 303, 232, 299, 219, 289, 203, 276, 189, 263, 179, 256, 171,
    256, 163, 264, 149, 266, 139, 269, 136, 273, 135, 290, 117, 295, 109, 299, 96, 299, 72,
    296, 65, 295, 56, 288, 43, 282, 36, 274, 30, 248, 18, 227, 16, 214, 21, 205, 21,
], np.float64).reshape(-1, 2)  # fmt: skip


def image() -> NDArray[np.uint8]:
    """Return the portrait, (320, 320, 3) uint8 RGB."""
    full = skimage.data.astronaut()
    return cv2.resize(full, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)


def outline() -> NDArray[np.float64]:
    """Return the outline, (N, 2) in pixels of `image`."""
    return OUTLINE * (SIDE_PX / FULL_PX)


def alpha() -> NDArray[np.uint8]:
    """Return the synthetic alpha, (320, 320) uint8: wide feather at the hair."""
    hard = np.zeros((FULL_PX, FULL_PX), np.uint8)
    cv2.fillPoly(hard, [np.rint(OUTLINE * 16).astype(np.int32)], 255, cv2.LINE_8, 4)
    soft = cv2.GaussianBlur(hard.astype(np.float32), (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)
    hair = cv2.GaussianBlur(hard.astype(np.float32), (0, 0), 3.0, borderType=cv2.BORDER_REPLICATE)
    fade = np.clip((HAIR_ENDS_Y - np.arange(FULL_PX)) / 24, 0, 1)[:, None].astype(np.float32)
    mixed = fade * hair + (1 - fade) * soft
    small = cv2.resize(mixed, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.rint(small).astype(np.uint8)
