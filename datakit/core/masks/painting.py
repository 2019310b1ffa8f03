"""Masks of several objects: paint runs over one another as class indices or instance ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.masks.runs import Counts, check_size, counts_area
from datakit.errors import InputError

Label = TypeVar("Label", np.uint8, np.uint16)


def paint_labels(
    objects: Sequence[Counts],
    labels: Sequence[int],
    height: int,
    width: int,
    dtype: type[Label],
) -> npt.NDArray[Label]:
    """Paint objects in the given order, later ones on top, into a label map.

    Parameters
    ----------
    objects : sequence of counts
        Column-major runs of each object, all of height x width pixels.
    labels : sequence of int
        The value of each object; 0 is background, so that painting 0 erases.
    dtype : type
        `numpy.uint8` (class indices) or `numpy.uint16` (instance ids).

    Returns
    -------
    (height, width) array of `dtype`

    Raises
    ------
    InputError
        A label that `dtype` cannot hold, or an object of another size.

    Examples
    --------
    >>> big, small = np.array([0, 4]), np.array([1, 1, 2])
    >>> paint_labels([big, small], [7, 9], 2, 2, np.uint8).tolist()
    [[7, 7], [9, 7]]
    """
    check_size(height, width)
    most = int(np.iinfo(dtype).max)
    columns = np.zeros(height * width, dtype=dtype)
    for counts, label in zip(objects, labels, strict=True):
        if not 0 <= label <= most:
            raise InputError(f"label: expected 0 to {most} ({dtype.__name__}), found {label}")
        if int(counts.sum()) != height * width:
            raise InputError(f"object: expected {height * width} pixels, found {counts.sum()}")
        first, inner = int(counts[0]), counts[1:]
        inside = np.repeat(np.arange(len(inner)) % 2 == 0, inner)
        np.copyto(columns[first:], dtype(label), where=inside)
    painted: npt.NDArray[Label] = cv2.transpose(columns.reshape(width, height))
    return painted.reshape(height, width)


def order_by_area(objects: Sequence[Counts]) -> list[int]:
    """Return the indices of the objects from the largest to the smallest, ties in given order.

    Painted in this order, smaller objects end on top.

    Examples
    --------
    >>> order_by_area([np.array([3, 1]), np.array([0, 4]), np.array([1, 1, 2])])
    [1, 0, 2]
    """
    return sorted(range(len(objects)), key=lambda index: -counts_area(objects[index]))
