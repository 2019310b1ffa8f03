"""Small models in every kind of file, made by the tools people use."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra 'prelabel' is not installed")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402


class Brightness(torch.nn.Module):
    """(N, 3, h, w) to logits (N, 2, h, w): background and foreground, which is what is bright."""

    def __init__(self, gain: float = 8.0) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(gain))

    def forward(self, x: Any) -> Any:
        light = x.mean(1, keepdim=True) * self.scale
        return torch.cat((-light, light), 1)


def state_dict_bytes(model: Any, **options: Any) -> bytes:
    target = io.BytesIO()
    torch.save(model.state_dict(), target, **options)
    return target.getvalue()


def torchscript_bytes(model: Any, size: tuple[int, int] = (64, 64)) -> bytes:
    target = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(model, torch.zeros(1, 3, *size))
        torch.jit.save(traced, target)
    return target.getvalue()


def exported_bytes(model: Any, size: tuple[int, int] = (64, 64), batch: int | None = None) -> bytes:
    target = io.BytesIO()
    dynamic = None if batch is not None else ({0: torch.export.Dim("batch")},)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(
            model, (torch.zeros(batch or 2, 3, *size),), dynamic_shapes=dynamic
        )
        torch.export.save(program, target)
    return target.getvalue()


def brightness_onnx(
    size: tuple[int | str, int | str] = (64, 64), batch: int | str = "n", gain: float = 8.0
) -> bytes:
    """The same function as `Brightness`, as an ONNX graph."""
    shape = [batch, 3, *size]
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["grey"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["grey", "gain"], ["light"]),
        helper.make_node("Neg", ["light"], ["dark"]),
        helper.make_node("Concat", ["dark", "light"], ["out"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [batch, 2, *size])],
        [helper.make_tensor("gain", TensorProto.FLOAT, [1], [gain])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return model.SerializeToString()


CONTRACT = """\
name: brightness
input:
  size: [64, 64]
  fit: {fit}
  divide_by: 255
  mean: [0.5, 0.5, 0.5]
output:
  activation: softmax
  channel: 1
"""


def contract_file(folder: Path, fit: str = "stretch", **changes: str) -> Path:
    path = folder / "brightness.yaml"
    text = CONTRACT.format(fit=fit)
    for before, after in changes.items():
        text = text.replace(f"{before}:", f"{after}:")
    path.write_text(text)
    return path


def in_float32(data: bytes) -> bytes:
    """An ONNX file of half precision with all of its arithmetic in single precision."""
    model = onnx.load_from_string(data)

    def widened(tensor: Any) -> None:
        if tensor.data_type == TensorProto.FLOAT16:
            values = numpy_helper.to_array(tensor).astype("float32")
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))

    for tensor in model.graph.initializer:
        widened(tensor)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == "value":
                widened(attribute.t)
            if node.op_type == "Cast" and attribute.i == TensorProto.FLOAT16:
                attribute.i = TensorProto.FLOAT
    del model.graph.value_info[:]
    return model.SerializeToString()


def tint_onnx(axes: str = "nhwc", side: int = 32, batch: int | str = 1) -> bytes:
    """An embedding that knows nothing but a crop's mean colour: (N, 3)."""
    shape = [batch, side, side, 3] if axes == "nhwc" else [batch, 3, side, side]
    over = [1, 2] if axes == "nhwc" else [2, 3]
    node = helper.make_node("ReduceMean", ["x"], ["tint"], axes=over, keepdims=0)
    graph = helper.make_graph(
        [node],
        "tint",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("tint", TensorProto.FLOAT, [batch, 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return model.SerializeToString()


TINT_CONTRACT = """\
name: tint
alignment: {alignment}
input:
  size: [32, 32]
  divide_by: 1
  layout: {axes}
distance: {distance}
threshold: {threshold}
min_face_px: 24
"""


def tint_model(
    folder: Path,
    axes: str = "nhwc",
    alignment: str = "eyes",
    distance: str = "euclidean",
    threshold: float = 20,
    batch: int | str = 1,
) -> tuple[Path, Path]:
    """Write the contract and the file of `tint_onnx`."""
    contract, weights = folder / f"tint-{axes}.yaml", folder / f"tint-{axes}.onnx"
    contract.write_text(
        TINT_CONTRACT.format(axes=axes, alignment=alignment, distance=distance, threshold=threshold)
    )
    weights.write_bytes(tint_onnx(axes, batch=batch))
    return contract, weights


def left_half_model(folder: Path) -> tuple[Path, Path]:
    """Write the contract and the file of an embedding that sees a crop's left half alone."""
    contract, weights = folder / "left_half.yaml", folder / "left_half.onnx"
    contract.write_text(
        TINT_CONTRACT.format(axes="nhwc", alignment="eyes", distance="euclidean", threshold=20)
    )
    half = [
        helper.make_tensor(name, TensorProto.INT64, [1], [value])
        for name, value in (("start", 0), ("stop", 16), ("axis", 2))
    ]
    nodes = [
        helper.make_node("Slice", ["x", "start", "stop", "axis"], ["left"]),
        helper.make_node("ReduceMean", ["left"], ["mean"], axes=[1, 2], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "left_half",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 32, 32, 3])],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, [1, 3])],
        half,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    weights.write_bytes(model.SerializeToString())
    return contract, weights
