"""Upright square crops around a face, and the way back from crop to image."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class UprightCrop:
    """A square crop whose up is the face's up.

    Attributes
    ----------
    image : (side, side, 3) uint8 RGB
    to_image : (2, 3) float64
        Affine map from pixel-edge coordinates of the crop to those of the image: a similarity.
    """

    image: Image
    to_image: npt.NDArray[np.float64]

    @property
    def scale(self) -> float:
        """Pixels of the image per pixel of the crop."""
        return float(np.hypot(*self.to_image[:, 0]))

    def points_to_image(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Map (N, 2) or (N, 3) points of the crop to the image; depth is scaled alike."""
        flat: npt.NDArray[np.float64] = points[:, :2] @ self.to_image[:, :2].T
        mapped = flat + self.to_image[:, 2]
        if points.shape[1] == 2:
            return mapped
        return np.column_stack([mapped, points[:, 2] * self.scale])


def upright_crop(
    image: Image,
    centre_xy: npt.NDArray[np.float64],
    side_px: float,
    roll_rad: float,
    out_px: int,
) -> UprightCrop:
    """Cut a square, turned by `roll_rad`, out of an image; what lies outside of it is black.

    Large squares are first shrunk by area averaging, so that sampling does not alias.

    Parameters
    ----------
    image : (H, W, 3) uint8
    centre_xy : (2,) float
        Centre of the square in pixel edges.
    side_px : float
        Side of the square in pixels of the image.
    roll_rad : float
        Angle of the line between the eyes in image axes (y down).
    out_px : int
        Side of the crop.

    Returns
    -------
    UprightCrop

    Examples
    --------
    >>> image = np.zeros((8, 8, 3), np.uint8)
    >>> crop = upright_crop(image, np.array([4.0, 4.0]), 8.0, 0.0, 4)
    >>> crop.image.shape, crop.points_to_image(np.array([[2.0, 2.0]])).tolist()
    ((4, 4, 3), [[4.0, 4.0]])
    """
    scale = side_px / out_px
    cos, sin = np.cos(roll_rad) * scale, np.sin(roll_rad) * scale
    turn = np.array([[cos, -sin], [sin, cos]])
    offset = np.asarray(centre_xy, np.float64) - turn @ np.full(2, out_px / 2)
    to_image = np.column_stack([turn, offset])

    half = side_px * (abs(np.cos(roll_rad)) + abs(np.sin(roll_rad))) / 2 + 2
    low = np.clip(np.floor(centre_xy - half), 0, [image.shape[1] - 1, image.shape[0] - 1])
    high = np.clip(np.ceil(centre_xy + half), low + 1, [image.shape[1], image.shape[0]])
    (x0, y0), (x1, y1) = low.astype(int), high.astype(int)
    patch = image[y0:y1, x0:x1]
    shrink = np.ones(2)
    if scale >= 2:
        size_wh = np.maximum(1, np.round((high - low) / scale)).astype(int)
        patch = cv2.resize(patch, (int(size_wh[0]), int(size_wh[1])), interpolation=cv2.INTER_AREA)
        shrink = size_wh / (high - low)

    # crop (edges) -> image (edges) -> patch (edges) -> patch (centres, as warpAffine wants both).
    to_patch = (to_image - np.column_stack([np.zeros((2, 2)), low])) * shrink[:, None]
    to_patch[:, 2] += to_patch[:, :2] @ np.full(2, 0.5) - 0.5
    crop = cv2.warpAffine(
        patch,
        to_patch,
        (out_px, out_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return UprightCrop(crop, to_image)
