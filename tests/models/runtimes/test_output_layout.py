"""The axes of outputs: read by the contract's layout, and named where they are others."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.errors import ModelError
from datakit.models.runtimes.contract import OutputContract
from datakit.models.runtimes.output_layout import arranged, refuse_parts_of_masks

HW = (48, 64)


@pytest.mark.parametrize("layout", ["nchw", "nhwc", "flat"])
def test_every_layout_gives_the_same_maps(layout: str) -> None:
    maps = np.random.default_rng(1).random((2, 3, *HW))
    given = {"nchw": maps, "nhwc": maps.transpose(0, 2, 3, 1), "flat": maps.reshape(2, 3, -1)}
    assert np.array_equal(arranged(given[layout], OutputContract(layout=layout), HW, "m"), maps)


@pytest.mark.parametrize("shape", [(1, 1, 12, 16), (1, 24, 32), (1, 2, 13, 17)])
def test_lower_resolutions_are_read(shape: tuple[int, ...]) -> None:
    assert arranged(np.zeros(shape), OutputContract(), HW, "m").shape[2:] == shape[-2:]


@pytest.mark.parametrize(
    ("shape", "layout", "words"),
    [
        ((1, 48, 64, 1), "nchw", "output.layout: nhwc"),
        ((1, 1, 48, 64), "nhwc", "output.layout: nchw"),
        ((1, 48 * 64), "nchw", "output.layout: flat"),
        ((1, 1, 48, 64), "flat", "output.layout: nchw"),
        ((1, 1, 64, 48), "nchw", "rows and columns are exchanged"),
        ((1, 512), "nchw", "gives no mask"),
        ((1, 8400, 4), "nchw", "boxes or points"),
        ((1, 1, 48, 48), "nchw", "another aspect"),
    ],
)
def test_other_shapes_are_named(shape: tuple[int, ...], layout: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        arranged(np.zeros(shape), OutputContract(layout=layout), HW, "m")


def test_instance_models_give_no_mask() -> None:
    with pytest.raises(ModelError, match="instance model"):
        refuse_parts_of_masks([("N", 116, 8400), ("N", 32, 160, 160)], 1, "m")
    refuse_parts_of_masks([("N", 1, 160, 160)], 0, "m")
