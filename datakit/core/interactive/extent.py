"""How far an answer reaches: where the front that spreads from a prompt meets the best border."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_FIRST = 12
_CANDIDATES = 40


def best_extent(
    distance: FloatArray,
    ties: tuple[FloatArray, FloatArray],
    sizes: tuple[float, float],
    exponent: float,
) -> float:
    """Return the distance whose front has the shortest border for the area it encloses.

    A front that spreads over a jacket and stops at its edges is bordered by edges alone: crossing
    them is cheap. Of all fronts the one with the least ``border / area ** exponent`` is taken: a
    sweep cut.

    Parameters
    ----------
    distance : (H, W) float32
        From the prompt; infinite where the answer cannot go: a border with that is free.
    ties : two (H, W) float32
        What it costs to separate a pixel from the one to the right of it, below it.
    sizes : two floats
        The smallest and the largest area in question, in pixels.
    exponent : float
        In (0, 1); larger values favour larger answers.

    Returns
    -------
    float
        0 when there is no pixel to go to.

    References
    ----------
    Andersen, Chung, Lang 2006, doi:10.1109/FOCS.2006.44: sweeping over an ordering of nodes for
    the cut with the least conductance.

    Examples
    --------
    >>> distance = np.arange(8, dtype=np.float32)[None] * np.ones((4, 1), np.float32)
    >>> right = np.ones_like(distance)
    >>> right[:, 4] = 0.01
    >>> best_extent(distance, (right, np.ones_like(right)), (4, 24), 0.5)
    4.0
    """
    reached = np.sort(distance[np.isfinite(distance)])
    if not len(reached):
        return 0.0
    last = len(reached) - 1
    smallest = min(max(_FIRST, sizes[0]), last)
    largest = max(smallest, min(sizes[1], last))
    places = np.geomspace(max(1, smallest), max(1, largest), _CANDIDATES)
    areas = np.unique(np.minimum(places, last).astype(np.int64))
    fronts = reached[areas]
    near = np.concatenate([distance[:, :-1].ravel(), distance[:-1].ravel()])
    far = np.concatenate([distance[:, 1:].ravel(), distance[1:].ravel()])
    weight = np.concatenate([ties[0][:, :-1].ravel(), ties[1][:-1].ravel()])
    inner = np.isfinite(near) & np.isfinite(far)
    near, far, weight = near[inner], far[inner], weight[inner]

    # A pair of neighbours is cut by the fronts that have passed the one and not the other.
    def passed(reach: FloatArray) -> npt.NDArray[np.float64]:
        first = np.searchsorted(fronts, reach)
        return np.bincount(first, weight, len(fronts) + 1).cumsum()[:-1]

    border = passed(np.minimum(near, far)) - passed(np.maximum(near, far))
    scores = (border + 1) / (areas + 1.0) ** exponent
    return float(fronts[int(scores.argmin())])
