"""Assigning groups to splits: whole groups, target sizes, even strata."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Indices = npt.NDArray[np.int64]
Counts = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# A split's size weighs as much as all its strata together, times this.
_SIZE_WEIGHT: Final = 4.0
# Few groups leave little choice and local minima: other weights and other orders are tried too.
_FEW_GROUPS: Final = 400
_VERY_FEW_GROUPS: Final = 60
_POLISHED: Final = 30
_OTHER_WEIGHTS: Final = (1.0, 0.25, 0.05)
_OTHER_ORDERS: Final = 60
_MAX_MOVES: Final = 4000
_MOVE_CELLS: Final = 40_000_000
_SWAPS: Final = 300


@dataclass(frozen=True, slots=True)
class GroupAssignment:
    """Groups assigned to splits.

    Attributes
    ----------
    split : ndarray of shape (G,) and dtype int64
        Number of each group's split.
    sizes : ndarray of shape (S,) and dtype float64
        Samples in each split.
    cells : ndarray of shape (S, K) and dtype float64
        Samples of each stratum in each split.
    """

    split: Indices
    sizes: Counts
    cells: Counts


def group_order(seed: int, tokens: list[str]) -> Indices:
    """Return groups in an order that depends on the seed and their content alone.

    Parameters
    ----------
    seed : int
    tokens : list of str
        One of each group, the same whatever the order of the files.

    Examples
    --------
    >>> one = ["a", "b", "c", "d"]
    >>> two = one[::-1]
    >>> [one[i] for i in group_order(7, one)] == [two[i] for i in group_order(7, two)]
    True
    """
    key = hashlib.blake2b(str(seed).encode(), digest_size=16).digest()
    digests = [hashlib.blake2b(text.encode(), key=key, digest_size=8).digest() for text in tokens]
    ranks = np.frombuffer(b"".join(digests), dtype=">u8")
    return np.asarray(np.lexsort((np.array(tokens, dtype=object), ranks)), dtype=np.int64)


def assign_groups(
    sizes: Indices,
    cells: Counts,
    targets: Counts,
    order: Indices,
    allowed: Flags,
    fixed: Indices,
) -> GroupAssignment:
    """Give each group to a split so that sizes and strata come near their targets.

    Large groups first, each to the split where it lowers the weighted sum of squared distances
    most (as the iterative stratification of Sechidis et al., ECML 2011, for whole groups); then
    single groups move, and pairs change splits, as long as that lowers it further. With few groups
    this is tried from several starts, and the evenest strata win among the assignments whose
    sizes are within one largest group.

    Parameters
    ----------
    sizes : (G,) int64
        Samples of each group.
    cells : (G, K) float64
        Samples of each group in each stratum; K may be 0.
    targets : (S,) float64
        Samples that each split should get.
    order : (G,) int64
        From `group_order`: what comes first among equals.
    allowed : (G, S) bool
        Where a group may go.
    fixed : (G,) int64
        The split that a group has already and keeps, or -1.

    Returns
    -------
    GroupAssignment

    Raises
    ------
    InputError
        If a group may go nowhere.
    """
    lost = np.flatnonzero(~allowed.any(axis=1) & (fixed < 0))
    if len(lost):
        raise InputError(f"split: {len(lost)} groups may go to no split; relax the conditions")
    # The size is one more stratum, that of all samples.
    table = np.column_stack([sizes.astype(np.float64), cells])
    total = table.sum(axis=0)
    goal = targets[:, None] / max(targets.sum(), 1.0) * total
    found = []
    for factor, turn in _starts(order):
        weight = 1.0 / np.maximum(total, 1.0)
        weight[0] *= factor * max(cells.shape[1], 1)
        state = _State(table, goal, weight, allowed, fixed.copy())
        state.fill(turn)
        state.improve(turn)
        found.append(state)
        if not cells.shape[1] and state.off() < 1:
            # Nothing but the sizes is to be met, and they are.
            break
    if len(order) <= _VERY_FEW_GROUPS:
        found = list({state.split.tobytes(): state for state in reversed(found)}.values())
        found = sorted(found, key=_State.rank)[:_POLISHED]
        for state in found:
            state.polish(order)
    state = min(found, key=_State.rank)
    return GroupAssignment(state.split, state.have[:, 0].copy(), state.have[:, 1:].copy())


def _starts(order: Indices) -> list[tuple[float, Indices]]:
    """Return the weights and orders to try, the usual ones first."""
    starts = [(_SIZE_WEIGHT, order)]
    if len(order) <= _FEW_GROUPS:
        # The order carries the seed and the content; shuffling it by a constant keeps it so.
        rng = np.random.default_rng(0)
        starts += [(factor, order) for factor in _OTHER_WEIGHTS]
        tries = _OTHER_ORDERS * (1 if len(order) > _VERY_FEW_GROUPS else 6)
        starts += [(_OTHER_WEIGHTS[1], rng.permutation(order)) for _ in range(tries)]
    return starts


def strata_error(cells: Counts, sizes: Counts, total: Counts) -> float:
    """Return how far the strata are from even: the share of samples in the wrong split.

    Parameters
    ----------
    cells : (S, K) float64
        Samples of each stratum in each split.
    sizes : (S,) float64
        Samples in each split.
    total : (K,) float64
        Samples of each stratum.

    Examples
    --------
    >>> strata_error(np.array([[5.0], [5.0]]), np.array([8.0, 2.0]), np.array([10.0]))
    0.3
    """
    if not cells.size:
        return 0.0
    even = sizes[:, None] / max(float(sizes.sum()), 1.0) * total
    return float(np.abs(cells - even).sum() / 2 / max(float(total.sum()), 1.0))


def rounding_error(sizes: Counts, total: Counts) -> float:
    """Return the least `strata_error` that whole samples allow, were there no groups.

    Examples
    --------
    >>> rounding_error(np.array([1.0, 1.0]), np.array([1.0, 1.0]))
    0.5
    """
    if not total.size:
        return 0.0
    even = sizes[:, None] / max(float(sizes.sum()), 1.0) * total
    part = even - np.floor(even)
    # Of each stratum as many of the largest remainders are rounded up as whole samples are left.
    ups = np.rint(part.sum(axis=0)).astype(int)
    ranked = -np.sort(-part, axis=0)
    up = np.arange(len(sizes))[:, None] < ups
    off = np.where(up, 1 - ranked, ranked).sum() / 2
    return float(off / max(float(total.sum()), 1.0))


class _State:
    """Groups partly assigned: what each split has, and what it should have."""

    def __init__(
        self, table: Counts, goal: Counts, weight: Counts, allowed: Flags, split: Indices
    ) -> None:
        self.table, self.goal, self.weight = table, goal, weight
        self.allowed, self.split = allowed, split
        self.movable = np.flatnonzero(split < 0)
        self.have = np.zeros(goal.shape)
        assigned = np.flatnonzero(split >= 0)
        np.add.at(self.have, split[assigned], table[assigned])

    def fill(self, order: Indices) -> None:
        """Assign the groups that have no split, large ones first."""
        open_groups = order[self.split[order] < 0]
        by_size = np.argsort(-self.table[open_groups, 0], kind="stable")
        self._seed_empty(open_groups[by_size])
        for group in open_groups[by_size]:
            if self.split[group] >= 0:
                continue
            row = self.table[group]
            # Only what the split lacks matters here: the last split takes the rest.
            cost = ((2 * (self.have - self.goal) + row) * row) @ self.weight
            cost[~self.allowed[group]] = np.inf
            self._put(group, int(np.argmin(cost)))

    def _seed_empty(self, groups: Indices) -> None:
        """Give each wanted split one small group, so that none stays empty for its rounding."""
        for split in np.argsort(self.goal[:, 0], kind="stable"):
            if self.have[split, 0] > 0 or self.goal[split, 0] <= 0:
                continue
            free = groups[(self.split[groups] < 0) & self.allowed[groups, split]]
            if len(free) > (self.have[:, 0] == 0).sum() - 1:
                # The largest that does not overfill it, or else the smallest.
                size = self.table[free, 0]
                fit = np.where(size <= self.goal[split, 0], self.goal[split, 0] - size, np.inf)
                at = np.argmin(fit) if np.isfinite(fit).any() else np.argmin(size)
                self._put(int(free[at]), int(split))

    def _put(self, group: int, split: int) -> None:
        if self.split[group] >= 0:
            self.have[self.split[group]] -= self.table[group]
        self.split[group] = split
        self.have[split] += self.table[group]

    def improve(self, order: Indices) -> None:
        """Move single groups, then swap pairs, while that brings the targets nearer."""
        movable = order[np.isin(order, self.movable)]
        if len(movable) * self.goal.size > _MOVE_CELLS // 10:
            movable = movable[: max(1, _MOVE_CELLS // 10 // self.goal.size)]
        for _ in range(_MAX_MOVES):
            if not (self._move(movable) or self._swap(movable)):
                break

    def _move(self, groups: Indices) -> bool:
        if not len(groups):
            return False
        rows, split = self.table[groups], self.split[groups]
        square = (rows**2) @ self.weight
        pull = 2 * (rows * self.weight) @ (self.have - self.goal).T
        leave = square - pull[np.arange(len(groups)), split]
        change = pull + (square + leave)[:, None]
        change[np.arange(len(groups)), split] = 0
        change[~self.allowed[groups]] = np.inf
        # A split must not be emptied for the sake of another.
        alone = self.have[split, 0] <= rows[:, 0]
        change[alone] = np.inf
        best = int(np.argmin(change))
        group, target = divmod(best, len(self.goal))
        if change[group, target] >= -1e-9:
            return False
        self._put(int(groups[group]), target)
        return True

    def _swap(self, groups: Indices) -> bool:
        """Exchange the best pair of a few of each two splits."""
        best, pair = -1e-9, None
        for one in range(len(self.goal)):
            for two in range(one + 1, len(self.goal)):
                left = groups[(self.split[groups] == one) & self.allowed[groups, two]][:_SWAPS]
                right = groups[(self.split[groups] == two) & self.allowed[groups, one]][:_SWAPS]
                if not len(left) or not len(right):
                    continue
                tilt = (
                    2
                    * self.weight
                    * ((self.have[two] - self.goal[two]) - (self.have[one] - self.goal[one]))
                )
                a, b = self.table[left], self.table[right]
                # Moving d = a - b from one to two costs d.tilt + 2 d.W.d.
                cross = (a * self.weight) @ b.T
                squares = (a**2 @ self.weight)[:, None] + b**2 @ self.weight - 2 * cross
                change = (a @ tilt)[:, None] - b @ tilt + 2 * squares
                at = int(np.argmin(change))
                if change.flat[at] < best:
                    best = float(change.flat[at])
                    pair = (int(left[at // len(right)]), one, int(right[at % len(right)]), two)
        if pair is None:
            return False
        self._put(pair[0], pair[3])
        self._put(pair[2], pair[1])
        return True

    def score(self, have: Counts) -> Counts:
        """Return what assignments are ranked by, least first: (N, 3) for contents (N, S, 1 + K).

        Whether a size is off by more than one largest group, the strata's error, the size's own.
        """
        sizes, total = have[:, :, :1], self.table.sum(axis=0)
        off = np.abs(sizes[:, :, 0] - self.goal[:, 0]).max(axis=1)
        even = sizes / max(float(total[0]), 1.0) * total[1:]
        wrong = np.abs(have[:, :, 1:] - even).sum(axis=(1, 2)) / 2
        error = wrong / max(float(total[1:].sum()), 1.0)
        far = off > self.table[:, 0].max(initial=0.0)
        return np.column_stack([far, error.round(6), off])

    def off(self) -> float:
        """Return by how many samples the worst size misses its target."""
        return float(np.abs(self.have[:, 0] - self.goal[:, 0]).max())

    def rank(self) -> tuple[float, ...]:
        """Return the score of what is assigned, to be compared."""
        return tuple(self.score(self.have[None])[0].tolist())

    def polish(self, order: Indices) -> None:
        """Move groups and swap pairs while that lowers the score itself, not its smooth stand-in.

        It looks at every move and every pair: for few groups, where single ones decide.
        """
        now, groups = self.rank(), order[np.isin(order, self.movable)]
        while True:
            one, target, other = self._exchanges(groups)
            if not len(one):
                return
            origin, back = self.split[one], other >= 0
            change = self.table[one] - np.where(back[:, None], self.table[other], 0.0)
            have = np.repeat(self.have[None], len(one), axis=0)
            have[np.arange(len(one)), origin] -= change
            have[np.arange(len(one)), target] += change
            score = self.score(have)
            # A split must not be emptied for the sake of another.
            score[((have[:, :, 0] <= 0) & (self.have[:, 0] > 0)).any(axis=1)] = np.inf
            best = int(np.lexsort(score.T[::-1])[0])
            if tuple(score[best]) >= now:
                return
            now = tuple(score[best])
            self._put(int(one[best]), int(target[best]))
            if back[best]:
                self._put(int(other[best]), int(origin[best]))

    def _exchanges(self, groups: Indices) -> tuple[Indices, Indices, Indices]:
        """Return every (group, its new split, the group that comes back for it or -1)."""
        splits = np.arange(len(self.goal))
        group, target, other = (
            grid.ravel()
            for grid in np.meshgrid(groups, splits, np.append(groups, -1), indexing="ij")
        )
        fits = self.allowed[group, target] & (self.split[group] != target)
        returns = (self.split[other] == target) & self.allowed[other, self.split[group]]
        fits &= (other < 0) | returns
        return group[fits], target[fits], other[fits]
