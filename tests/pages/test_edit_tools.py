"""A tool changes a layer where the label changes, and refuses what is no use of it."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.core.interactive.prompts import Click, Prompts, Stroke
from datakit.core.matting.brush import paint_alpha
from datakit.errors import InputError
from datakit.pages.edit_tools import changed_layer
from datakit.pages.tool_use import ToolUse, Worked
from tests.core.interactive.pictures import figure

IMAGE, TRUTH = figure()
DRAFT = np.where(TRUTH, np.uint8(250), np.uint8(3))
LINE = Stroke(((112.0, 70.0), (114.0, 110.0)), 6)
USES = {
    "click": ToolUse(id="a", prompts=Prompts(clicks=(Click(195, 60),))),
    "hair": ToolUse(id="a", stroke=LINE, ground="unknown"),
    "edge": ToolUse(id="a", stroke=LINE, edge=0.5),
    "repair": ToolUse(id="a", repair="grow"),
}


def worked(shown: np.ndarray, *, is_mask: bool = False) -> Worked:
    return Worked(image=IMAGE, draft=shown, shown=shown, is_mask=is_mask)


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("is_mask", [False, True])
def test_what_a_tool_leaves_alone_keeps_its_value(name: str, is_mask: bool) -> None:
    shown = np.where(TRUTH, 255, 0).astype(np.uint8) if is_mask else DRAFT
    layer = changed_layer(worked(shown, is_mask=is_mask), USES[name])
    assert set(np.unique(layer[..., 1])) <= {0, 255}
    painted = paint_alpha(shown.astype(np.float32) / 255, layer)
    untouched = layer[..., 1] == 0
    assert untouched.mean() > 0.5
    assert (painted[untouched] == shown[untouched].astype(np.float32) / 255).all()
    if is_mask:
        assert set(np.unique(layer[..., 0])) <= {0, 255}


def test_no_use_of_a_tool_is_refused() -> None:
    for use in (ToolUse(id="a"), ToolUse(id="a", repair="polish"), ToolUse(id="a", stroke=LINE)):
        with pytest.raises(InputError, match="expected"):
            changed_layer(worked(DRAFT), use)
    with pytest.raises(InputError, match="label of the photo's size"):
        changed_layer(worked(DRAFT[1:]), USES["repair"])
