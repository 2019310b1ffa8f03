"""PatchMatch: for each patch around a hole, one of the known patches that is most like it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from datakit.core.inpainting.patches import CHUNK

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]
Index = npt.NDArray[np.intp]

Compare = Callable[[Index, Index], Float]
"""(numbers of targets, flat indices of known pixels) -> squared distances of their patches."""

FAR_JUMPS_PX = (8, 4, 2, 1)
NEAR_JUMPS_PX = (1,)


class Matches:
    """Which known patch each target patch is matched with, and how far apart the two are.

    All targets are treated at once, with the matches of the step before: neighbours at several
    distances stand for the scan order of the publication [1]_.

    Parameters
    ----------
    targets, known : (H, W) bool
        The pixels whose patches are looked for, and those whose patches may be found.
    rng : Generator
        For the first matches.

    Attributes
    ----------
    targets : (N,) intp
        Flat indices, ascending.
    nearest : (N,) intp
        Flat index of the match of each.
    cost : (N,) float32
        Squared distance of the two; infinite before `measure`.

    References
    ----------
    .. [1] Barnes, Shechtman, Finkelstein, Goldman: PatchMatch. SIGGRAPH 2009.
    """

    def __init__(self, targets: Bool, known: Bool, rng: np.random.Generator) -> None:
        self.shape_hw = (targets.shape[0], targets.shape[1])
        self.targets = np.flatnonzero(targets)
        self._known = known.ravel()
        self._number = np.full(targets.size, -1, np.int32)
        self._number[self.targets] = np.arange(len(self.targets), dtype=np.int32)
        self.nearest = rng.choice(np.flatnonzero(known), len(self.targets))
        self.cost = np.full(len(self.targets), np.inf, np.float32)

    def start_from(self, nearest: Index) -> None:
        """Take matches that were found otherwise, as far as they are known patches."""
        usable = self._known[nearest]
        self.nearest[usable] = nearest[usable]

    def measure(self, compare: Compare) -> None:
        """Measure the matches anew after the target patches have changed."""
        self.cost[:] = np.inf
        self._try(np.arange(len(self.targets)), self.nearest.copy(), compare)

    def propagate(self, compare: Compare, jumps_px: tuple[int, ...]) -> None:
        """Try what the neighbours' matches say of each target."""
        height, width = self.shape_hw
        y, x = np.divmod(self.targets, width)
        for jump in jumps_px:
            for step_y, step_x in ((0, jump), (0, -jump), (jump, 0), (-jump, 0)):
                near_y, near_x = y - step_y, x - step_x
                within = (near_y >= 0) & (near_y < height) & (near_x >= 0) & (near_x < width)
                numbers = np.flatnonzero(within)
                neighbours = self._number[near_y[numbers] * width + near_x[numbers]]
                numbers, neighbours = numbers[neighbours >= 0], neighbours[neighbours >= 0]
                self._offer(numbers, self.nearest[neighbours], (step_y, step_x), compare)

    def wander(self, compare: Compare, rng: np.random.Generator) -> None:
        """Try chance patches around each match, in ever smaller circles."""
        radius = max(self.shape_hw)
        everyone = np.arange(len(self.targets))
        while radius >= 1:
            steps = rng.integers(-radius, radius, (2, len(everyone)), endpoint=True)
            self._offer(everyone, self.nearest, (steps[0], steps[1]), compare)
            radius //= 2

    def _offer(
        self, numbers: Index, matches: Index, step_yx: tuple[int | Index, ...], compare: Compare
    ) -> None:
        """Try the pixels one step away from some matches."""
        height, width = self.shape_hw
        y, x = np.divmod(matches, width)
        y, x = y + step_yx[0], x + step_yx[1]
        within = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        numbers, candidates = numbers[within], y[within] * width + x[within]
        fresh = self._known[candidates] & (candidates != self.nearest[numbers])
        self._try(numbers[fresh], candidates[fresh], compare)

    def _try(self, numbers: Index, candidates: Index, compare: Compare) -> None:
        for start in range(0, len(numbers), CHUNK):
            chunk = slice(start, start + CHUNK)
            cost = compare(numbers[chunk], candidates[chunk])
            better = cost < self.cost[numbers[chunk]]
            taken = numbers[chunk][better]
            self.nearest[taken] = candidates[chunk][better]
            self.cost[taken] = cost[better]
