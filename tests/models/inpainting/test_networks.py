"""Inpainting networks by contract, tiny and made here: what each is fed, and what comes of it.

Each network returns the photo and, in the hole, a value that only the right mask gives: polarity,
place, ranges and the blank under the hole are all seen in the filled pixels.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datakit.errors import InputError, ModelError, SchemaError
from datakit.models.factory import Settings
from datakit.models.inpainting.base import build, identify
from datakit.models.inpainting.contract import SHIPPED as CONTRACTS
from datakit.models.inpainting.contract import read_inpainting_contract

torch = pytest.importorskip("torch", reason="the extra 'prelabel' is not installed")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'prelabel' is not installed")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from datakit.models.networks.deepfill import DeepFill  # noqa: E402
from tests.models.weight_makers import state_dict_bytes  # noqa: E402

GREY, FILLED = 100, 140
SHIPPED = ("lama", "migan")


def scene() -> tuple[np.ndarray, np.ndarray]:
    hole = np.zeros((96, 128), bool)
    hole[30:60, 40:80] = True
    photo = np.full((96, 128, 3), GREY, np.uint8)
    photo[hole] = 17
    return photo, hole


class Painter(torch.nn.Module):
    """The photo where it is known, `FILLED` in the hole, in the values of a contract."""

    def __init__(self, contract: Any) -> None:
        super().__init__()
        self.contract = contract

    def forward(self, *inputs: Any) -> Any:
        said = self.contract
        if said.mask.place == "input":
            photo, mask = inputs
        elif said.mask.place == "first":
            mask, photo = inputs[0][:, :1], inputs[0][:, 1:]
        else:
            photo, mask = inputs[0][:, :3], inputs[0][:, 3:]
        share = (mask - said.mask.known) / (said.mask.hole - said.mask.known)
        low, high = said.input.range
        values = (photo - low) / (high - low)
        if said.input.blank is not None:
            # A hole that is not blank would shine through.
            values = values + (photo - said.input.blank).abs() * share
        painted = values * (1 - share) + share * (FILLED / 255)
        bottom, top = said.output.range
        return painted * (top - bottom) + bottom


def onnx_painter(contract: Any, sides: tuple[int | str, int | str]) -> bytes:
    """The same network as an ONNX graph, for a mask that is an input of its own."""

    def constant(name: str, value: float) -> Any:
        return numpy_helper.from_array(np.float32([value]), name)

    bottom, top = contract.output.range
    nodes = [
        helper.make_node("Sub", ["one", "mask"], ["known"]),
        helper.make_node("Mul", ["photo", "known"], ["kept"]),
        helper.make_node("Mul", ["mask", "level"], ["painted"]),
        helper.make_node("Add", ["kept", "painted"], ["both"]),
        helper.make_node("Mul", ["both", "span"], ["out"]),
    ]
    given = [
        helper.make_tensor_value_info("photo", TensorProto.FLOAT, [1, 3, *sides]),
        helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, *sides]),
    ]
    made = [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 3, *sides])]
    weights = [
        constant("one", 1),
        constant("level", FILLED / 255),
        constant("span", top - bottom),
    ]
    graph = helper.make_graph(nodes, "painter", given, made, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    data: bytes = model.SerializeToString()
    return data


def torchscript(contract: Any, target: Path) -> Path:
    high, wide = contract.input.size
    shapes = [(1, 3, high, wide), (1, 1, high, wide)]
    if contract.mask.place != "input":
        shapes = [(1, 4, high, wide)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(Painter(contract), tuple(torch.zeros(one) for one in shapes))
        torch.jit.save(traced, str(target))
    return target


def check_filled(inpainter: Any) -> None:
    photo, hole = scene()
    found = inpainter.fill(photo, hole, np.random.default_rng(0))
    assert np.array_equal(found[~hole], photo[~hole])
    inner = np.zeros_like(hole)
    inner[32:58, 42:78] = True
    # Values that bleed over the border when sizes change are taken for a seam, and levelled.
    assert abs(float(found[inner].mean()) - FILLED) < 15


@pytest.mark.parametrize("name", SHIPPED)
def test_torchscript_by_its_shipped_contract(name: str, tmp_path: Path) -> None:
    path = torchscript(read_inpainting_contract(name), tmp_path / "net.pt")
    inpainter = build("torchscript", Settings(weights=(path,), contract=name))
    assert inpainter.identity.sha256 and inpainter.identity.licence == "unknown"
    check_filled(inpainter)


def test_onnx_by_its_shipped_contract(tmp_path: Path) -> None:
    path = tmp_path / "lama.onnx"
    path.write_bytes(onnx_painter(read_inpainting_contract("lama"), (512, 512)))
    check_filled(build("onnx", Settings(weights=(path,), contract="lama")))


FREE = """
name: free
input: {size: [64, 64], fit: multiple, multiple: 8, channels: bgr, range: [0, 1]}
mask: {hole: 1, known: 0, place: input}
"""


def test_onnx_of_any_multiple_of_eight_in_bgr(tmp_path: Path) -> None:
    (tmp_path / "free.yaml").write_text(FREE)
    path = tmp_path / "net.onnx"
    contract = read_inpainting_contract(tmp_path / "free.yaml")
    path.write_bytes(onnx_painter(contract, ("h", "w")))
    settings = Settings(weights=(path,), contract=str(tmp_path / "free.yaml"))
    check_filled(build("onnx", settings))


def test_a_contract_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(onnx_painter(read_inpainting_contract("lama"), (512, 512)))
    with pytest.raises(ModelError, match=r"correct mask\.place"):
        build("onnx", Settings(weights=(path,), contract="migan"))
    with pytest.raises(ModelError, match="expected --contract"):
        build("onnx", Settings(weights=(path,)))
    text = FREE.replace("size: [64, 64], fit: multiple, multiple: 8", "size: [512, 512]")
    (tmp_path / "range.yaml").write_text(text)
    settings = Settings(weights=(path,), contract=str(tmp_path / "range.yaml"))
    photo, hole = scene()
    with pytest.raises(ModelError, match=r"correct output\.range"):
        build("onnx", settings).fill(photo, hole, np.random.default_rng(0))
    (tmp_path / "bad.yaml").write_text("name: x\ninput:\n  size: [64, 64]\n  fit: squash\n")
    with pytest.raises(SchemaError, match="line 4"):
        read_inpainting_contract(tmp_path / "bad.yaml")
    with pytest.raises(ModelError, match="expected a YAML file or one of"):
        read_inpainting_contract("nothing")


def test_deepfillv2_from_a_checkpoint_of_both_networks(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "states.pth"
    torch.save({"G": DeepFill(8).state_dict(), "D": {}}, path)
    settings = Settings(weights=(path,), device="cpu")
    assert identify("deepfillv2", settings).sha256
    photo, hole = scene()
    inpainter = build("deepfillv2", settings)
    found, again = (inpainter.fill(photo, hole, np.random.default_rng(0)) for _ in range(2))
    assert np.array_equal(found, again)
    assert np.array_equal(found[~hole], photo[~hole])
    assert "torch" in inpainter.identity.runtime


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(state_dict_bytes(torch.nn.Conv2d(3, 3, 3)))
    with pytest.raises(ModelError, match="expected the generator of a DeepFillv2"):
        build("deepfillv2", Settings(weights=(path,)))
    with pytest.raises(ModelError, match="expected one file by --weights"):
        build("deepfillv2")
    with pytest.raises(InputError, match="has no use for contract"):
        build("deepfillv2", Settings(weights=(path,), contract="lama"))


def test_the_shipped_contracts_can_be_read() -> None:
    for name in CONTRACTS:
        assert read_inpainting_contract(name).source
