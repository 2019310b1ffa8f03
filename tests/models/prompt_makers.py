"""A tiny promptable model: what is bright inside a box, or near a positive click."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

SIDE = 64
CONTRACT = """
name: tiny
input: {size: [64, 64], fit: corner}
prompts:
  embeddings: {features: 0}
  points: points
  labels: labels
  size: size
  beside: {nothing: {shape: [1, 1], value: 0}}
output: {index: 0, scores: 1, frame: input}
"""


def encoder() -> bytes:
    """Return a model of (1, 3, 64, 64) in [0, 1] that gives the mean of its channels."""
    node = helper.make_node("ReduceMean", ["x"], ["grey"], axes=[1], keepdims=1)
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, SIDE, SIDE])]
    made = [helper.make_tensor_value_info("grey", TensorProto.FLOAT, [1, 1, SIDE, SIDE])]
    return _model(helper.make_graph([node], "encoder", given, made))


def decoder() -> bytes:
    """Return a model of two masks, the second of which is bright and inside the first two points.

    The first mask is nothing, and its score is lower.
    """
    centres = np.arange(SIDE, dtype=np.float32) + 0.5
    constants = {
        "columns": np.broadcast_to(centres, (1, 1, SIDE, SIDE)).copy(),
        "rows": np.broadcast_to(centres[:, None], (1, 1, SIDE, SIDE)).copy(),
        "zero": np.array(0, np.int64),
        "one": np.array(1, np.int64),
        "half": np.array(0.5, np.float32),
        "gain": np.array(40, np.float32),
        "away": np.full((1, 1, SIDE, SIDE), -20, np.float32),
        "scores": np.array([[0.1, 0.9]], np.float32),
    }
    nodes = []

    def node(operator: str, inputs: list[str], output: str, **attributes: int) -> str:
        nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    node("Gather", ["points", "zero"], "first", axis=0)
    for number, corner in (("zero", "low"), ("one", "high")):
        node("Gather", ["first", number], corner, axis=0)
        node("Gather", [corner, "zero"], f"{corner}_x", axis=0)
        node("Gather", [corner, "one"], f"{corner}_y", axis=0)
    parts = [
        node("Sub", ["columns", "low_x"], "right_of"),
        node("Sub", ["high_x", "columns"], "left_of"),
        node("Sub", ["rows", "low_y"], "below"),
        node("Sub", ["high_y", "rows"], "above"),
        node("Mul", [node("Sub", ["features", "half"], "over"), "gain"], "bright"),
    ]
    node("Min", parts, "inside")
    node("Concat", ["away", "inside"], "masks", axis=1)
    node("Identity", ["scores"], "quality")
    # The other inputs are taken, as SAM's decoder takes them, and change nothing.
    for name in ("labels", "size", "nothing"):
        node("Identity", [name], f"{name}_again")
    value = helper.make_tensor_value_info
    given = [
        value("features", TensorProto.FLOAT, [1, 1, SIDE, SIDE]),
        value("points", TensorProto.FLOAT, [1, "n", 2]),
        value("labels", TensorProto.FLOAT, [1, "n"]),
        value("size", TensorProto.FLOAT, [2]),
        value("nothing", TensorProto.FLOAT, [1, 1]),
    ]
    made = [
        value("masks", TensorProto.FLOAT, [1, 2, SIDE, SIDE]),
        value("quality", TensorProto.FLOAT, [1, 2]),
        *(
            value(f"{name}_again", TensorProto.FLOAT, None)
            for name in ("labels", "size", "nothing")
        ),
    ]
    weights = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    return _model(helper.make_graph(nodes, "decoder", given, made, weights))


def files(folder: Path) -> tuple[tuple[Path, Path], Path]:
    """Write encoder, decoder and contract."""
    (folder / "encoder.onnx").write_bytes(encoder())
    (folder / "decoder.onnx").write_bytes(decoder())
    (folder / "tiny.yaml").write_text(CONTRACT)
    return (folder / "encoder.onnx", folder / "decoder.onnx"), folder / "tiny.yaml"


def _model(graph: object) -> bytes:
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    data: bytes = made.SerializeToString()
    return data
