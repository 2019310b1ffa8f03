"""The labelled objects of a sample, for layouts that list objects instead of painting them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datakit.io.layouts.picture import Picture

BINARY_CLASSES = 1


@dataclass(frozen=True)
class Object:
    """One object.

    Attributes
    ----------
    category : str
    mask : (H, W) bool
    """

    category: str
    mask: npt.NDArray[np.bool_]


def objects_of(picture: Picture, classes: tuple[str, ...]) -> list[Object]:
    """Return what a sample's label shows, in a fixed order.

    Parameters
    ----------
    picture : Picture
    classes : tuple of str
        The names of the set (`datakit.io.layouts.writer.Settings.classes`).

    Returns
    -------
    list of Object
        Each object of an instance mask; each class that a class mask shows; else the foreground as
        one object, named by the only class.

    Raises
    ------
    InputError
        If the sample has neither mask nor alpha.
    """
    if picture.mask is None and picture.alpha is None and picture.row.label_state == "partial":
        # Nothing of what is there could be drawn; the layout says where with its word for ignore.
        return []
    if picture.mask is not None and picture.row.instances:
        masks = ((found.category, picture.mask == found.id) for found in picture.row.instances)
    elif picture.mask is not None and len(classes) > BINARY_CLASSES:
        values = ((name, picture.label_map[name]) for name in classes if name in picture.label_map)
        masks = ((name, picture.mask == value) for name, value in values)
    else:
        masks = ((name, picture.binary > 0) for name in classes[:1])
    return [Object(category, mask) for category, mask in masks if mask.any()]
