"""From samples that belong together to a split of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.splitting.assignment import deal, group_order, rounding_error, strata_error
from datakit.errors import InputError
from datakit.verbs.shared.lineage import Lineage


@dataclass
class Request:
    """What a split should be.

    Attributes
    ----------
    sides : list of str
        Names; a last one that is "" takes what is left over.
    targets : list of float
        Samples of each.
    seed : int
    cells : (N, K) float64
        The strata of each sample.
    cell_names : list of str
    eligible : (N,) bool
        What ``val`` may take.
    earlier : list of str or None
        The side that a sample has and keeps.
    """

    sides: list[str]
    targets: list[float]
    seed: int
    cells: npt.NDArray[np.float64]
    cell_names: list[str]
    eligible: npt.NDArray[np.bool_]
    earlier: list[str | None]


@dataclass
class Assignment:
    """The side of each sample, and how even the result is."""

    side: list[str]
    sizes: dict[str, int]
    error: float
    least_error: float
    strata: list[dict[str, Any]]
    torn: list[str] = field(default_factory=list)
    """Groups whose earlier samples stand on several sides and stay there."""


def assign(lineage: Lineage, request: Request) -> Assignment:
    """Deal the groups of a lineage out.

    Raises
    ------
    InputError
        If there is nothing to deal, or a side named earlier is unknown now.
    """
    if not lineage.items:
        raise InputError("split: no sample is left to split; look at SRC and --where")
    first, group = np.unique(lineage.label, return_inverse=True)
    sizes = np.bincount(group)
    cells = np.zeros((len(first), request.cells.shape[1]))
    np.add.at(cells, group, request.cells)
    fixed, torn = _fixed(lineage, request, group, len(first))
    allowed = np.ones((len(first), len(request.sides)), np.bool_)
    if "val" in request.sides:
        eligible = np.ones(len(first), np.bool_)
        np.logical_and.at(eligible, group, request.eligible)
        allowed[:, request.sides.index("val")] = eligible
    order = group_order(request.seed, _group_tokens(lineage, group, len(first)))
    targets = np.array(request.targets, np.float64)
    dealt = deal(sizes, cells, targets, order, allowed, fixed)
    side = [request.sides[number] for number in dealt.split[group].tolist()]
    for at, earlier in enumerate(request.earlier):
        # A group that was torn before stays torn: no sample changes sides behind one's back.
        side[at] = side[at] if earlier is None else earlier
    number = np.array([request.sides.index(name) for name in side])
    counts = np.bincount(number, minlength=len(request.sides)).astype(np.float64)
    placed = np.zeros((len(request.sides), cells.shape[1]))
    np.add.at(placed, number, request.cells)
    total = cells.sum(axis=0)
    return Assignment(
        side,
        {name: int(count) for name, count in zip(request.sides, counts, strict=True)},
        strata_error(placed, counts, total),
        rounding_error(counts, total),
        _strata_rows(request, placed, counts, total),
        torn,
    )


def _fixed(
    lineage: Lineage, request: Request, group: Any, count: int
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the side that each group has by its earlier samples, and the groups with several."""
    votes = np.zeros((count, len(request.sides)), np.int64)
    for at, earlier in enumerate(request.earlier):
        if earlier is None:
            continue
        if earlier not in request.sides:
            raise InputError(
                f"split: {lineage.items[at].key} was in {earlier!r} before, and there is no such "
                f"side now ({', '.join(filter(None, request.sides))}); ask for one"
            )
        votes[group[at], request.sides.index(earlier)] += 1
    fixed = np.where(votes.any(axis=1), votes.argmax(axis=1), -1)
    several = (votes > 0).sum(axis=1) > 1
    torn = sorted({lineage.names[at] for at in np.flatnonzero(several[group]).tolist()})
    return fixed, torn


def _group_tokens(lineage: Lineage, group: Any, count: int) -> list[str]:
    """Return what names a group by its content: the least token of its samples."""
    tokens: list[str | None] = [None] * count
    for at, token in zip(group.tolist(), lineage.tokens, strict=True):
        known = tokens[at]
        tokens[at] = token if known is None else min(known, token)
    return [str(token) for token in tokens]


def _strata_rows(request: Request, placed: Any, counts: Any, total: Any) -> list[dict[str, Any]]:
    return [
        {
            "stratum": name,
            "split": side,
            "samples": int(placed[s, k]),
            "target": round(float(counts[s] / counts.sum() * total[k]), 2),
        }
        for k, name in enumerate(request.cell_names)
        for s, side in enumerate(request.sides)
        if side
    ]


def settle(lineage: Lineage) -> tuple[list[str | None], int]:
    """Return the source's own splits, each group wholly on the side that has most of it.

    Returns
    -------
    sides : list of str or None
        None where the source names none.
    moved : int
        Samples that change sides.

    Raises
    ------
    InputError
        If nothing would be left of a side: to repair it is to split anew.
    """
    members: dict[int, list[int]] = {}
    for at, label in enumerate(lineage.label.tolist()):
        members.setdefault(label, []).append(at)
    sides: list[str | None] = [item.split for item in lineage.items]
    moved = 0
    for group in members.values():
        named = [str(sides[at]) for at in group if sides[at] is not None]
        if not named:
            continue
        # Of equal shares train wins: an evaluation must not grow by what was trained on.
        home = max(sorted(set(named)), key=lambda side: (named.count(side), side == "train"))
        for at in group:
            moved += sides[at] not in (None, home)
            sides[at] = home
    before = Counter(item.split for item in lineage.items)
    for side in sorted(filter(None, set(before) - set(sides))):
        raise InputError(
            f"{side}: expected samples of its own, found that all {before[side]:,} belong with "
            "samples of other sides; split anew, with sizes (--val 0.15) and without --repair or "
            "--keep-existing"
        )
    return sides, moved
