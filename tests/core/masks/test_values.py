"""Which values a mask holds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from datakit.core.masks.values import values_in


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@given(data=st.data())
def test_values_are_those_of_unique(dtype: npt.DTypeLike, data: st.DataObject) -> None:
    shapes = array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9)
    mask = data.draw(arrays(dtype, shapes))
    assert values_in(mask) == np.unique(mask).tolist()
    assert values_in(mask[::2, ::2]) == np.unique(mask[::2, ::2]).tolist()
