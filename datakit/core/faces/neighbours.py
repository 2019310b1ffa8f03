"""Which faces the neighbouring frames of a video lead one to expect in a photo.

A face does not come and go between two frames. One that a frame shows and the next one lacks has
moved, is blurred or half covered: worth a closer look at the same place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from datakit.core.faces.bodies import SURE_SCORE

# Between frames that are alike a face moves by less than its own size, and keeps its size.
_MOVE_SIDES = 1.0
_SIZE_RATIO = 2.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face as seen in one photo.

    Attributes
    ----------
    box_xyxy : (x0, y0, x1, y1)
        In shares of the photo's width and height.
    turn_deg : float
        How far counter-clockwise the photo was turned in which it was seen best.
    score : float in [0, 1]
    """

    box_xyxy: tuple[float, float, float, float]
    turn_deg: float
    score: float


@dataclass(frozen=True, slots=True)
class Expected:
    """A face that a photo lacks and its neighbours show.

    Attributes
    ----------
    sighting : Sighting
        In the nearest neighbour that shows it.
    seen_in : str
        The key of that neighbour.
    on_both_sides : bool
        Whether it is sure in a frame before and in one after the photo: it can hardly be gone.
    """

    sighting: Sighting
    seen_in: str
    on_both_sides: bool = False


def expected_faces(
    own: Sequence[Sighting],
    before: Sequence[tuple[str, Sequence[Sighting]]],
    after: Sequence[tuple[str, Sequence[Sighting]]],
) -> tuple[Expected, ...]:
    """Return the faces of neighbouring frames that no face of a photo accounts for.

    Each face of the photo accounts for one face of a neighbour at most.

    Parameters
    ----------
    own : sequence of Sighting
        The faces of the photo.
    before, after : sequence of (key, sequence of Sighting)
        The neighbours and their faces, nearest first.

    Examples
    --------
    >>> face = Sighting((0.4, 0.4, 0.5, 0.5), 0.0, 0.9)
    >>> moved = Sighting((0.45, 0.4, 0.55, 0.5), 0.0, 0.8)
    >>> expected_faces([moved], [("a", [face])], [("c", [face])])
    ()
    >>> lacking = expected_faces([], [("a", [face])], [("c", [moved])])
    >>> [(one.seen_in, one.on_both_sides) for one in lacking]
    [('a', True)]
    """
    found: list[Expected] = []
    sure_before: set[int] = set()
    for frames, is_before in ((before, True), (after, False)):
        for key, seen in frames:
            accounted = _partners(seen, own)
            lacking = [face for at, face in enumerate(seen) if at not in accounted]
            known = _partners(lacking, [one.sighting for one in found])
            for at, face in enumerate(lacking):
                if at not in known:
                    known[at] = len(found)
                    found.append(Expected(face, key))
                if face.score >= SURE_SCORE:
                    if is_before:
                        sure_before.add(known[at])
                    elif known[at] in sure_before:
                        found[known[at]] = replace(found[known[at]], on_both_sides=True)
    return tuple(found)


def is_near(one: Sighting, other: Sighting) -> bool:
    """Tell whether two sightings in different frames can be one face."""
    return _distance(one, other) is not None


def _partners(faces: Sequence[Sighting], others: Sequence[Sighting]) -> dict[int, int]:
    """Pair faces one to one with those of another frame, the nearest pairs first."""
    pairs = sorted(
        (distance, at, to)
        for at, face in enumerate(faces)
        for to, other in enumerate(others)
        if (distance := _distance(face, other)) is not None
    )
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, at, to in pairs:
        if at not in found and to not in taken:
            found[at] = to
            taken.add(to)
    return found


def _distance(one: Sighting, other: Sighting) -> float | None:
    """Return how far apart two faces are in sides of the larger; None when too far, or unlike."""
    a, b = np.array(one.box_xyxy), np.array(other.box_xyxy)
    size_a, size_b = a[2:] - a[:2], b[2:] - b[:2]
    larger, smaller = np.maximum(size_a, size_b), np.minimum(size_a, size_b)
    if not (smaller > 0).all() or (larger > _SIZE_RATIO * smaller).any():
        return None
    distance = float((np.abs(a[:2] + a[2:] - b[:2] - b[2:]) / 2 / larger).max())
    return distance if distance <= _MOVE_SIDES else None
