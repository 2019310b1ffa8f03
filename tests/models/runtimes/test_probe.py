"""A contract is checked by what comes out: every wrong field is named, and right ones pass."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from datakit.errors import ModelError
from datakit.models.runtimes.contract import parse_contract, shipped, shipped_names
from datakit.models.runtimes.probe import check_input, check_outputs, probe_pictures


def logits() -> np.ndarray:
    """Return (2, 1, 64, 64) logits of a model of brightness, for both probe pictures."""
    maps = [picture[::4, ::4].astype(np.float32).mean(axis=2) for picture in probe_pictures()]
    return (np.stack(maps)[:, None] - 110) / 10


def probability() -> np.ndarray:
    return 1 / (1 + np.exp(-logits()))


def two_channels() -> np.ndarray:
    return np.concatenate([-logits(), logits()], axis=1)


def softmaxed() -> np.ndarray:
    return np.concatenate([1 - probability(), probability()], axis=1)


def indices() -> np.ndarray:
    return (probability() > 0.5) * 15


def check(outputs: np.ndarray, output: str) -> None:
    made = parse_contract(f"name: x\ninput: {{size: [64, 64]}}\noutput: {{{output}}}\n", "x")
    check_outputs(outputs, made, "model")


RIGHT = {
    "activation: sigmoid": logits,
    "activation: none": probability,
    "activation: none, divide_by: 255": lambda: np.rint(probability() * 255).astype(np.uint8),
    "activation: softmax, channel: 1": two_channels,
    "activation: none, channel: 1": softmaxed,
    "activation: class-index, channel: 15": lambda: indices().astype(np.int64),
    "activation: none, invert: false": lambda: (probability() > 0.5).astype(np.int64),
    "activation: sigmoid, invert: true": lambda: -logits(),
    "activation: none, min_max: true": lambda: probability() * 3,
    "channel: 0": lambda: np.zeros((2, 1, 8, 8), np.float32),
}


@pytest.mark.parametrize("output", RIGHT)
def test_a_right_contract_passes(output: str) -> None:
    check(RIGHT[output](), output)


@pytest.mark.parametrize(
    ("outputs", "output", "words"),
    [
        (probability, "activation: sigmoid", "applied already.*activation: none"),
        (probability, "activation: softmax", r"softmax over the one channel.*sigmoid"),
        (logits, "activation: softmax", r"softmax over the one channel.*sigmoid"),
        (logits, "activation: none", r"found logits.*activation to sigmoid"),
        (softmaxed, "activation: softmax, channel: 1", "add up to 1.*activation: none"),
        (indices, "activation: sigmoid", "class indices.*class-index.*output.channel"),
        (indices, "activation: none", "class indices"),
        (probability, "activation: class-index", "found scores"),
        (lambda: probability() * 255, "activation: none", "divide_by: 255"),
        (lambda: probability() * 255, "activation: sigmoid", "divide_by: 255"),
        (probability, "activation: none, divide_by: 255", "divide_by: 1"),
        (lambda: np.full((2, 1, 8, 8), 0.9), "activation: none", "nothing below 0.5"),
        (lambda: np.full((2, 1, 8, 8), 0.3), "activation: none", "one value everywhere"),
        (lambda: np.full((2, 1, 8, 8), np.nan), "activation: none", "no numbers"),
        (lambda: np.repeat(probability()[:1], 2, axis=0), "activation: none", "same map for two"),
        (lambda: probability().swapaxes(2, 3), "activation: none", "rows and columns"),
    ],
)
def test_a_wrong_contract_is_named(outputs, output: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        check(outputs(), output)


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_inputs_are_of_a_known_range(name: str) -> None:
    check_input(shipped(name).input, name)


@pytest.mark.parametrize(
    "fields",
    [
        "divide_by: 1, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]",
        "divide_by: 255, mean: [123.7, 116.3, 103.5], std: [58.4, 57.1, 57.4]",
        "divide_by: 255, mean: [0.5, 0.5, 0.5], std: [127.5, 127.5, 127.5]",
        "divide_by: 255, std: [255, 255, 255]",
    ],
)
def test_inputs_that_are_scaled_twice_or_never_are_refused(fields: str) -> None:
    made = parse_contract(f"name: x\ninput: {{size: [64, 64], {fields}}}\n", "x")
    with pytest.raises(ModelError, match=r"input\.divide_by"):
        check_input(made.input, "model")


@pytest.mark.parametrize("name", shipped_names())
@pytest.mark.parametrize("field", ["divide_by", "mean", "std"])
def test_a_field_of_another_scale_is_refused_in_every_shipped_contract(
    name: str, field: str
) -> None:
    right = shipped(name).input
    if field == "divide_by":
        wrong = msgspec.structs.replace(right, divide_by=1)
    else:
        scaled = tuple(255 * value for value in getattr(right, field))
        wrong = msgspec.structs.replace(right, **{field: scaled})
    if wrong == right or (right.std == (1, 1, 1) and field == "divide_by" and not any(right.mean)):
        pytest.skip("it is as right: a network may be fed with 0 .. 255")
    with pytest.raises(ModelError, match="correct input"):
        check_input(wrong, name)
