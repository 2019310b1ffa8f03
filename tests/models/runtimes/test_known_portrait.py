"""The known portrait: maps of its background are refused, and what has no answer is not judged."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from datakit.core.metrics.mask_metrics import iou
from datakit.errors import ModelError
from datakit.models.factory import Settings
from datakit.models.runtimes.contract import parse_contract
from datakit.models.runtimes.known_portrait import check_answer, known_portrait
from datakit.models.segmenters.base import build

SIDE = 64


def seen() -> np.ndarray:
    """Return (1, 64, 64) of the person, as a good model gives it."""
    _, person = known_portrait()
    small = cv2.resize(person.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return small[None]


def check(output: np.ndarray, words: str) -> None:
    made = parse_contract(f"name: x\ninput: {{size: [64, 64]}}\noutput: {{{words}}}\n", "x")
    check_answer(output, made, "model")


def indices() -> np.ndarray:
    return (seen() > 0.5).astype(np.int64)


def two_classes() -> np.ndarray:
    return np.concatenate([1 - seen(), seen()])


@pytest.mark.parametrize(
    ("output", "right", "wrong"),
    [
        (seen(), "invert: false", "invert: true"),
        (1 - seen(), "invert: true", "invert: false"),
        (two_classes(), "channel: 1", "channel: 0"),
        (indices(), "activation: class-index, channel: 1", "activation: class-index, channel: 0"),
        (9 * seen() - 4, "activation: sigmoid", "activation: sigmoid, invert: true"),
    ],
)
def test_a_map_of_the_background_is_refused(output: np.ndarray, right: str, wrong: str) -> None:
    check(output, right)
    turned = "false" if "invert: true" in wrong else "true"
    with pytest.raises(ModelError, match=f"set output.invert: {turned} .*output.channel"):
        check(output, wrong)


@pytest.mark.parametrize("invert", ["true", "false"])
@pytest.mark.parametrize("seed", range(8))
def test_what_has_no_answer_is_not_judged(seed: int, invert: str) -> None:
    """Random networks, and those of cats: nothing, or all but a cat that is not there."""
    noise = np.random.default_rng(seed).random((1, 6, 6)).astype(np.float32)
    for output in (noise, noise * 0, noise * 0 + 1, noise * 0.5):
        check(cv2.resize(output[0], (SIDE, SIDE))[None], f"invert: {invert}")


def test_the_portrait_is_the_one_of_the_sample_data(sample_data: Path) -> None:
    image, person = known_portrait()
    size_wh = image.shape[1::-1]
    photo = cv2.imread(str(sample_data / "portraits/images/astronaut.jpg"))[..., ::-1]
    alpha = cv2.imread(str(sample_data / "portraits/alphas/astronaut.png"), cv2.IMREAD_GRAYSCALE)
    same = cv2.resize(photo, size_wh, interpolation=cv2.INTER_AREA)
    assert np.abs(same.astype(int) - image).mean() < 3
    assert iou(cv2.resize(alpha, size_wh, interpolation=cv2.INTER_AREA) > 127, person) > 0.99


def test_a_real_model_is_refused_inverted(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    weights = shared_data / "weights/u2netp_fp16_onnx/u2netp-fp16.onnx"
    contract = tmp_path / "c.yaml"
    text = (
        "name: x\ninput: {size: [320, 320], divide_by: max, mean: [0.485, 0.456, 0.406], "
        "std: [0.229, 0.224, 0.225]}\noutput: {invert: true}\n"
    )
    contract.write_text(text)
    settings = Settings(weights=(weights,), contract=contract, device="cpu")
    with pytest.raises(ModelError, match=r"all but the person .*set output\.invert: false"):
        build("onnx", settings)
    contract.write_text(text.replace("true", "false"))
    build("onnx", settings)
