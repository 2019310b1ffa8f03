"""One use of an edit tool of the review page, and what it works on."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.interactive.outline_edit import OutlineEdit
from datakit.core.interactive.prompted import Answer
from datakit.core.interactive.prompts import Ground, Prompts, Stroke
from datakit.pages.mask_overlay import Coverage


class ToolUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One use of a tool on one sample; exactly one of the tools is named.

    Attributes
    ----------
    id : str
    prompts : Prompts, optional
        Clicks, a box, a lasso, strokes: what they mean is found in the photo.
    stroke : Stroke, optional
        With `ground` or `edge`: where.
    ground : {"foreground", "background", "unknown"}, optional
        Solve the alpha at the stroke anew.
    edge : float, optional
        Above 1 a harder edge at the stroke, below 1 a softer one.
    repair : str, optional
        A name of `datakit.core.interactive.outline_tools.TOOLS`.
    outline : OutlineEdit, optional
        A ring of the outline that was reshaped.
    value : int, optional
        Class or object that the mask gets where the tool adds to it; 0: that of the nearest pixel.
    class_name : str, optional
        With a value that no object has yet: its class.
    """

    id: str
    prompts: Prompts | None = None
    stroke: Stroke | None = None
    ground: Ground | None = None
    edge: float | None = None
    repair: str | None = None
    outline: OutlineEdit | None = None
    value: int = 0
    class_name: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Worked:
    """What a tool works on.

    Attributes
    ----------
    image : (H, W, 3) uint8 RGB
    draft : (H, W) uint8
        The label before any edit; of an alpha it serves as the probability.
    shown : (H, W) uint8
        The label as it is now, 255 where the subject covers all.
    is_mask : bool
        The label has no soft edge.
    answer : callable, optional
        A promptable model that has looked at the photo: it says what prompts mean.
    people : (H, W) float32 in [0, 1], optional
        How likely each pixel is a person's.
    """

    image: npt.NDArray[np.uint8]
    draft: Coverage
    shown: Coverage
    is_mask: bool
    answer: Answer | None = None
    people: npt.NDArray[np.float32] | None = None
