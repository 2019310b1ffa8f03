"""Contracts: the shipped ones, faults with their line, and the arithmetic of both runtimes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.errors import ModelError, SchemaError
from datakit.models.runtimes import contract as arrays
from datakit.models.runtimes.contract import parse_contract, read_contract, shipped_names


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_contracts_say_where_they_come_from(name: str) -> None:
    found = read_contract(name)
    assert found.name == name
    assert found.source
    # Stretching maps invents people in empty scenes: nobody gets it without asking.
    assert not found.output.min_max


def test_a_contract_is_told_with_its_line(tmp_path) -> None:
    with pytest.raises(SchemaError, match=r"line 3: input\.size"):
        parse_contract("name: x\ninput:\n  size: [1, 2, 3]\n", "x.yaml")
    with pytest.raises(SchemaError, match=r"line 4.*sise"):
        parse_contract("name: x\ninput:\n  size: [64, 64]\n  sise: 3\n", "x.yaml")
    with pytest.raises(SchemaError, match=r"line 2.*std"):
        parse_contract("name: x\ninput:\n  size: [64, 64]\n  std: [1, 0, 1]\n", "x.yaml")
    with pytest.raises(SchemaError, match=r"line 1: .*input"):
        parse_contract("name: x\noutput:\n  index: 0\n", "x.yaml")
    with pytest.raises(SchemaError, match=r"output: divide_by: expected 1 for activation sigmoid"):
        parse_contract(
            "name: x\ninput:\n  size: [64, 64]\noutput: {activation: sigmoid, divide_by: 255}\n",
            "x",
        )
    with pytest.raises(ModelError, match="birefnet"):
        read_contract(tmp_path / "none.yaml")
    (tmp_path / "big.yaml").write_bytes(b"#" * 70_000)
    with pytest.raises(SchemaError, match="bytes"):
        read_contract(tmp_path / "big.yaml")


CONTRACT = """
name: x
input: {size: [8, 8], divide_by: %s, channels: %s, mean: [0.1, 0.2, 0.3], std: [0.5, 0.6, 0.7]}
output: {activation: %s, channel: 1, invert: %s, min_max: %s}
"""


@given(
    st.sampled_from(["max", "255", "1"]),
    st.sampled_from(["rgb", "bgr"]),
    st.sampled_from(["sigmoid", "softmax"]),
    st.sampled_from(["true", "false"]),
    st.sampled_from(["true", "false"]),
    st.integers(0, 2**32 - 1),
)
def test_torch_and_numpy_do_the_same_sums(divide, channels, activation, invert, stretch, seed):
    torch = pytest.importorskip("torch", reason="the extra 'prelabel' is not installed")
    from datakit.models.runtimes import torch_maps

    made = parse_contract(CONTRACT % (divide, channels, activation, invert, stretch), "x")
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, rng.integers(1, 257), (2, 8, 8, 3), dtype=np.uint8)
    one = arrays.to_values(pictures, made.input)
    two = torch_maps.to_values(torch.from_numpy(pictures), made.input).numpy()
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-5)
    logits = rng.normal(0, 5, (2, 3, 8, 8)).astype(np.float32)
    probability = arrays.to_probability(logits, made.output)
    maps, sides, raw = torch_maps.to_maps(
        torch_maps.chosen(torch.from_numpy(logits), made.output, (0, 0), (8, 8), "x"),
        made.output,
        2,
        "x",
    )
    assert sides is not None
    assert sides.shape == (2, 2, 8, 8)
    np.testing.assert_allclose(raw[:, 1].numpy(), probability.max(axis=(1, 2)), atol=1e-6)
    finished = arrays.finished(probability, made.output, "x")
    np.testing.assert_allclose(finished, maps.numpy(), atol=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_a_model_error(bad: float) -> None:
    made = parse_contract("name: x\ninput: {size: [8, 8]}\n", "x")
    with pytest.raises(ModelError, match="no numbers"):
        arrays.finished(np.full((1, 2, 2), bad, np.float32), made.output, "x")
