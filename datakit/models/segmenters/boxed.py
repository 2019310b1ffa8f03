"""Box prompts for any segmenter: each box is segmented by itself; outside is background.

Where it sees nobody in a box (the object is no person), the colours in the box decide (GrabCut).
On the true boxes of two sets this is better than a graph cut over the same map
(benchmarks/RESULTS.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from datakit.core.images import network_input
from datakit.models.factory import Identity, Settings, joined
from datakit.models.prediction import Box, Hint, Image, Map, Prediction
from datakit.models.segmenters.base import Segmenter
from datakit.models.segmenters.grabcut import GrabCutSegmenter

GROWTH = 0.1
"""Of a box on each side, for what it stands in."""
CLOSE_WEIGHT = 2 / 3
"""Weight of the pass over the box against the one over the whole photo."""
LEAST_SHARE = 0.1
"""Of a box that must be foreground; below it the model saw nothing in it."""
_LEAST_SIDE_PX = 8


class BoxedSegmenter:
    """A segmenter that answers the boxes of a hint.

    Parameters
    ----------
    model : Segmenter
        Sees the whole photo once, and each box once.
    settings : Settings
        Those that it was built with.
    """

    takes_hints = True

    def __init__(self, model: Segmenter, settings: Settings) -> None:
        self._model = model
        self._colours = GrabCutSegmenter(Settings(sides=settings.sides))
        self.identity = boxed_identity(model.identity)

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return one prediction per picture; without a box nothing is foreground."""
        given = hints or [None] * len(images)
        return [self._segmented(*pair) for pair in zip(images, given, strict=True)]

    def _segmented(self, image: Image, hint: Hint | None) -> Prediction:
        [whole] = self._model.segment([image])
        seen = whole.to_image_size()
        probability = np.zeros_like(seen)
        for box in () if hint is None else hint.object_boxes():
            probability = np.maximum(probability, self._answer(image, seen, box))
        return replace(
            whole,
            probability=probability,
            placement=network_input.identity((image.shape[0], image.shape[1])),
            sides=None,
            hint="" if hint is None else hint.source,
            # The prompt says that there is one.
            is_person=None,
        )

    def _answer(self, image: Image, seen: Map, box: Box) -> Map:
        """Return (H, W) float32 in [0, 1], 0 outside of the box."""
        inside = _pixels(box, 0.0, image)
        found = np.zeros_like(seen)
        if min(one.stop - one.start for one in inside) < 1:
            return found
        around = _pixels(box, GROWTH, image)
        close = seen.copy()
        if min(one.stop - one.start for one in around) >= _LEAST_SIDE_PX:
            [predicted] = self._model.segment([np.ascontiguousarray(image[around])])
            close[around] = predicted.to_image_size()
        mixed = (1 - CLOSE_WEIGHT) * seen[inside] + CLOSE_WEIGHT * close[inside]
        if (mixed > 0.5).mean() < LEAST_SHARE:
            [coloured] = self._colours.segment([image], [Hint(box_xyxy=box)])
            mixed = coloured.to_image_size()[inside]
        found[inside] = mixed
        return found


def boxed_identity(model: Identity) -> Identity:
    """Return what runs: the model, and GrabCut for boxes in which it sees nothing."""
    return joined(model.name, [model, GrabCutSegmenter.identify(Settings())])


def _pixels(box: Box, growth: float, image: Image) -> tuple[slice, slice]:
    """Return the pixels of a box, grown by a share of its sides, as rows and columns."""
    left, top, right, bottom = box
    across, down = growth * (right - left), growth * (bottom - top)
    high, wide = image.shape[:2]
    rows = slice(*np.clip(np.rint([top - down, bottom + down]), 0, high).astype(int).tolist())
    columns = slice(
        *np.clip(np.rint([left - across, right + across]), 0, wide).astype(int).tolist()
    )
    return rows, columns
