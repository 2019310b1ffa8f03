"""Turn an image by any angle on a canvas that holds all of it, and find the way back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Turned:
    """A turned image.

    Attributes
    ----------
    image : (H', W', 3) uint8
        Black where the canvas shows nothing of the image.
    degrees : float
        Counter-clockwise.
    to_image : (2, 3) float64
        Pixel edges of the turned image -> pixel edges of the image: a turn without scaling.
    """

    image: Image
    degrees: float
    to_image: npt.NDArray[np.float64]

    def points_to_image(self, points_xy: Points) -> Points:
        """Map (..., 2) points back."""
        flat: Points = np.asarray(points_xy, np.float64) @ self.to_image[:, :2].T
        return flat + self.to_image[:, 2]

    def box_to_image(self, box_xyxy: Points) -> Points:
        """Map a box back: its centre is exact, and so is its size at right angles.

        At other angles width and height are kept: the box that holds the turned corners would be
        far too large for what is round.
        """
        centre = self.points_to_image((box_xyxy[:2] + box_xyxy[2:]) / 2)
        half = (box_xyxy[2:] - box_xyxy[:2]) / 2
        if self.degrees % 180 == 90:
            half = half[::-1]
        return np.concatenate([centre - half, centre + half])


def turn_image(image: Image, degrees: float) -> Turned:
    """Turn an image counter-clockwise; right angles are exact, others are interpolated.

    Parameters
    ----------
    image : (H, W, 3) uint8
    degrees : float

    Returns
    -------
    Turned

    Examples
    --------
    >>> turned = turn_image(np.zeros((3, 4, 3), np.uint8), 90)
    >>> turned.image.shape, turned.points_to_image(np.zeros((1, 2))).tolist()
    ((4, 3, 3), [[4.0, 0.0]])
    """
    height, width = image.shape[:2]
    if degrees % 90 == 0:
        quarter_turns = int(degrees // 90) % 4
        cos, sin = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarter_turns]
        canvas = np.ascontiguousarray(np.rot90(image, quarter_turns))
    else:
        cos, sin = float(np.cos(np.deg2rad(degrees))), float(np.sin(np.deg2rad(degrees)))
        canvas = None
    back = np.array([[cos, -sin], [sin, cos]], np.float64)
    size_wh = np.ceil(np.round(np.abs(back) @ np.array([width, height]), 6)).astype(int)
    offset = np.array([width, height]) / 2 - back @ (size_wh / 2)
    to_image = np.column_stack([back, offset])
    if canvas is None:
        # warpAffine speaks of pixel centres on both sides.
        centres = to_image.copy()
        centres[:, 2] += back @ np.full(2, 0.5) - 0.5
        canvas = cv2.warpAffine(
            image,
            centres,
            (int(size_wh[0]), int(size_wh[1])),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
    return Turned(np.asarray(canvas, np.uint8), degrees, to_image)
