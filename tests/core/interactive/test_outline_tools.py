"""Repairs of a mask do what their names say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from datakit.core.interactive import outline_tools
from datakit.core.interactive.outline_tools import TOOLS

MASKS = arrays(np.bool_, (9, 11))


@given(MASKS)
def test_what_a_repair_may_do(mask: np.ndarray) -> None:
    assert (outline_tools.fill_holes(mask) >= mask).all()
    assert (outline_tools.grow(mask) >= mask).all()
    assert (outline_tools.shrink(mask) <= mask).all()
    assert (outline_tools.keep_largest(mask) <= mask).all()


@given(MASKS)
def test_a_second_time_changes_nothing(mask: np.ndarray) -> None:
    for tool in (outline_tools.fill_holes, outline_tools.keep_largest):
        once = tool(mask)
        assert (tool(once) == once).all()


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("value", [False, True])
def test_empty_and_full_masks_stay(name: str, value: bool) -> None:
    mask = np.full((7, 8), value)
    assert (TOOLS[name](mask) == mask).all()


def test_specks_go_and_the_rest_stays() -> None:
    mask = np.zeros((80, 80), bool)
    mask[10:60, 10:60] = True
    mask[30, 30] = False
    mask[70, 70] = True
    cleaned = outline_tools.remove_specks(mask)
    assert cleaned[30, 30]
    assert not cleaned[70, 70]
    assert cleaned.sum() == 2500
