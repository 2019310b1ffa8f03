"""Promptable models: the encoder runs once, each box gives its mask, and contracts are checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from datakit.errors import ModelError, SchemaError
from datakit.models.factory import Settings
from datakit.models.prediction import Hint
from datakit.models.runtimes.prompt_contract import read_prompt_contract
from datakit.models.segmenters.base import build
from tests.models import prompt_makers


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    weights, contract = prompt_makers.files(tmp_path)
    return Settings(weights=weights, contract=contract, device="cpu")


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    """A wide picture with three bright squares."""
    picture = np.full((100, 200, 3), 20, np.uint8)
    for left in (10, 80, 150):
        picture[30:60, left : left + 30] = 230
    return picture


def test_each_box_is_answered_and_the_encoder_runs_once(settings, image, monkeypatch) -> None:
    segmenter = build("promptable", settings)
    count = []
    encode = segmenter.model.encode
    monkeypatch.setattr(segmenter.model, "encode", lambda one: count.append(1) or encode(one))
    boxes = ((5.0, 20.0, 50.0, 70.0), (145.0, 20.0, 190.0, 70.0))
    [found] = segmenter.segment([image], [Hint(boxes_xyxy=boxes)])
    true = np.zeros((100, 200), bool)
    true[30:60, 10:40] = true[30:60, 150:180] = True
    mask = found.to_image_size() > 0.5
    assert (mask & true).sum() / (mask | true).sum() > 0.85
    assert count == [1]
    assert found.hint == "annotation"


def test_without_a_box_nothing_is_foreground(settings, image) -> None:
    [found] = build("promptable", settings).segment([image], [None])
    assert not found.probability.any()


def test_clicks_are_answered(settings, image) -> None:
    model = build("promptable", settings).model
    encoded = model.encode(image)
    low, high = (75.0, 25.0, True), (115.0, 65.0, True)
    assert model.answer(encoded, clicks=(low, high))[45, 95] > 0.9
    with pytest.raises(ModelError, match="found no prompt"):
        model.answer(encoded)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("points: points", "points: coords", "takes features, labels, nothing, points, size"),
        ("{features: 0}", "{features: 4}", "output 4 of the encoder"),
        ("scores: 1", "scores: 9", "output 9 of the decoder"),
        ("index: 0", "index: 1", r"masks of shape \(1, M, h, w\), found \(1, 2\)"),
        ("frame: input", "frame: input, activation: none", "output.activation: sigmoid"),
    ],
)
def test_wrong_contracts_are_named(settings, image, before, after, words) -> None:
    text = settings.contract.read_text()
    settings.contract.write_text(text.replace(before, after))
    with pytest.raises(ModelError, match=words):
        build("promptable", settings).segment([image], [Hint(box_xyxy=(0, 0, 50, 50))])


def test_two_files_and_a_contract_are_asked_for(settings) -> None:
    with pytest.raises(ModelError, match="--weights ENCODER --weights DECODER"):
        build("promptable", Settings(contract="sam"))
    with pytest.raises(ModelError, match=r"expected --contract, a YAML file or sam"):
        build("promptable", Settings(weights=settings.weights))
    settings.contract.write_text("name: x\ninput: {size: [64, 64]}\nprompt: {}\n")
    with pytest.raises(SchemaError, match="line 3"):
        read_prompt_contract(settings.contract)
