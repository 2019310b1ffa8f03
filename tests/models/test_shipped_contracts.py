"""The shipped contracts on models of the shape that they speak of, tiny and made here.

Each model's answer is the value of the red channel as its contract prepared it, so that what comes
out can be computed by hand from the picture and the published numbers.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datakit.errors import ModelError
from datakit.io.pixels.decoders import decode_photo
from datakit.models.factory import Settings
from datakit.models.runtimes.contract import Contract, read_contract
from datakit.models.segmenters.base import build, identify

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'prelabel' is not installed")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

RED = 200
PERSON, CLASSES = 15, 21


def model(contract: Contract, **answers: np.ndarray) -> bytes:
    """Return an ONNX model whose outputs are 1x1 convolutions (C, in) of its input, in order."""
    high, wide = contract.input.size
    sides = ["h", "w"] if contract.input.fit == "multiple" else [high, wide]
    nodes, weights, outputs = [], [], []
    for name, matrix in answers.items():
        kernel = matrix.astype(np.float32)[..., None, None]
        weights.append(numpy_helper.from_array(kernel, f"{name}_weights"))
        nodes.append(helper.make_node("Conv", ["x", f"{name}_weights"], [name]))
        shape = ["n", len(matrix), *sides]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    channels = ["n", contract.input.channel_count, *sides]
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, channels)]
    for name, constant in contract.input.beside.items():
        # A state goes in and comes out: its shape is free, as a film goes on with another.
        shape = [None] * len(constant.shape)
        given.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        nodes.append(helper.make_node("Identity", [name], [f"{name}_next"]))
        outputs.append(helper.make_tensor_value_info(f"{name}_next", TensorProto.FLOAT, shape))
    graph = helper.make_graph(nodes, contract.name, given, outputs, weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    data: bytes = made.SerializeToString()
    return data


def channels(count: int, at: int, gain: float = 1.0) -> np.ndarray:
    """Return (count, 3): red is the answer of one channel, the others are 0."""
    matrix = np.zeros((count, 3))
    matrix[at, 0] = gain
    return matrix


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


# Of each: what the model's outputs are, and what the published preparation makes of a red of 200.
SHAPES: dict[str, tuple[dict[str, np.ndarray], float]] = {
    # The finest map comes first; the others are its sides.
    "isnet": ({"d1": channels(1, 0), "d2": channels(1, 0, -1.0)}, RED / 255 - 0.5),
    # Logits, the finest last.
    "birefnet": (
        {"coarse": channels(1, 0, -1.0), "finest": channels(1, 0)},
        sigmoid((RED / 255 - 0.485) / 0.229),
    ),
    # The fourth channel is the trimap, 0 where the draft sees nobody.
    "vitmatte": ({"alphas": np.array([[0.5, 0, 0, 1]])}, RED / 255 - 0.5),
    "modnet": ({"matte": channels(1, 0, 0.5)}, RED / 255 - 0.5),
    # Foreground colours, the alpha, and the states of a film.
    "rvm": ({"fgr": channels(3, 0, -1.0), "pha": channels(1, 0)}, RED / 255),
    # Three classes of the whole, the matte of the band, and both fused.
    "p3mnet": (
        {
            "whole": channels(3, 0, -1.0),
            "band": channels(1, 0, -1.0),
            "fused": channels(1, 0, 0.2),
        },
        0.2 * (RED / 255 - 0.485) / 0.229,
    ),
    "smp": ({"mask": channels(1, 0)}, sigmoid((RED / 255 - 0.485) / 0.229)),
    # 21 classes; the auxiliary head comes second.
    "deeplabv3": (
        {"out": channels(CLASSES, PERSON), "aux": channels(CLASSES, 0)},
        math.exp((RED / 255 - 0.485) / 0.229)
        / (math.exp((RED / 255 - 0.485) / 0.229) + CLASSES - 1),
    ),
}


def segmenter(tmp_path: Path, name: str, answers: dict[str, np.ndarray]) -> Any:
    path = tmp_path / f"{name}.onnx"
    path.write_bytes(model(read_contract(name), **answers))
    return build("onnx", Settings(weights=(path,), contract=name, device="cpu"))


@pytest.mark.parametrize("name", SHAPES)
def test_a_shipped_contract_runs_its_model(tmp_path: Path, name: str) -> None:
    answers, expected = SHAPES[name]
    contract = read_contract(name)
    picture = np.zeros((90, 120, 3), np.uint8)
    picture[:] = (RED, 30, 90)
    [found] = segmenter(tmp_path, name, answers).segment([picture])
    if contract.input.fit == "multiple":
        assert [side % contract.input.multiple for side in found.probability.shape] == [0, 0]
        assert found.probability.shape[0] == min(contract.input.size)
    else:
        assert found.probability.shape == contract.input.size
    assert found.raw_max == pytest.approx(expected, abs=1e-4)
    np.testing.assert_allclose(found.probability, expected, atol=1e-4)
    assert found.to_image_size().shape == picture.shape[:2]


def test_a_model_of_another_size_or_with_fewer_classes_is_told(tmp_path: Path) -> None:
    path = tmp_path / "birefnet.onnx"
    path.write_bytes(model(read_contract("birefnet"), **SHAPES["birefnet"][0]))
    with pytest.raises(ModelError, match=r"correct input\.size"):
        build("onnx", Settings(weights=(path,), contract="deeplabv3", device="cpu"))
    with pytest.raises(ModelError, match="channel 15"):
        segmenter(tmp_path, "deeplabv3", {"out": channels(2, 0)})


def test_a_trimap_is_drawn_around_the_offline_draft(sample_data: Path, tmp_path: Path) -> None:
    [photo] = (sample_data / "portraits/images").glob("astronaut*")
    image = decode_photo(photo.read_bytes())
    # A little of the red, so that the map follows the picture, and all of the trimap.
    matter = segmenter(tmp_path, "vitmatte", {"alphas": np.array([[0.01, 0, 0, 0.9]])})
    [found] = matter.segment([image])
    levels = np.round(found.probability / 0.9 * 2) / 2
    shares = [float((levels == level).mean()) for level in (0, 0.5, 1)]
    assert sum(shares) == 1 and min(shares) > 0.05 and shares[1] < 0.5
    assert found.is_person is True
    names = [one.name for one in matter.identity.members]
    assert names[0] == "onnx" and "mediapipe selfie segmentation" in names
    told = identify("onnx", Settings(weights=(tmp_path / "vitmatte.onnx",), contract="vitmatte"))
    assert told.sha256 == matter.identity.sha256
