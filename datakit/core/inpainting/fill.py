"""Hole filling at any size: solved at low resolution, with detail from patches of the photo."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
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
_SHAPES_SIGMA_PX = 3.0


def fill_hole(
    photo: Image, hole: Bool, solve: Solve, rng: np.random.Generator, solve_px: int = SOLVE_PX
) -> Image:
    """Fill a hole of a photo of any size.

    Parts of the hole that lie far apart are filled one by one, each from its own surroundings,
    which are made small and solved there. On the way back to the photo's size the patches of each
    level say where the detail of the next one is copied from, so that a large hole is as sharp as
    the photo around it. At last the seam is closed by a membrane.

    Parameters
    ----------
    photo : (H, W, 3) uint8 RGB
    hole : (H, W) bool
    solve : callable
        Fills the hole of a small copy: `datakit.core.inpainting.exemplar.fill_by_patches`, or a
        network.
    rng : Generator
        Same seed, same bytes.
    solve_px : int
        Pixels of the copy that is solved, at most.

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
    for part in parts_apart(hole):
        window = context_window(part).slices
        inner = part[window]
        # The other parts stay unknown: what was made up is no source.
        found = _fill_window(photo[window], hole[window], solve, rng, solve_px)
        filled[window][inner] = np.rint(found[inner]).astype(np.uint8)
    return filled


def parts_apart(hole: Bool) -> Iterator[Bool]:
    """Yield the parts of a hole whose surroundings do not overlap, in reading order.

    Yields
    ------
    (H, W) bool

    Examples
    --------
    >>> hole = np.zeros((100, 900), bool); hole[40:60, 40:60] = hole[40:60, 800:820] = True
    >>> [int(part.sum()) for part in parts_apart(hole)]
    [400, 400]
    """
    _, _, facts, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8), connectivity=8)
    surroundings = np.zeros(hole.shape, np.uint8)
    for left, top, wide, high, _ in facts[1:].tolist():
        tight = Window(top, left, top + high, left + wide)
        surroundings[_with_context(tight, hole.shape).slices] = 1
    count, groups = cv2.connectedComponents(surroundings, connectivity=4)
    for number in range(1, count):
        yield hole & (groups == number)


def _fill_window(
    photo: Image, hole: Bool, solve: Solve, rng: np.random.Generator, solve_px: int
) -> Float:
    """Return a window of a photo with its hole filled, in levels of 0 .. 255."""
    levels = [(photo.astype(np.float32), hole)]
    while levels[0][1].size > solve_px:
        levels.insert(0, halved(*levels[0]))
    small, gap = levels[0]
    if not known_centres(gap).any():
        raise InputError(
            f"hole: expected some of the photo to be left to fill it with, found {hole.mean():.0%} "
            "of it to be filled; use a smaller region"
        )
    found = solve(small, gap, rng)
    if len(levels) > 1:
        found = _with_detail(found, levels, rng)
    return close_seam(found, *levels[-1])


def context_window(hole: Bool) -> Window:
    """Return the part of a photo that a hole is filled from: its bounds grown by half their size.

    Examples
    --------
    >>> hole = np.zeros((1000, 800), bool); hole[400:800, 300:500] = True
    >>> tuple(context_window(hole))
    (200, 100, 1000, 700)
    """
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    tight = Window(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    return _with_context(tight, hole.shape)


def _with_context(tight: Window, shape_hw: tuple[int, ...]) -> Window:
    longest = max(tight.bottom - tight.top, tight.right - tight.left)
    reach_px = max(_LEAST_CONTEXT_PX, round(longest * _CONTEXT))
    return tight.grown(reach_px, shape_hw[0], shape_hw[1])


def _with_detail(found: Float, levels: list[tuple[Float, Bool]], rng: np.random.Generator) -> Float:
    """Bring a fill of the smallest level to the size of the largest, patch by patch."""
    matches = matched(found, *levels[0], rng)
    for pixels, gap in levels[1:]:
        solved = found
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
        found[gap] += _large_shapes_apart(solved, found, gap)[gap]
    return found


def _large_shapes_apart(solved: Float, found: Float, gap: Bool) -> Float:
    """Return what the large shapes of a level's gap lack of those of the level before.

    The patches of the photo need not have the colours that were found for the hole.
    """
    height, width = gap.shape
    size_wh = (solved.shape[1], solved.shape[0])
    weight = cv2.resize(gap.astype(np.float32), size_wh, interpolation=cv2.INTER_AREA)
    apart = solved - cv2.resize(found, size_wh, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(apart * weight[..., None], (0, 0), _SHAPES_SIGMA_PX)
    share = cv2.GaussianBlur(weight, (0, 0), _SHAPES_SIGMA_PX)[..., None]
    shapes = smooth / np.maximum(share, 1e-3)
    return np.asarray(cv2.resize(shapes, (width, height), interpolation=cv2.INTER_LINEAR))
