"""Covered by tests/models/segmenters/test_promptable.py; here the published contract of SAM."""

from __future__ import annotations

import numpy as np

from datakit.models.runtimes.contract import to_values
from datakit.models.runtimes.prompt_contract import read_prompt_contract


def test_sam_is_fed_as_its_own_code_feeds_it() -> None:
    contract = read_prompt_contract("sam")
    placement = contract.input.place((300, 400))
    assert placement.window_xyxy == (0, 0, 1024, 768)
    values = to_values(np.full((1, 2, 2, 3), 200, np.uint8), contract.input)
    expected = (200 - np.array([123.675, 116.28, 103.53])) / [58.395, 57.12, 57.375]
    np.testing.assert_allclose(values[0, :, 0, 0], expected, rtol=1e-5)
