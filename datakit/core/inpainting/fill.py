"""Hole filling at any size: solved at low resolution, with detail from patches of the photo."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from datakit.core.images.tiles import Window
from datakit.core.inpainting.exemplar import enlarged, matched
from datakit.core.inpainting.membrane import around, close_seam, halved
from datakit.core.inpainting.patches import Patches, known_centres, touching
from datakit.core.inpainting.patchmatch import NEAR_JUMPS_PX, Matches
from datakit.core.inpainting.voting import similarity, vote
from datakit.errors import InputError

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]
Index = npt.NDArray[np.intp]

Solve = Callable[[Float, Bool, np.random.Generator], Float]
"""(photo, hole, rng) -> the photo with the hole filled, and the ring around it predicted, too."""

SOLVE_PX = 1 << 18
"""Pixels of the copy on which a hole is solved; what is larger gets its detail from patches."""

_CONTEXT = 0.5
_LEAST_CONTEXT_PX = 64


def fill_hole(photo: Image, hole: Bool, solve: Solve, rng: np.random.Generator) -> Image:
    """Fill a hole of a photo of any size.

    The surroundings of the hole are made small and solved there. On the way back to the photo's
    size the patches of each level say where the detail of the next one is copied from, so that a
    large hole is as sharp as the photo around it. At last the seam is closed by a membrane.

    Parameters
    ----------
    photo : (H, W, 3) uint8 RGB
    hole : (H, W) bool
    solve : callable
        Fills the hole of a small copy: `datakit.core.inpainting.exemplar.fill_by_patches`, or a
        network.
    rng : Generator
        Same seed, same bytes.

    Returns
    -------
    (H, W, 3) uint8 RGB
        Pixels outside the hole are the photo's own.

    Raises
    ------
    InputError
        If the shapes differ, or so little of the photo is known that no patch of it is whole.

    Examples
    --------
    >>> from datakit.core.inpainting.exemplar import fill_by_patches
    >>> stripes = np.zeros((48, 48, 3), np.uint8); stripes[:, ::4] = stripes[:, 1::4] = 240
    >>> hole = np.zeros((48, 48), bool); hole[18:30, 18:30] = True
    >>> spoilt = np.where(hole[..., None], 90, stripes).astype(np.uint8)
    >>> filled = fill_hole(spoilt, hole, fill_by_patches, np.random.default_rng(0))
    >>> bool(np.abs(filled.astype(int) - stripes).max() < 20)
    True
    """
    if hole.shape != photo.shape[:2]:
        raise InputError(f"hole: expected the photo's shape {photo.shape[:2]}, found {hole.shape}")
    filled = photo.copy()
    if not hole.any():
        return filled
    window = context_window(hole)
    levels = [(photo[window.slices].astype(np.float32), hole[window.slices])]
    while levels[0][1].size > SOLVE_PX:
        levels.insert(0, halved(*levels[0]))
    if not known_centres(levels[0][1]).any():
        raise InputError(
            f"hole: expected some of the photo to be left to fill it with, found {hole.mean():.0%} "
            "of it to be filled; use a smaller region"
        )
    small, gap = levels[0]
    found = solve(small, gap, rng)
    if len(levels) > 1:
        found = _with_detail(found, levels, rng)
    pixels, gap = levels[-1]
    closed = close_seam(found, pixels, gap)
    filled[window.slices][gap] = np.rint(closed[gap]).astype(np.uint8)
    return filled


def context_window(hole: Bool) -> Window:
    """Return the part of a photo that a hole is filled from: its bounds grown by half their size.

    Examples
    --------
    >>> hole = np.zeros((1000, 800), bool); hole[400:800, 300:500] = True
    >>> tuple(context_window(hole))
    (200, 100, 1000, 700)
    """
    height, width = hole.shape
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    tight = Window(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    longest = max(tight.bottom - tight.top, tight.right - tight.left)
    return tight.grown(max(_LEAST_CONTEXT_PX, round(longest * _CONTEXT)), height, width)


def _with_detail(found: Float, levels: list[tuple[Float, Bool]], rng: np.random.Generator) -> Float:
    """Bring a fill of the smallest level to the size of the largest, patch by patch."""
    matches = matched(found, *levels[0], rng)
    for pixels, gap in levels[1:]:
        coarse, matches = matches, Matches(touching(gap), known_centres(gap), rng)
        matches.start_from(enlarged(coarse, matches))
        found = pixels.copy()
        found[gap] = vote(pixels, gap, matches, np.ones(len(matches.targets), np.float32))
        filled, known = Patches(found), Patches(pixels)
        targets = matches.targets

        def compare(
            numbers: Index,
            candidates: Index,
            filled: Patches = filled,
            known: Patches = known,
            targets: Index = targets,
        ) -> Float:
            apart = known.rows(candidates) - filled.rows(targets[numbers])
            return np.asarray(np.einsum("ij,ij->i", apart, apart))

        matches.measure(compare)
        matches.propagate(compare, NEAR_JUMPS_PX)
        voted = gap | around(gap)
        found[voted] = vote(pixels, voted, matches, similarity(matches.cost))
    return found
