"""Contact sheets: nothing is cut off, nothing is blown up."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.core.images.contact_sheet import PAPER, contact_sheet
from datakit.errors import InputError


def test_a_sheet_is_as_wide_as_its_title() -> None:
    tile = np.zeros((20, 20, 3), np.uint8)
    narrow = contact_sheet([tile], tile_px=40)
    titled = contact_sheet([tile], tile_px=40, title="a title longer than one tile is wide")
    assert narrow.shape[1] == 56
    ink = np.flatnonzero((titled[:36] != PAPER).any(axis=(0, 2)))
    assert 200 < ink.max() < titled.shape[1] - 4


def test_a_small_picture_is_not_blown_up() -> None:
    sheet = contact_sheet([np.zeros((20, 30, 3), np.uint8)], tile_px=100)
    assert (sheet == 0).all(axis=2).sum() == 600


def test_captions_are_as_many_as_tiles() -> None:
    tile = np.zeros((20, 20, 3), np.uint8)
    with pytest.raises(InputError, match="2 tiles need as many captions"):
        contact_sheet([tile, tile], ["one"])
    with pytest.raises(InputError, match="0 tiles"):
        contact_sheet([])
