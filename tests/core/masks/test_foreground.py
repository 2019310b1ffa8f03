"""A stored mask's foreground, by the coding of its values."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.core.masks.foreground import foreground


@pytest.mark.parametrize(
    ("values", "dtype", "inside"),
    [
        ([0, 1, 2, 127], np.uint8, [False, True, True, True]),
        ([0, 3, 127, 128, 252, 255], np.uint8, [False, False, False, True, True, True]),
        ([0, 1, 255, 300], np.uint16, [False, True, True, True]),
        ([], np.uint8, []),
    ],
)
def test_indices_count_from_one_and_masks_from_one_half(
    values: list[int], dtype: type, inside: list[bool]
) -> None:
    assert foreground(np.array(values, dtype)).tolist() == inside
