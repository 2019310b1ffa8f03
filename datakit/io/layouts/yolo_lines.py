"""Lines of YOLO's label files: a class and a polygon, or a box, in shares of the picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.masks.contours import bridge_holes, trace_parts
from datakit.errors import InputError
from datakit.io.layouts.json_files import utf8
from datakit.io.layouts.yolo_sets import class_number
from datakit.records.labels import Box, LabelObject, Ring

_BOX = 5
_POLYGON = 7
_OVER = 1.01
"""How far a share may exceed 1: rounding, and shapes drawn a little over the edge."""


def read_lines(
    text: bytes, categories: Mapping[str, str | tuple[str, ...]], size_wh: tuple[int, int]
) -> list[LabelObject]:
    r"""Return the objects of a label file, in pixels of a picture of ``size_wh``.

    Raises
    ------
    SchemaError
        If it is not in UTF-8.

    Examples
    --------
    >>> [cat, box] = read_lines(b"0 0 0 1 0 1 1\n0 0.5 0.5 1 1\n", {"0": "cat"}, (8, 4))
    >>> cat.category, cat.rings[0].tolist(), box.bounds_xyxy
    ('cat', [[0.0, 0.0], [8.0, 0.0], [8.0, 4.0]], (0.0, 0.0, 8.0, 4.0))
    """
    lines = utf8(text, "its label file").decode().splitlines()
    return [
        _object(number, line.split(), categories, size_wh)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]


def _object(
    number: int,
    parts: list[str],
    categories: Mapping[str, str | tuple[str, ...]],
    size_wh: tuple[int, int],
) -> LabelObject:
    name = class_number(parts[0])
    category = str(categories.get(name, ""))
    rings: tuple[Ring, ...] = ()
    bounds: Box | None = None
    problem = None
    try:
        values = np.array(parts[1:], np.float64)
        if len(parts) == _BOX:
            bounds = _box(_in_pixels(values.reshape(2, 2), size_wh))
        elif len(parts) >= _POLYGON and len(values) % 2 == 0:
            rings = (_in_pixels(values.reshape(-1, 2), size_wh),)
        else:
            raise InputError(
                f"expected a class and x, y pairs, found {len(values)} numbers after the class"
            )
        if not category:
            known = ", ".join(categories) or "none"
            raise InputError(
                f"class {name!r}: expected one of the dataset's ({known}); name it in data.yaml"
            )
    except (InputError, ValueError) as error:
        problem = f"line {number}: {error}"
    return LabelObject(
        id=f"line {number}", category=category, rings=rings, bounds_xyxy=bounds, problem=problem
    )


def _in_pixels(shares: npt.NDArray[np.float64], size_wh: tuple[int, int]) -> Ring:
    if not np.isfinite(shares).all() or float(np.abs(shares).max(initial=0)) > _OVER:
        raise InputError(
            "expected shares of width and height (0 to 1), found other numbers; divide pixels by "
            "the picture's width and height"
        )
    return np.asarray(shares * size_wh, np.float64)


def _box(values: Ring) -> Box:
    (x, y), (width, height) = values.tolist()
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def lines_of(mask: npt.NDArray[Any], number: int) -> Iterator[str]:
    """Yield a line for each part of an (H, W) mask; holes hang on their ring by a bridge."""
    height, width = mask.shape
    for part in trace_parts(mask):
        ring = bridge_holes(part) / (width, height)
        yield f"{number} " + " ".join(f"{value:.6f}" for value in ring.ravel())
