"""Edit tools of the review page: a changed coverage, and the region that changed."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.interactive.colour_evidence import lab_colours
from datakit.core.interactive.outline_edit import reshaped
from datakit.core.interactive.outline_tools import TOOLS
from datakit.core.interactive.prompted import prompted
from datakit.core.interactive.prompts import Prompts, stroke_pixels
from datakit.core.interactive.scribble import harden, scribble
from datakit.core.interactive.segment import segment
from datakit.core.matting.alpha_edit import edit_alpha
from datakit.core.matting.brush import UNKNOWN, Layer
from datakit.errors import InputError
from datakit.pages.mask_overlay import Coverage
from datakit.pages.tool_use import ToolUse, Worked

Bools = npt.NDArray[np.bool_]
_HALF = 128


def warm_up() -> None:
    """Have OpenCV make its tables of Lab colours, which takes a fifth of a second once."""
    lab_colours(np.zeros((1, 1, 3), np.uint8))


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
    x, y, width, height = cv2.boundingRect((after != shown).view(np.uint8))
    window = slice(y, y + height), slice(x, x + width)
    new, changed = after[window], after[window] != shown[window]
    layer[window][changed, 0] = new[changed]
    layer[window][changed, 1] = 255
    layer[window][changed & (new >= _HALF), 2] = use.value
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
    maps = [] if worked.people is None else [worked.people]
    if not worked.is_mask and worked.draft.any():
        maps.append(_alpha(worked.draft))
    return segment(worked.image, maps, prompts, before)


def _alpha(shown: Coverage) -> npt.NDArray[np.float32]:
    return shown.astype(np.float32) / np.float32(255)


def _coverage(alpha: npt.NDArray[np.float32]) -> Coverage:
    return np.asarray(np.rint(alpha * 255), np.uint8)
