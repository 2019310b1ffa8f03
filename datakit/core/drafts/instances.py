"""One drafted mask of several people -> an object per person, along their faces or boxes."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.faces.bodies import Head

Mask = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.uint16]
Box = tuple[float, float, float, float]

TRUNK_SIDES = 7.0
"""So far below a face its body is as near as right under it, in sides of the face."""
LEAST_SHARE = 0.05
"""Of the foreground: a smaller part without a face is a piece of somebody, not one more person."""


def split_by_boxes(mask: Mask, boxes: Sequence[Box]) -> Ids:
    """Give each foreground pixel to the box in whose middle it lies most.

    Parameters
    ----------
    mask : (H, W) bool
    boxes : sequence of (x0, y0, x1, y1)
        Pixel edges, one per object.

    Returns
    -------
    (H, W) uint16
        0 is background; the others are numbered from 1 in the order of the boxes, without those
        of which nothing is visible.

    Examples
    --------
    >>> split_by_boxes(np.ones((1, 6), bool), [(0, 0, 3, 1), (3, 0, 6, 1)])
    array([[1, 1, 1, 2, 2, 2]], dtype=uint16)
    """
    costs = []
    y, x = np.nonzero(mask)
    for left, top, right, bottom in boxes:
        across = np.abs(x + 0.5 - (left + right) / 2) / max((right - left) / 2, 0.5)
        down = np.abs(y + 0.5 - (top + bottom) / 2) / max((bottom - top) / 2, 0.5)
        costs.append(np.maximum(across, down))
    ids = np.zeros(mask.shape, np.uint16)
    if costs:
        ids[y, x] = 1 + np.argmin(costs, axis=0)
    elif len(x):
        ids[y, x] = 1
    return _renumbered(ids)


def split_by_heads(mask: Mask, heads: Sequence[Head]) -> Ids:
    """Give each connected part to the person whose face is in it; split those with several faces.

    Of a part with several faces each pixel goes to the nearest body, measured in sides of its face
    and from the trunk below it. A part without a face goes to the person whose body reaches it;
    out of reach of all it is a person of its own, unless it is small.

    Parameters
    ----------
    mask : (H, W) bool
    heads : sequence of Head
        In pixels; one within another is the same face, found twice.

    Returns
    -------
    (H, W) uint16
        0 is background; people are numbered from 1: those with a face from left to right, then
        the others, the largest first.

    Examples
    --------
    >>> heads = [Head(np.array([8.0, 1.0]), 2.0), Head(np.array([2.0, 1.0]), 2.0)]
    >>> split_by_heads(np.ones((1, 10), bool), heads)
    array([[1, 1, 1, 1, 1, 2, 2, 2, 2, 2]], dtype=uint16)
    """
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    areas = {number: int(area) for number, area in enumerate(stats[:, cv2.CC_STAT_AREA]) if number}
    ordered = _distinct(heads)
    owners: dict[int, list[int]] = {number: [] for number in areas}
    for person, head in enumerate(ordered, 1):
        part = _part_under(parts, head)
        if part:
            owners[part].append(person)
    ids = np.zeros(mask.shape, np.uint16)
    least, fresh = LEAST_SHARE * sum(areas.values()), len(ordered)
    for part in sorted(areas, key=lambda number: (-areas[number], number)):
        y, x = np.nonzero(parts == part)
        persons = owners[part]
        if not persons:
            persons = _reaching(ordered, x, y)
        if not persons and (areas[part] >= least or not ids.any()):
            fresh += 1
            persons = [fresh]
        if len(persons) == 1:
            ids[y, x] = persons[0]
        elif persons:
            costs = [_distance(ordered[person - 1], x + 0.5, y + 0.5) for person in persons]
            ids[y, x] = np.asarray(persons, np.uint16)[np.argmin(costs, axis=0)]
        else:
            ids[y, x] = _nearest_id(ids, x, y)
    return _renumbered(ids)


def _distinct(heads: Sequence[Head]) -> list[Head]:
    """Return the faces from left to right, each once: of two with one middle the larger."""

    def place(head: Head) -> tuple[float, float]:
        return float(head.centre_xy[0]), float(head.centre_xy[1])

    kept: list[Head] = []
    for head in sorted(heads, key=lambda head: (-head.side_px, *place(head))):
        apart = [np.abs(head.centre_xy - other.centre_xy).max() for other in kept]
        if all(far > other.side_px / 2 for far, other in zip(apart, kept, strict=True)):
            kept.append(head)
    return sorted(kept, key=place)


def _part_under(parts: npt.NDArray[np.int32], head: Head) -> int:
    """Return the part that covers most of a face; 0 when none does."""
    low = np.maximum(np.floor(head.centre_xy - head.side_px / 2), 0).astype(int)
    high = np.maximum(np.ceil(head.centre_xy + head.side_px / 2), 0).astype(int)
    counts = np.bincount(parts[low[1] : high[1], low[0] : high[0]].ravel(), minlength=1)
    counts[0] = 0
    return int(counts.argmax())


def _reaching(
    heads: Sequence[Head], x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]
) -> list[int]:
    """Return the person nearest to the middle of a part that lies within the reach of bodies."""
    middle = np.array([[np.median(x)], [np.median(y)]]) + 0.5
    found: dict[int, float] = {}
    for person, head in enumerate(heads, 1):
        left, top, right, bottom = head.body_box((2**31, 2**31))
        if left <= middle[0, 0] < right and top <= middle[1, 0] < bottom:
            found[person] = float(_distance(head, middle[0], middle[1])[0])
    return [min(found, key=lambda person: (found[person], person))] if found else []


def _distance(
    head: Head, x: npt.NDArray[np.generic], y: npt.NDArray[np.generic]
) -> npt.NDArray[np.float64]:
    """Return how far pixels are from a face and the trunk below it, in sides of the face."""
    across = x - head.centre_xy[0]
    below = y - head.centre_xy[1]
    down = np.maximum(-below, 0) + np.maximum(below - TRUNK_SIDES * head.side_px, 0)
    return np.asarray(np.hypot(across, down) / head.side_px, np.float64)


def _nearest_id(ids: Ids, x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> int:
    """Return the id that is nearest to the middle of a part."""
    there_y, there_x = np.nonzero(ids)
    nearest = np.argmin((there_x - np.median(x)) ** 2 + (there_y - np.median(y)) ** 2)
    return int(ids[there_y[nearest], there_x[nearest]])


def _renumbered(ids: Ids) -> Ids:
    """Return ids from 1 on without gaps, in the same order."""
    used = np.unique(ids)
    table = np.zeros(int(used[-1]) + 1, np.uint16)
    table[used] = np.arange(len(used)) + (0 if used[0] == 0 else 1)
    return np.asarray(table[ids])
