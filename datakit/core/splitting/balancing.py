"""How many copies each sample gets, so that rare kinds weigh as much as frequent ones."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence

from datakit.errors import InputError

MAX_TIMES = 5
"""No sample gets more than this many times the mean: one photo must not become the dataset."""


def balanced_copies(kinds: Sequence[Sequence[str]], copies: int) -> list[int]:
    """Share copies among samples so that each kind gets about the same number.

    A sample counts by the rarest of its kinds. All copies together are `copies` times the samples
    where the limit of `MAX_TIMES` allows it.

    Parameters
    ----------
    kinds : sequence of sequence of str
        Each sample's kinds (classes, or its bin of foreground shares); none is a kind of its own.
    copies : int
        Copies a sample on average, from 1.

    Returns
    -------
    list of int
        Copies of each sample, in order.

    Raises
    ------
    InputError
        If copies is below 1.

    Examples
    --------
    >>> balanced_copies([["cat"], ["cat"], ["cat"], ["dog"]], 2)
    [1, 1, 1, 5]
    """
    if copies < 1:
        raise InputError(f"copies: expected 1 or more, found {copies}")
    count = Counter(kind for sample in kinds for kind in (sample or ("",)))
    rarest = [min(sample or ("",), key=lambda kind: (count[kind], kind)) for sample in kinds]
    members: dict[str, list[int]] = {}
    for index, kind in enumerate(rarest):
        members.setdefault(kind, []).append(index)
    quota = _quotas({kind: len(group) for kind, group in members.items()}, copies)
    result = [0] * len(kinds)
    for kind, group in members.items():
        each, more = divmod(quota[kind], len(group))
        for place, index in enumerate(group):
            result[index] = each + (place < more)
    return result


def _quotas(sizes: dict[str, int], copies: int) -> dict[str, int]:
    """Give copies one by one to the kind that has the fewest samples and copies together."""
    quota = dict.fromkeys(sizes, 0)
    heap = [(size, kind) for kind, size in sizes.items()]
    heapq.heapify(heap)
    for _ in range(copies * sum(sizes.values())):
        while heap and quota[heap[0][1]] >= MAX_TIMES * copies * sizes[heap[0][1]]:
            heapq.heappop(heap)
        if not heap:
            break
        total, kind = heap[0]
        quota[kind] += 1
        heapq.heapreplace(heap, (total + 1, kind))
    return quota
