"""Groups of related samples: the closure of pairwise links."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Indices = npt.NDArray[np.int64]


def components(size: int, left: Indices, right: Indices) -> Indices:
    """Join linked samples, and those linked to these, into groups.

    Parameters
    ----------
    size : int
        Number of samples.
    left, right : (L,) int64
        The samples that each link joins.

    Returns
    -------
    (size,) int64
        For each sample the smallest index of its group.

    Raises
    ------
    InputError
        If a link names a sample that is not there.

    Examples
    --------
    >>> components(5, np.array([4, 1]), np.array([1, 3])).tolist()
    [0, 1, 2, 1, 1]
    """
    if len(left) and not 0 <= min(left.min(), right.min()) <= max(left.max(), right.max()) < size:
        raise InputError(f"links: expected samples 0 to {size - 1}, found others")
    # SciPy's graphs have it too, and take 140 ms to import. At each turn every group that is linked
    # to one of a smaller index joins it, so that at most half of them are left.
    label = np.arange(size)
    while True:
        ends = np.sort(np.stack([label[left], label[right]]), axis=0)
        joined = ends[0] != ends[1]
        if not joined.any():
            return label
        np.minimum.at(label, ends[1][joined], ends[0][joined])
        while ((first := label[label]) != label).any():
            label = first


def forest(label: Indices, left: Indices, right: Indices) -> Indices:
    """Choose the links that would join most groups, none of them twice.

    Only these need a closer look: a link within a group, or a second way between two, says
    nothing new (Kruskal's minimum spanning forest).

    Parameters
    ----------
    label : (N,) int64
        The present group of each sample.
    left, right : (L,) int64
        Possible links, best first.

    Returns
    -------
    (K,) int64
        Indices of the chosen links, ascending.

    Examples
    --------
    >>> label, left, right = np.arange(3), np.array([0, 0, 1]), np.array([1, 2, 2])
    >>> forest(label, left, right).tolist()
    [0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    ends = np.sort(np.stack([label[left], label[right]]), axis=0)
    between = np.flatnonzero(ends[0] != ends[1])
    if not len(between):
        return between
    pairs = ends[0][between] * len(label) + ends[1][between]
    # Of equal pairs the first, best, is kept; minimum_spanning_tree would add them up.
    _, first = np.unique(pairs, return_index=True)
    chosen = between[first]
    weight = chosen.astype(np.float64) + 1
    graph = coo_array((weight, (ends[0][chosen], ends[1][chosen])), shape=(len(label),) * 2)
    return np.sort(minimum_spanning_tree(graph.tocsr()).data.astype(np.int64) - 1)
