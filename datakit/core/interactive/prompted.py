"""What a promptable model's answers make of a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.interactive.prompts import Prompts, click_pixel, regions
from datakit.core.masks.parts import parts_at

Bools = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]
Answer = Callable[[Sequence[tuple[float, float, bool]], Box | None], FloatArray]
"""Clicks (x, y, positive) and a box in pixel edges -> (H, W) float32 in [0, 1]."""


def prompted(answer: Answer, prompts: Prompts, label: Bools) -> Bools:
    """Return the mask that a model's answers to prompts make of a label.

    As `datakit.core.interactive.segment.segment` does: box and lasso first, then clicks, a click on
    a pixel that is what it asks for changes nothing, and positive prompts only add, negative ones
    only take away. A negative click asks the model what lies there, told apart from what the
    positive ones point at, and takes that away.

    Parameters
    ----------
    answer : callable
        The model, with the photo that it has looked at.
    prompts : Prompts
        Its strokes are not used: a promptable model takes points and boxes.
    label : (H, W) bool
        What is there already.

    Returns
    -------
    (H, W) bool

    Raises
    ------
    InputError
        If a prompt lies outside the picture.

    Examples
    --------
    >>> from datakit.core.interactive.prompts import Click
    >>> right = np.float32([[0, 0, 1, 1]])
    >>> label = np.array([[True, False, False, False]])
    >>> prompts = Prompts(clicks=(Click(3.5, 0.5),))
    >>> prompted(lambda clicks, box: right, prompts, label).tolist()
    [[True, False, True, True]]
    """
    size_hw = (label.shape[0], label.shape[1])
    mask = label
    for region in regions(prompts, size_hw):
        left, top, width, height = cv2.boundingRect(region.astype(np.uint8))
        found = answer((), (left, top, left + width, top + height)) > 0.5
        mask = mask | (found & region)
    for click in prompts.clicks:
        place = click_pixel(click, size_hw)
        if mask[place] == click.positive:
            continue
        # Clicks of the same sign may point at other objects; those of the other sign are held.
        asked = [
            (one.x, one.y, one is click)
            for one in prompts.clicks
            if one is click or one.positive != click.positive
        ]
        drawn = np.zeros(size_hw, bool)
        drawn[place] = True
        taken = mask if click.positive else ~mask
        found = parts_at(((answer(asked, None) > 0.5) & ~taken) | drawn, drawn, 4)
        mask = mask | found if click.positive else mask & ~found
    return mask
