"""Faces that must be there and were not found: where, and the reason in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datakit.core.faces.bodies import FACELESS_LIMIT, Faceless
from datakit.core.faces.neighbours import Expected

Box = tuple[int, int, int, int]


def missed_faces(
    left: Faceless, absent: Sequence[Expected], size_wh: tuple[int, int]
) -> dict[Box, str]:
    """Return the places where a face must be and none was found, and why a person has to look.

    Parameters
    ----------
    left : Faceless
        The largest part of the people that no face accounts for.
    absent : sequence of Expected
        Faces of the frames before and after.
    size_wh : (width, height)
        Of the photo.

    Examples
    --------
    >>> missed_faces(Faceless(0.2, (0, 0, 9, 9)), [], (20, 20))
    {(0, 0, 9, 9): 'person [0, 0, 9, 9]: 20% of the photo is a person whose face was not found, \
or only hits too small to be theirs'}
    """
    found: dict[Box, str] = {}
    if left.share >= FACELESS_LIMIT:
        found[left.box_xyxy] = (
            f"person {list(left.box_xyxy)}: {left.share:.0%} of the photo is a person whose face "
            "was not found, or only hits too small to be theirs"
        )
    for one in absent:
        x0, y0, x1, y1 = np.rint(np.array(one.sighting.box_xyxy) * np.tile(size_wh, 2)).astype(int)
        box = (int(x0), int(y0), int(x1), int(y1))
        found[box] = (
            f"face {list(box)}: the frames before and after show one there (as in {one.seen_in}), "
            "and none was found"
        )
    return found
