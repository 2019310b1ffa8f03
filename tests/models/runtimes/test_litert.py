"""LiteRT as a runtime: what it computes, and what it says of a file that is no model."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.errors import ModelError
from datakit.models.faces.mediapipe import SHORT_RANGE
from datakit.models.runtimes.litert import LitertModel
from datakit.models.weights.provenance import load_weights

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")


def test_equal_input_gives_equal_output_in_the_declared_order(capfd):
    net = LitertModel(load_weights(SHORT_RANGE).data, "short")
    assert net.input_shape == (1, 128, 128, 3)
    values = np.random.default_rng(0).random(net.input_shape, np.float32)
    raw, logits = net.run(values)
    assert raw.shape == (1, 896, 16)
    assert logits.shape == (1, 896, 1)
    net.run(values * 0)
    again = net.run(values)
    assert (again[0] == raw).all()
    assert (again[1] == logits).all()
    assert not capfd.readouterr().err


def test_a_file_that_is_no_model_is_an_error_with_its_name():
    with pytest.raises(ModelError, match="short: LiteRT does not read the model"):
        LitertModel(b"TFL3" * 100, "short")
