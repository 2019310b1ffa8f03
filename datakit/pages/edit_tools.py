"""Edit tools of the review page: a changed coverage, and the region that changed."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.interactive.outline_edit import OutlineEdit, reshaped
from datakit.core.interactive.outline_tools import TOOLS
from datakit.core.interactive.prompted import Answer, prompted
from datakit.core.interactive.prompts import Prompts, Stroke, stroke_pixels
from datakit.core.interactive.scribble import Ground, harden, scribble
from datakit.core.interactive.segment import segment
from datakit.core.matting.alpha_edit import edit_alpha
from datakit.core.matting.brush import UNKNOWN, Layer
from datakit.errors import InputError

Coverage = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
_HALF = 128


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
    """

    image: npt.NDArray[np.uint8]
    draft: Coverage
    shown: Coverage
    is_mask: bool
    answer: Answer | None = None


def changed_layer(worked: Worked, use: ToolUse) -> Layer:
    """Return what a tool changes of a label, as a layer to paint over it.

    Returns
    -------
    (H, W, 3) uint8
        Weight 255 where the label changes, else 0: what the tool left alone keeps its bytes.

    Raises
    ------
    InputError
        If the sizes differ, or it is no use of a tool.
    """
    shown = worked.shown
    if not worked.image.shape[:2] == worked.draft.shape == shown.shape:
        raise InputError(
            f"{use.id}: expected a label of the photo's size {worked.image.shape[:2]}, found "
            f"{shown.shape}"
        )
    after = _after(worked, use)
    if worked.is_mask:
        after = np.where(after >= _HALF, np.uint8(255), np.uint8(0))
    if not 0 <= use.value < UNKNOWN:
        raise InputError(f"{use.id}: expected a class or object up to 254, found {use.value}")
    layer = np.zeros((*shown.shape, 3), np.uint8)
    changed = after != shown
    layer[changed, 0] = after[changed]
    layer[changed, 1] = 255
    layer[changed & (after >= _HALF), 2] = use.value
    return layer


def _after(worked: Worked, use: ToolUse) -> Coverage:
    image, shown = worked.image, worked.shown
    before = shown >= _HALF
    if use.prompts is not None:
        mask = _pointed(worked, use.prompts, before)
    elif use.repair is not None:
        if use.repair not in TOOLS:
            raise InputError(f"repair: expected one of {', '.join(TOOLS)}, found {use.repair!r}")
        mask = TOOLS[use.repair](before)
    elif use.stroke is not None and use.ground is not None:
        return _coverage(scribble(image, _alpha(shown), use.stroke, use.ground))
    elif use.stroke is not None and use.edge is not None:
        drawn = stroke_pixels(use.stroke, (shown.shape[0], shown.shape[1]))
        return _coverage(harden(_alpha(shown), drawn, use.edge))
    elif use.outline is not None:
        mask = reshaped(before, use.outline)
    else:
        raise InputError(
            f"{use.id}: expected prompts, a repair, an outline, or a stroke with ground or edge"
        )
    return np.asarray(edit_alpha(shown, before, mask, before != mask))


def _pointed(worked: Worked, prompts: Prompts, before: Bools) -> Bools:
    if worked.answer is not None:
        return prompted(worked.answer, prompts, before)
    likely = None if worked.is_mask else _alpha(worked.draft)
    return segment(worked.image, likely, prompts, before)


def _alpha(shown: Coverage) -> npt.NDArray[np.float32]:
    return shown.astype(np.float32) / np.float32(255)


def _coverage(alpha: npt.NDArray[np.float32]) -> Coverage:
    return np.asarray(np.rint(alpha * 255), np.uint8)
