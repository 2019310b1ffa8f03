"""From clicks, a box, a lasso and strokes to a mask: without a model, in a tenth of a second.

Each prompt changes the label where it points and nowhere else. On a small copy of the picture it
weighs how a pixel's colour differs from what is around it, how far it is from the prompt when
crossing edges costs extra (`geodesic_distance`, as far as `best_extent`), what models' maps say
(`consensus`), and that the border of the answer is short and lies on edges (`smooth_cut`). What
is connected with the prompt is the answer. Where maps show an object of which the label has nothing
yet, a click adds all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.interactive.consensus import consensus
from datakit.core.interactive.evidence import Weights, expected_in, region_evidence, spread_evidence
from datakit.core.interactive.prompts import (
    Click,
    Prompts,
    Stroke,
    click_pixel,
    regions,
    stroke_pixels,
)
from datakit.core.interactive.smooth_cut import smooth_cut
from datakit.core.interactive.view import View, Window, make_view
from datakit.core.masks.parts import large_parts, parts_at
from datakit.errors import InputError

Image = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]

SIDE_PX = 160
"""Longest side of the copy that is worked on."""

_WINDOW_RADII = 16
_REGION_ROUNDS = 3
_REGION_MARGIN = 0.25
_LEAST_PART = 0.05
_STRONG_EDGE = 0.12
_SURE = np.float32(1e3)
WEIGHTS = Weights()
PHOTO_ALONE = Weights(
    step_cost=0.02,
    edge_cost=4.0,
    extent_edges=200.0,
    extent_floor=0.02,
    extent_exponent=0.5,
    extent_factor=1.5,
    colour=1.2,
    distance=2.0,
    bias=0.0,
    tie=2.0,
    tie_edges=166.0,
)
"""Without a probability the photo's edges have to say how far an answer reaches."""


def segment(
    image: Image,
    maps: Sequence[FloatArray],
    prompts: Prompts,
    label: Bools | None = None,
) -> Bools:
    """Return the mask that prompts make of a label: box and lasso first, then strokes, then clicks.

    A click on a pixel that is what it asks for changes nothing, and holds that pixel against the
    other clicks: handing in all clicks again, with the label that they made, gives that label.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
        The photo.
    maps : sequence of (H, W) float32 in [0, 1]
        How likely each pixel is the subject, by different models; the alpha of a draft is one.
    prompts : Prompts
        What a person pointed at.
    label : (H, W) bool, optional
        What is there already; None: an empty label.

    Returns
    -------
    (H, W) bool
        Deterministic. Positive prompts only add, negative ones only take away.

    Raises
    ------
    InputError
        If the arrays differ in size, or a prompt lies outside the picture.

    Examples
    --------
    >>> image = np.full((40, 60, 3), 30, np.uint8)
    >>> image[10:30, 20:40] = (200, 180, 160)
    >>> found = segment(image, (), Prompts(clicks=(Click(30, 20),)))
    >>> bool(found[12:28, 22:38].all()), bool(found[:8].any())
    (True, False)
    """
    size_hw = _require_sizes(image, maps, label)
    mask = np.zeros(size_hw, bool) if label is None else label
    held: list[Click] = list(prompts.clicks)
    likely = consensus(maps, held)
    for region in regions(prompts, size_hw):
        mask = mask | _object_in(image, likely, mask, region)
    for stroke in prompts.strokes:
        mask = _spread(image, likely, mask, stroke, held)
    for click in prompts.clicks:
        if mask[click_pixel(click, size_hw)] == click.positive:
            continue
        whole = _object_at(likely, mask, click, held)
        mask = _spread(image, likely, mask, click, held) if whole is None else mask | whole
    return mask


def _require_sizes(
    image: Image, maps: Sequence[FloatArray], label: Bools | None
) -> tuple[int, int]:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(f"image: expected (H, W, 3) uint8, found {image.shape} {image.dtype}")
    for name, array in (*(("map", one) for one in maps), ("label", label)):
        if array is not None and array.shape != image.shape[:2]:
            raise InputError(f"{name}: expected {image.shape[:2]}, found {array.shape}")
    return image.shape[0], image.shape[1]


def _spread(
    image: Image,
    probability: FloatArray | None,
    mask: Bools,
    prompt: Click | Stroke,
    held: list[Click],
) -> Bools:
    """Return the mask with what a click or a stroke adds to it or takes from it."""
    size_hw = (mask.shape[0], mask.shape[1])
    taken = mask if prompt.positive else ~mask
    likely = probability
    if probability is not None and not prompt.positive:
        likely = 1 - probability
    drawn = _drawn(prompt, size_hw)
    view = make_view(image, likely, taken, _whole(size_hw), SIDE_PX)
    seeds = view.shrunk(drawn)
    radius_px = _room(view, seeds) * max(size_hw) / max(view.hw)
    window = _around(drawn, _WINDOW_RADII * radius_px, size_hw)
    if window != view.window:
        view = make_view(image, likely, taken, window, SIDE_PX)
        seeds = view.shrunk(drawn)
    evidence = spread_evidence(view, seeds, _room(view, seeds), _weights(view))
    evidence[~view.open] = _SURE
    for click in held:
        y, x = click_pixel(click, size_hw)
        if click.positive != prompt.positive and not drawn[y, x]:
            point = np.zeros(size_hw, bool)
            point[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2] = True
            if point[window].any():
                evidence[view.shrunk(point)] = -_SURE
    evidence[seeds] = _SURE
    answer = np.zeros(size_hw, bool)
    answer[window] = view.enlarged(_cut(view, evidence)) > 0.5
    answer = parts_at((answer & ~taken) | drawn, drawn, 4) & ~taken
    return mask | answer if prompt.positive else mask & ~answer


def _object_at(
    likely: FloatArray | None, mask: Bools, click: Click, held: list[Click]
) -> Bools | None:
    """Return the likely object below a positive click; None when it is there in part, or small."""
    size_hw = (mask.shape[0], mask.shape[1])
    if likely is None or not click.positive or likely[click_pixel(click, size_hw)] <= 0.5:
        return None
    subject = likely > 0.5
    found = parts_at(subject, _drawn(click, size_hw), 4)
    against = any(found[click_pixel(one, size_hw)] for one in held if not one.positive)
    small = np.count_nonzero(found) < _LEAST_PART * np.count_nonzero(subject)
    return None if against or small or (found & mask).any() else found


def _object_in(image: Image, probability: FloatArray | None, mask: Bools, region: Bools) -> Bools:
    """Return the object inside a region, (H, W) bool."""
    _, _, width, height = cv2.boundingRect(region.astype(np.uint8))
    margin = _REGION_MARGIN * max(width, height)
    window = _around(region, margin, (mask.shape[0], mask.shape[1]))
    view = make_view(image, probability, np.zeros_like(mask), window, SIDE_PX)
    inside = view.shrunk(region)
    answer = expected_in(view, inside)
    for _ in range(_REGION_ROUNDS):
        evidence = region_evidence(view, inside, answer, _weights(view))
        evidence[~inside] = -_SURE
        answer = _cut(view, evidence)
    found = np.zeros_like(mask)
    found[window] = view.enlarged(answer) > 0.5
    return large_parts(found & region, _LEAST_PART)[0]


def _drawn(prompt: Click | Stroke, size_hw: tuple[int, int]) -> Bools:
    if isinstance(prompt, Stroke):
        drawn = stroke_pixels(prompt, size_hw)
        if not drawn.any():
            raise InputError("stroke: expected it to touch the picture, found it outside")
        return drawn
    drawn = np.zeros(size_hw, bool)
    drawn[click_pixel(prompt, size_hw)] = True
    return drawn


def _room(view: View, seeds: Bools) -> float:
    """Return the radius in pixels of the disc that fits at the prompt.

    It ends where the label, an edge or an uncertain region begins. People click in the
    middle of what is wrong: the disc says how large that is.
    """
    alike = view.open & (np.maximum(*view.steps) < _STRONG_EDGE)
    if view.likely is not None:
        alike = alike & ((view.likely > 0.5) == (float(view.likely[seeds].mean()) > 0.5))
    elif view.open.all():
        # Nothing is known yet, so nothing is near.
        return 2.0
    room = cv2.distanceTransform(np.pad(alike | seeds, 1).astype(np.uint8), cv2.DIST_L2, 5)
    return float(room[1:-1, 1:-1][seeds].max())


def _whole(size_hw: tuple[int, int]) -> Window:
    return slice(0, size_hw[0]), slice(0, size_hw[1])


def _around(drawn: Bools, margin_px: float, size_hw: tuple[int, int]) -> Window:
    """Return the window with a margin around pixels, at least `SIDE_PX` where there is room."""
    left, top, width, height = cv2.boundingRect(drawn.astype(np.uint8))
    sides = []
    for start, length, full in ((top, height, size_hw[0]), (left, width, size_hw[1])):
        margin = round(max(margin_px, (SIDE_PX - length) / 2))
        sides.append(slice(max(0, start - margin), min(full, start + length + margin)))
    return sides[0], sides[1]


def _weights(view: View) -> Weights:
    return PHOTO_ALONE if view.likely is None else WEIGHTS


def _cut(view: View, evidence: FloatArray) -> FloatArray:
    ties = [_weights(view).cut_ties(step) for step in view.steps]
    return smooth_cut(evidence, ties[0], ties[1])
