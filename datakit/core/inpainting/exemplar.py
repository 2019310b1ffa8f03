"""Exemplar-based inpainting: a hole is filled with patches of the picture, coarse to fine."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.inpainting.diffusion import DIFFUSIONS, fill_by_diffusion
from datakit.core.inpainting.membrane import around, halved, membrane
from datakit.core.inpainting.patches import (
    RADIUS_PX,
    Patches,
    PatchSpace,
    known_centres,
    touching,
)
from datakit.core.inpainting.patchmatch import FAR_JUMPS_PX, Matches
from datakit.core.inpainting.voting import confidence, similarity, vote

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]
Index = npt.NDArray[np.intp]
Level = tuple[Float, Bool]

_COARSE_ROUNDS, _FEWER_ROUNDS, _FINEST_ROUNDS = 20, 6, 2
_GUIDE_SIGMA_PX = 3.0
_GUIDE_WEIGHT = 40.0
_SMALLEST_SIDE_PX = 10 * RADIUS_PX


def fill_by_patches(photo: Float, hole: Bool, rng: np.random.Generator) -> Float:
    """Fill a hole so that each patch in it is like some patch outside [1]_.

    A guide says which colours to expect: the mean of what three kinds of diffusion make of the
    hole, which is nearer to the truth than each of them. A patch is matched by its pixels and,
    with some weight, by that, so that no object is carried to where its colours do not belong.

    Parameters
    ----------
    photo : (H, W, 3) float32 in [0, 255]
        Small: the work is that of the hole's pixels times a hundred patches.
    hole : (H, W) bool
        Some patch of the photo does not meet it.
    rng : Generator

    Returns
    -------
    (H, W, 3) float32
        The photo, what was found for the hole, and in the ring around it what the patches say of
        the pixels there, for `datakit.core.inpainting.membrane.close_seam`.

    References
    ----------
    .. [1] Wexler, Shechtman, Irani: Space-time completion of video. PAMI 2007.
    """
    filled: Float | None = None
    matches: Matches | None = None
    levels = _pyramid(photo, hole)
    for number, (pixels, gap) in enumerate(levels):
        before, matches = matches, Matches(touching(gap), known_centres(gap), rng)
        if before is None or filled is None:
            filled = expected_colours(pixels, gap)
        else:
            matches.start_from(enlarged(before, matches))
            filled = pixels.copy()
            filled[gap] = vote(pixels, gap, matches, np.ones(len(matches.targets), np.float32))
        rounds = max(_FINEST_ROUNDS, _COARSE_ROUNDS - _FEWER_ROUNDS * number)
        _alternate(filled, pixels, gap, matches, rounds, rng)
    if filled is None or matches is None:
        raise AssertionError("a pyramid has at least one level")
    ring = around(hole)
    filled[ring] = vote(photo, ring, matches, similarity(matches.cost))
    return filled


def matched(filled: Float, photo: Float, hole: Bool, rng: np.random.Generator) -> Matches:
    """Match the patches of a hole that something else has filled, without changing it.

    Parameters
    ----------
    filled, photo : (H, W, 3) float32
        The photo with and without the fill; small, as for `fill_by_patches`.
    hole : (H, W) bool
    rng : Generator
    """
    matches = Matches(touching(hole), known_centres(hole), rng)
    search = _Search(filled, photo, hole, rng)
    for _ in range(_FINEST_ROUNDS):
        search.improve(matches, filled)
    return matches


def _alternate(
    filled: Float, pixels: Float, gap: Bool, matches: Matches, rounds: int, rng: np.random.Generator
) -> None:
    """Match the patches of the fill, and make the fill of the matches, in turns; in place."""
    search = _Search(expected_colours(pixels, gap), pixels, gap, rng)
    sure = confidence(gap).ravel()[matches.targets]
    for _ in range(rounds):
        search.improve(matches, filled)
        filled[gap] = vote(pixels, gap, matches, similarity(matches.cost) * sure)


class _Search:
    """What the search on one level compares: patches by their components, and the guide's colour.

    Parameters
    ----------
    expected : (H, W, 3) float32
        The picture with a guess of the hole's colours.
    pixels, gap : (H, W, 3) float32 and (H, W) bool
        The level.
    rng : Generator
    """

    def __init__(self, expected: Float, pixels: Float, gap: Bool, rng: np.random.Generator) -> None:
        centres = np.flatnonzero(known_centres(gap))
        self._number_of = np.full(gap.size, -1, np.int32)
        self._number_of[centres] = np.arange(len(centres), dtype=np.int32)
        patches = Patches(pixels)
        self._space = PatchSpace(patches, centres, rng)
        self._known = np.hstack([self._space.describe(patches, centres), _hues(pixels, centres)])
        self._targets = np.flatnonzero(touching(gap))
        self._expected = _hues(expected, self._targets)
        self._rng = rng

    def improve(self, matches: Matches, filled: Float) -> None:
        """Search once for what the patches of the fill are like now."""
        described = self._space.describe(Patches(filled), self._targets)
        wanted = np.hstack([described, self._expected])

        def compare(numbers: Index, candidates: Index) -> Float:
            apart = self._known[self._number_of[candidates]] - wanted[numbers]
            return np.asarray(np.einsum("ij,ij->i", apart, apart))

        matches.measure(compare)
        matches.propagate(compare, FAR_JUMPS_PX)
        matches.wander(compare, self._rng)


def expected_colours(photo: Float, hole: Bool) -> Float:
    """Return a photo with its hole filled by the mean of membrane, Telea and Navier-Stokes.

    Parameters
    ----------
    photo : (H, W, 3) float32 in [0, 255]
    hole : (H, W) bool

    Returns
    -------
    (H, W, 3) float32
    """
    levels = np.rint(photo).astype(np.uint8)
    total = membrane(photo, hole)
    for method in DIFFUSIONS:
        total += fill_by_diffusion(levels, hole, method)
    return np.where(hole[..., None], total / (1 + len(DIFFUSIONS)), photo)


def _hues(picture: Float, centres: Index) -> Float:
    """Return (N, 3) float32, the blurred colours of some pixels with the weight of the guide."""
    blurred = cv2.GaussianBlur(picture, (0, 0), _GUIDE_SIGMA_PX)
    return np.asarray(blurred.reshape(-1, 3)[centres] * np.float32(np.sqrt(_GUIDE_WEIGHT)))


def enlarged(coarse: Matches, fine: Matches) -> Index:
    """Return the matches of a level as those of the next one, which is twice as large."""
    (height, width), (coarse_h, coarse_w) = fine.shape_hw, coarse.shape_hw
    nearest = np.full(coarse_h * coarse_w, -1, np.intp)
    nearest[coarse.targets] = coarse.nearest
    y, x = np.divmod(fine.targets, width)
    found = nearest[(y // 2) * coarse_w + x // 2]
    source_y, source_x = np.divmod(found, coarse_w)
    fine_y = np.minimum(2 * source_y + y % 2, height - 1)
    fine_x = np.minimum(2 * source_x + x % 2, width - 1)
    return np.where(found >= 0, fine_y * width + fine_x, fine.nearest)


def _pyramid(photo: Float, hole: Bool) -> list[Level]:
    """Return the levels, the coarsest first: there the hole is a patch wide."""
    levels = [(photo, hole)]
    while True:
        pixels, gap = levels[0]
        depth_px = cv2.distanceTransform(np.pad(gap, 1).astype(np.uint8), cv2.DIST_L2, 5).max()
        if depth_px < 2 * RADIUS_PX or min(gap.shape) < 2 * _SMALLEST_SIDE_PX:
            return levels
        smaller = halved(pixels, gap)
        if not known_centres(smaller[1]).any():
            return levels
        levels.insert(0, smaller)
