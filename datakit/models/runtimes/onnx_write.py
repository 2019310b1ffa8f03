"""A small writer of ONNX models (https://onnx.ai/onnx/repo-docs/IR.html), without `onnx` itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_IR_VERSION, _OPSET = 7, 13
_FLOAT, _INT64 = 1, 7
# AttributeProto.AttributeType
_INT, _STRING, _INTS = 2, 3, 7


class GraphWriter:
    """Collects nodes and weights of a graph with one input; `model` gives its bytes.

    Parameters
    ----------
    input_name : str
    shape : sequence of int
        Of the input, float32.

    Examples
    --------
    >>> graph = GraphWriter("x", (1, 3))
    >>> y = graph.node("Relu", ["x"])
    >>> len(graph.model([y], [(1, 3)])) > 20
    True
    """

    def __init__(self, input_name: str, shape: Sequence[int]) -> None:
        self._input = _value(input_name, shape)
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []

    def node(
        self, operator: str, inputs: Sequence[str], **attributes: int | str | Sequence[int]
    ) -> str:
        """Add a node with one output and return the output's name."""
        output = f"n{len(self._nodes)}"
        body = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, operator)
        body += b"".join(message(5, _attribute(name, of)) for name, of in attributes.items())
        self._nodes.append(body)
        return output

    def weight(self, values: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> str:
        """Add a constant and return its name."""
        name = f"w{len(self._tensors)}"
        kind = _INT64 if values.dtype == np.int64 else _FLOAT
        body = b"".join(_number(1, side) for side in values.shape) + _number(2, kind)
        self._tensors.append(body + _text(8, name) + message(9, values.tobytes()))
        return name

    def model(self, outputs: Sequence[str], shapes: Sequence[Sequence[int]]) -> bytes:
        """Return the ONNX file."""
        graph = b"".join(message(1, node) for node in self._nodes) + _text(2, "datakit")
        graph += b"".join(message(5, tensor) for tensor in self._tensors) + message(11, self._input)
        graph += b"".join(
            message(12, _value(name, shape)) for name, shape in zip(outputs, shapes, strict=True)
        )
        head = _number(1, _IR_VERSION) + _text(2, "datakit")
        return head + message(7, graph) + message(8, _text(1, "") + _number(2, _OPSET))


def _value(name: str, shape: Sequence[int]) -> bytes:
    sides = b"".join(message(1, _number(1, side)) for side in shape)
    return _text(1, name) + message(2, message(1, _number(1, _FLOAT) + message(2, sides)))


def _attribute(name: str, value: int | str | Sequence[int]) -> bytes:
    head = _text(1, name)
    if isinstance(value, int):
        return head + _number(3, value) + _number(20, _INT)
    if isinstance(value, str):
        return head + _text(4, value) + _number(20, _STRING)
    return head + b"".join(_number(8, item) for item in value) + _number(20, _INTS)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def message(field: int, value: bytes) -> bytes:
    """Return a field of protobuf that holds a message, a text or bytes."""
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return message(field, value.encode())
