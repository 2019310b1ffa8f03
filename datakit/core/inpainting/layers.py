"""A photo as layers: the subject over its clean plate; composited, they give the photo again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from datakit.core.matting.foreground import estimate_foreground
from datakit.errors import InputError

Image = npt.NDArray[np.uint8]
Alpha = npt.NDArray[np.float32]


def subject_layer(photo: Image, alpha: Alpha, plate: Image) -> npt.NDArray[np.uint8]:
    """Return the layer that, laid over the plate, gives the photo back within one level.

    Where the matte says nothing and the plate is not the photo (a shadow, the grown edge), the
    layer is as opaque as it must be: by the largest part of the way from the plate's colour to
    black or white that a channel has to go. Its colours are the subject's own, corrected by what
    the compositing equation asks for.

    Parameters
    ----------
    photo : (H, W, 3) uint8 RGB
    alpha : (H, W) float32 in [0, 1]
        The subject's matte; all zero when none is known.
    plate : (H, W, 3) uint8 RGB

    Returns
    -------
    (H, W, 4) uint8 RGBA
        Colours that are not multiplied by the opacity.

    Raises
    ------
    InputError
        If the sizes differ.

    Examples
    --------
    >>> photo, plate = np.full((1, 2, 3), 60, np.uint8), np.uint8([[[60] * 3, [200] * 3]])
    >>> subject_layer(photo, np.zeros((1, 2), np.float32), plate)[0, :, 3].tolist()
    [0, 179]
    """
    if not photo.shape == plate.shape == (*alpha.shape, 3):
        raise InputError(
            f"layers: expected one size, found photo {photo.shape}, alpha {alpha.shape}, plate "
            f"{plate.shape}"
        )
    front = estimate_foreground(photo, alpha).astype(np.float32)
    seen, behind = photo.astype(np.float32), plate.astype(np.float32)
    room = np.where(seen > behind, 255 - behind, behind)
    needed = np.where(seen == behind, 0, np.abs(seen - behind) / np.maximum(room, 1)).max(axis=2)
    # Rounded up: a level less could not reach the photo's colour.
    opacity = np.maximum(np.rint(alpha * 255), np.ceil(needed * 255 - 1e-3)).astype(np.uint8)
    share = opacity[..., None].astype(np.float32) / 255
    exact = (seen - (1 - share) * behind) / np.maximum(share, 1 / 255)
    # The estimate stays where it explains the photo; elsewhere the equation decides.
    explains = np.abs(share * front + (1 - share) * behind - seen) <= 0.5
    colours = np.where(explains, front, np.clip(np.rint(exact), 0, 255))
    return np.dstack([colours.astype(np.uint8), opacity])
