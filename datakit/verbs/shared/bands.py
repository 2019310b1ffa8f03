"""Shared by ``matte`` and ``trimap``: the unknown band, and a sample's inputs."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from datakit.core.masks.foreground import foreground
from datakit.core.matting.trimaps import half_band_px, mask_trimap
from datakit.core.metrics.matting_metrics import require_alpha
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.models.faces.base import FACE_DETECTORS
from datakit.models.faces.finder import FaceFinder
from datakit.verbs.shared.labelled import Labelled

UNKNOWN = 128
"""Value of a trimap's unknown pixels."""

Faces = Literal["none", "mediapipe", "centerface", "yunet"]


class Band:
    """Lays the unknown band of photos; see `datakit.verbs.shared.band_options.BandOptions`.

    Parameters
    ----------
    share : float
        Half the band's width as a share of the longest side.
    head_factor : float
        How much wider it is around a head.
    faces : str
        The face detector; "none" looks for no heads.

    Raises
    ------
    ModelError
        If the detector's weights are missing.
    """

    def __init__(self, share: float, head_factor: float, faces: Faces) -> None:
        self._shape = {"band_share": share, "head_factor": head_factor}
        self._finder = None
        if faces != "none":
            self._finder = FaceFinder([FACE_DETECTORS.load(faces)(None, ())])

    def heads_xyxy(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64] | None:
        """Return the face boxes of a photo, (N, 4) pixel edges; None when not looked for."""
        if self._finder is None:
            return None
        boxes = [face.box_xyxy for face in self._finder.find(image)]
        return np.array(boxes, np.float64).reshape(-1, 4)

    def trimap(
        self, mask: npt.NDArray[np.bool_], heads_xyxy: npt.NDArray[np.float64] | None
    ) -> npt.NDArray[np.uint8]:
        """Return the trimap of a mask (`datakit.core.matting.trimaps.mask_trimap`)."""
        return mask_trimap(mask, heads_xyxy, **self._shape)

    def half_width_px(
        self, mask: npt.NDArray[np.bool_], heads_xyxy: npt.NDArray[np.float64] | None
    ) -> npt.NDArray[np.float32]:
        """Return half the band's width at each pixel."""
        return half_band_px(mask.shape, heads_xyxy, **self._shape)


def with_unknown(
    trimap: npt.NDArray[np.uint8], ignore: npt.NDArray[np.uint8] | None
) -> npt.NDArray[np.uint8]:
    """Return a trimap that is unknown, too, where the label is unknown.

    Parameters
    ----------
    trimap : (H, W) uint8 in {0, 128, 255}
    ignore : (H, W) uint8, optional
        Above 0 where the label is not known.

    Examples
    --------
    >>> with_unknown(np.uint8([[0, 255]]), np.uint8([[0, 255]])).tolist()
    [[0, 128]]
    """
    if ignore is None:
        return trimap
    return np.where(ignore > 0, np.uint8(UNKNOWN), trimap)


def subject_mask(item: Item, source: Labelled) -> npt.NDArray[np.bool_]:
    """Return the subject of a sample: its mask, or its alpha above 0.5.

    Raises
    ------
    InputError
        If it has neither, or the alpha is no alpha.
    """
    if source.mask is not None:
        return foreground(source.mask)
    if source.alpha is None:
        raise InputError(
            f"{item.source_name}: expected a mask or an alpha, found neither; make one with "
            "`datakit coco2mask` or `datakit prelabel`"
        )
    require_alpha(source.alpha, item.source_name)
    return source.alpha > 0.5
