"""What a segmenter is given and what it answers: pictures, hints and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from datakit.core.drafts.hands import Hand
from datakit.core.images import network_input
from datakit.core.images.network_input import Placement

Image = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """What a segmenter says of one picture.

    Attributes
    ----------
    probability : (h, w) float32 in [0, 1]
        How likely each pixel is foreground, at the model's own resolution; padding included.
    placement : Placement
        Where the picture lies in it; `to_image_size` reads it.
    raw_max : float
        Largest value the model gave before any normalisation; low where it saw nobody.
    sides : (k, h', w') float32 in [0, 1], optional
        Side outputs of a deeply supervised model, finest first.
    hint : str
        Where the region came from that the segmenter started with; empty for models.
    is_person : bool, optional
        Whether there is a person at all, where the segmenter verified it; None where it did not.
    hands : sequence of Hand, optional
        The hands on the picture, where the segmenter looked for them; None where it did not.
    """

    probability: Map
    placement: Placement
    raw_max: float
    sides: Map | None = None
    hint: str = ""
    is_person: bool | None = None
    hands: Sequence[Hand] | None = None

    def to_image_size(self) -> Map:
        """Return (H, W) float32 in [0, 1], at the size of the picture and without padding."""
        return np.clip(network_input.to_image_size(self.probability, self.placement), 0, 1)


@dataclass(frozen=True, slots=True)
class Hint:
    """Where the person is, as a prompt: what segmenters without a model start from.

    Attributes
    ----------
    box_xyxy : four floats, optional
        Pixel edges of the picture.
    polygons : tuple of (N, 2) float64
        Outlines, x and y in pixel edges; they go before the box.
    source : str
        The source of the prompt, for the label's history: ``annotation``, ``face``, ``option``.
    boxes_xyxy : tuple of four floats each
        Around each object by itself, where that is known.
    """

    box_xyxy: Box | None = None
    polygons: tuple[npt.NDArray[np.float64], ...] = ()
    source: str = "annotation"
    boxes_xyxy: tuple[Box, ...] = ()

    def object_boxes(self) -> tuple[Box, ...]:
        """Return the boxes of single objects, else those of the outlines, else the one around all.

        Examples
        --------
        >>> Hint(box_xyxy=(0, 0, 4, 4)).object_boxes()
        ((0, 0, 4, 4),)
        >>> Hint(polygons=(np.array([[1.0, 2], [5, 2], [5, 9]]),)).object_boxes()
        ((1.0, 2.0, 5.0, 9.0),)
        """
        if self.boxes_xyxy:
            return self.boxes_xyxy
        if self.polygons:
            corners = [(*ring.min(axis=0), *ring.max(axis=0)) for ring in self.polygons]
            return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in corners)
        return () if self.box_xyxy is None else (self.box_xyxy,)

    def mirrored(self, width: float) -> Hint:
        """Return the hint of the mirror image of a picture that is `width` pixels wide.

        Examples
        --------
        >>> Hint(box_xyxy=(0, 0, 4, 4), boxes_xyxy=((0, 0, 4, 4),)).mirrored(10).object_boxes()
        ((6, 0, 10, 4),)
        """

        def turned(box: Box) -> Box:
            return width - box[2], box[1], width - box[0], box[3]

        return replace(
            self,
            box_xyxy=None if self.box_xyxy is None else turned(self.box_xyxy),
            polygons=tuple(ring * (-1, 1) + (width, 0) for ring in self.polygons),
            boxes_xyxy=tuple(map(turned, self.boxes_xyxy)),
        )
