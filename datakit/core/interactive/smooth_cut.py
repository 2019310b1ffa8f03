"""Two regions with a short border along edges: the continuous form of the graph cut."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

ITERATIONS = 120
_STEP = np.float32(0.35)


def smooth_cut(
    evidence: FloatArray, tie_right: FloatArray, tie_down: FloatArray, iterations: int = ITERATIONS
) -> FloatArray:
    """Minimize ``sum(ties * |differences of u|) - sum(evidence * u)`` over u in [0, 1].

    Parameters
    ----------
    evidence : (H, W) float32
        Positive where a pixel belongs to the region, negative where not; +-1e3 decides a pixel.
    tie_right, tie_down : (H, W) float32
        What it costs to separate a pixel from the one to the right of it, below it; the last column
        and row are not used.
    iterations : int
        Of the primal-dual method.

    Returns
    -------
    (H, W) float32 in [0, 1]
        Above 0.5 is the region. Any level set of the exact minimum is a minimum cut.

    References
    ----------
    Chan, Esedoglu, Nikolova 2006, doi:10.1137/040615286; Chambolle and Pock 2011,
    doi:10.1007/s10851-010-0251-1.

    Examples
    --------
    >>> evidence = np.array([[5, -0.2, 0.1, -5]], np.float32)
    >>> ties = np.array([[1, 0.05, 1, 1]], np.float32)
    >>> (smooth_cut(evidence, ties, ties) > 0.5).tolist()
    [[True, True, False, False]]
    """
    u = (evidence > 0).astype(np.float32)
    lead = u.copy()
    right, down = np.zeros_like(u), np.zeros_like(u)
    push = np.clip(evidence, -1e3, 1e3) * _STEP
    high_right, high_down = tie_right[:, :-1], tie_down[:-1]
    inner_right, inner_down = right[:, :-1], down[:-1]
    low_right, low_down = -high_right, -high_down
    flow = np.zeros_like(u)
    for _ in range(iterations):
        inner_right += _STEP * (lead[:, 1:] - lead[:, :-1])
        np.maximum(np.minimum(inner_right, high_right, out=inner_right), low_right, out=inner_right)
        inner_down += _STEP * (lead[1:] - lead[:-1])
        np.maximum(np.minimum(inner_down, high_down, out=inner_down), low_down, out=inner_down)
        np.add(right, down, out=flow)
        flow[:, 1:] -= inner_right
        flow[1:] -= inner_down
        flow *= _STEP
        flow += u
        flow += push
        np.maximum(np.minimum(flow, 1, out=flow), 0, out=flow)
        np.subtract(2 * flow, u, out=lead)
        u, flow = flow, u
    return u
