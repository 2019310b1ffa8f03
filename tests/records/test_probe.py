"""Sizes as stored and as shown."""

from __future__ import annotations

import pytest

from datakit.records.probe import Probe


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_quarter_turn_swaps_width_and_height(orientation: int) -> None:
    probe = Probe(format="JPEG", mode="RGB", stored_wh=(4, 3), orientation=orientation)
    assert probe.size_wh == ((3, 4) if orientation >= 5 else (4, 3))
