"""From groups of related samples to the split of each sample."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.splitting.assignment import (
    assign_groups,
    group_order,
    rounding_error,
    strata_error,
)
from datakit.errors import InputError
from datakit.verbs.shared.lineage import Lineage


@dataclass
class Request:
    """What a split should be.

    Attributes
    ----------
    splits : list of str
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
        The split that a sample has and keeps.
    """

    splits: list[str]
    targets: list[float]
    seed: int
    cells: npt.NDArray[np.float64]
    cell_names: list[str]
    eligible: npt.NDArray[np.bool_]
    earlier: list[str | None]


@dataclass
class Assignment:
    """The split of each sample, and how even the result is."""

    splits: list[str]
    sizes: dict[str, int]
    error: float
    least_error: float
    strata: list[dict[str, Any]]
    torn: list[str] = field(default_factory=list)
    """Groups whose earlier samples are in several splits and stay there."""


def assign(lineage: Lineage, request: Request) -> Assignment:
    """Assign the groups of a lineage to splits.

    Raises
    ------
    InputError
        If there is nothing to split, or a split named earlier is unknown now.
    """
    if not lineage.items:
        raise InputError("split: no sample is left to split; look at SRC and --where")
    first, group = np.unique(lineage.label, return_inverse=True)
    sizes = np.bincount(group)
    cells = np.zeros((len(first), request.cells.shape[1]))
    np.add.at(cells, group, request.cells)
    fixed, torn = _fixed(lineage, request, group, len(first))
    allowed = np.ones((len(first), len(request.splits)), np.bool_)
    if "val" in request.splits:
        eligible = np.ones(len(first), np.bool_)
        np.logical_and.at(eligible, group, request.eligible)
        allowed[:, request.splits.index("val")] = eligible
    order = group_order(request.seed, _group_tokens(lineage, group, len(first)))
    targets = np.array(request.targets, np.float64)
    assigned = assign_groups(sizes, cells, targets, order, allowed, fixed)
    splits = [request.splits[number] for number in assigned.split[group].tolist()]
    for at, earlier in enumerate(request.earlier):
        # A group that was torn before stays torn: no sample changes its split unasked.
        splits[at] = splits[at] if earlier is None else earlier
    number = np.array([request.splits.index(name) for name in splits])
    counts = np.bincount(number, minlength=len(request.splits)).astype(np.float64)
    placed = np.zeros((len(request.splits), cells.shape[1]))
    np.add.at(placed, number, request.cells)
    total = cells.sum(axis=0)
    return Assignment(
        splits,
        {name: int(count) for name, count in zip(request.splits, counts, strict=True)},
        strata_error(placed, counts, total),
        rounding_error(counts, total),
        _strata_rows(request, placed, counts, total),
        torn,
    )


def _fixed(
    lineage: Lineage, request: Request, group: Any, count: int
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the split that each group has by its earlier samples, and the groups with several."""
    votes = np.zeros((count, len(request.splits)), np.int64)
    for at, earlier in enumerate(request.earlier):
        if earlier is None:
            continue
        if earlier not in request.splits:
            raise InputError(
                f"split: {lineage.items[at].key} was in {earlier!r} before, and there is no such "
                f"split now ({', '.join(filter(None, request.splits))}); "
                f"{_way_to(earlier, request)}"
            )
        votes[group[at], request.splits.index(earlier)] += 1
    fixed = np.where(votes.any(axis=1), votes.argmax(axis=1), -1)
    several = (votes > 0).sum(axis=1) > 1
    torn = sorted({lineage.names[at] for at in np.flatnonzero(several[group]).tolist()})
    return fixed, torn


def _way_to(split: str, request: Request) -> str:
    """Say how a split that samples had before comes to be one of the asked ones."""
    if split not in ("train", "val", "test"):
        return "split anew, without --keep-existing and --previous"
    share = request.earlier.count(split) / len(request.earlier)
    return f"ask for it too: --{split} {max(share, 0.01):.2f}"


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
            "split": split,
            "samples": int(placed[s, k]),
            "target": round(float(counts[s] / counts.sum() * total[k]), 2),
        }
        for k, name in enumerate(request.cell_names)
        for s, split in enumerate(request.splits)
        if split
    ]


def majority_splits(lineage: Lineage) -> tuple[list[str | None], int]:
    """Return the source's own splits, each group wholly in the split that has most of it.

    Returns
    -------
    splits : list of str or None
        None where the source names none.
    moved : int
        Samples that change splits.

    Raises
    ------
    InputError
        If nothing would be left of a split: repairing it would mean splitting anew.
    """
    members: dict[int, list[int]] = {}
    for at, label in enumerate(lineage.label.tolist()):
        members.setdefault(label, []).append(at)
    splits: list[str | None] = [item.split for item in lineage.items]
    moved = 0
    for group in members.values():
        named = [str(splits[at]) for at in group if splits[at] is not None]
        if not named:
            continue
        # Of equal shares train wins: an evaluation must not grow by what was trained on.
        home = max(sorted(set(named)), key=lambda split: (named.count(split), split == "train"))
        for at in group:
            moved += splits[at] not in (None, home)
            splits[at] = home
    before = Counter(item.split for item in lineage.items)
    for split in sorted(filter(None, set(before) - set(splits))):
        raise InputError(
            f"{split}: expected samples of its own, found that all {before[split]:,} belong with "
            "samples of other splits; split anew, with sizes (--val 0.15) and without --repair or "
            "--keep-existing"
        )
    return splits, moved
