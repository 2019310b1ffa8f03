"""The pixels of a sample that are to be filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datakit.core.inpainting.region import grown, visible, with_reflection, with_shadow
from datakit.core.masks.foreground import foreground
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.models.faces.base import FACE_DETECTORS
from datakit.models.faces.finder import FaceFinder
from datakit.models.faces.masks import FaceMasker
from datakit.models.faces.mediapipe import MediapipeMesh
from datakit.verbs.inpaint.options import Removed
from datakit.verbs.inpaint.people import FACES
from datakit.verbs.shared.labelled import Labelled

Bool = npt.NDArray[np.bool_]

DRAWN_GROWTH = 0.015
"""Of masks and faces, whose soft edge lies outside of them; a share of the longer side."""
KNOWN_GROWTH = 0.005
"""Of alphas, which have their soft edge, and of regions that were drawn generously."""
LEAST_GROWTH_PX = 2.0
"""In small photos, too, the faintest of a soft edge lies beside what is seen of it."""
HEAD, HEAD_GROWTH = "head", 1.6
CAST_SHARE = 0.25
"""How far shadows and reflections reach, as a share of the longer side."""


@dataclass(frozen=True)
class Category:
    """A class by name, and its value in masks that hold classes."""

    name: str
    value: int | None


class Removal:
    """Finds the region that is taken out of a sample.

    Parameters
    ----------
    remove : {"masks", "alphas", "ignores", "faces", "category"}, optional
        None: the alpha, of photos without one the mask.
    category : Category, optional
    grow : float, optional
        Share of the longer side.
    shadows : bool
        Whether shadow and reflection belong to it.
    """

    def __init__(
        self,
        remove: Removed | None,
        category: Category | None,
        grow: float | None,
        shadows: bool,
    ) -> None:
        self._remove = remove
        self._category = category
        self._grow = grow
        self._shadows = shadows
        self._heads = _Heads() if remove == "faces" else None

    def region(self, item: Item, source: Labelled) -> Bool:
        """Return (H, W) bool; where the label is not known, it is taken out with the rest.

        Raises
        ------
        InputError
            If the sample has no such label.
        """
        drawn, growth = self._drawn(item, source)
        if source.ignore is not None and self._remove != "faces":
            drawn = drawn | (source.ignore > 0)
        side_px = max(drawn.shape)
        reach_px = max(LEAST_GROWTH_PX, growth * side_px)
        if self._grow is not None:
            reach_px = self._grow * side_px
        region = grown(drawn, reach_px)
        if self._shadows:
            region = with_shadow(source.image, region, CAST_SHARE * side_px)
            region = with_reflection(source.image, region, CAST_SHARE * side_px)
        return region

    def _drawn(self, item: Item, source: Labelled) -> tuple[Bool, float]:
        """Return what is removed, and how far it grows by default."""
        if self._heads is not None:
            return self._heads.region(item, source), DRAWN_GROWTH
        if self._remove == "category":
            return self._of_category(item, source), DRAWN_GROWTH
        if self._remove == "ignores":
            if source.ignore is None:
                return np.zeros(source.image.shape[:2], bool), KNOWN_GROWTH
            return source.ignore > 0, KNOWN_GROWTH
        if source.alpha is not None and self._remove != "masks":
            return visible(source.alpha), KNOWN_GROWTH
        if source.mask is not None and self._remove != "alphas":
            return foreground(source.mask), DRAWN_GROWTH
        raise _unlabelled(item, self._remove)

    def _of_category(self, item: Item, source: Labelled) -> Bool:
        if source.mask is None or self._category is None:
            raise _unlabelled(item, self._remove)
        instances = item.sample.instances if item.sample is not None else ()
        if instances:
            ids = [one.id for one in instances if one.category == self._category.name]
            return np.isin(source.mask, ids)
        return np.asarray(source.mask == self._category.value, bool)


class _Heads:
    """Finds the heads of a photo; its detector is built once."""

    def __init__(self) -> None:
        self._faces = FaceFinder([FACE_DETECTORS.load(FACES)(None, ())])
        self._masker = FaceMasker(MediapipeMesh(), HEAD, HEAD_GROWTH)

    def region(self, item: Item, source: Labelled) -> Bool:
        """Return (H, W) bool; InputError when no face is found."""
        faces = self._faces.find(source.image)
        if not faces:
            raise InputError(
                f"{item.source_name}: expected a face to remove, the detector found none; leave "
                "the photo out, or remove its mask"
            )
        region = np.zeros(source.image.shape[:2], bool)
        for face in self._masker.masks(source.image, faces):
            region[face.slices] |= face.mask
        return region


def _unlabelled(item: Item, remove: Removed | None) -> InputError:
    wanted = {"masks": "a mask", "alphas": "an alpha", "category": "a mask of classes"}
    expected = wanted.get(remove or "", "a mask or an alpha")
    if item.annotations is not None:
        way = "draw its annotations with `datakit coco2mask`"
    else:
        way = "draft one with `datakit prelabel`"
    return InputError(
        f"{item.source_name}: expected {expected} of what is to be removed, found none; {way}"
    )
