"""What an ONNX file holds, read as data: inputs, outputs, weights and the order of convolutions.

A small reader of the protobuf wire format (https://protobuf.dev/programming-guides/encoding/)
for the few fields that matter, so that neither `onnx` nor `onnxruntime` is needed to know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.errors import ModelError

# TensorProto.DataType of what weights are stored in.
_DTYPES: dict[int, np.dtype[Any]] = {
    number: np.dtype(code)
    for number, code in ((1, "<f4"), (6, "<i4"), (7, "<i8"), (10, "<f2"), (11, "<f8"))
}
_FLOAT16 = 10
_EXTERNAL = 1
_WIRE_VARINT, _WIRE_64, _WIRE_BYTES, _WIRE_32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output of the graph; a free side is None."""

    name: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Convolution:
    """Names of the weight and of the bias (None without one) of one convolution."""

    weight: str
    bias: str | None


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """An ONNX model as data; `inputs` leaves out what has a weight."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    tensors: dict[str, npt.NDArray[np.generic]]
    convolutions: tuple[Convolution, ...]
    operators: tuple[str, ...]


class _NotProtobufError(Exception):
    pass


def read_onnx(data: bytes, name: str = "ONNX file") -> OnnxFile:
    """Read a model.

    Parameters
    ----------
    data : bytes
    name : str
        Subject of error messages.

    Raises
    ------
    ModelError
        If it is no ONNX model, or keeps its weights in other files.
    """
    try:
        graphs = [value for field, value in _fields(data) if field == 7]
        if len(graphs) != 1 or not isinstance(graphs[0], bytes):
            raise _NotProtobufError("no graph")
        return _graph(graphs[0], name)
    except (_NotProtobufError, OverflowError, ValueError, IndexError) as error:
        raise ModelError(
            f"{name}: expected an ONNX model, found something else ({error})"
        ) from None


def _graph(data: bytes, name: str) -> OnnxFile:
    tensors: dict[str, npt.NDArray[np.generic]] = {}
    inputs: list[Value] = []
    outputs: list[Value] = []
    convolutions: list[Convolution] = []
    operators: dict[str, None] = {}
    for field, value in _fields(data):
        if not isinstance(value, bytes):
            continue
        if field == 1:
            operator, sources = _node(value)
            operators[operator] = None
            if operator == "Conv":
                convolutions.append(Convolution(sources[1], sources[2] if sources[2:] else None))
        elif field == 5:
            key, tensor = _tensor(value, name)
            tensors[key] = tensor
        elif field in (11, 12):
            (inputs if field == 11 else outputs).append(_value(value))
    if not outputs:
        raise _NotProtobufError("a graph without outputs")
    return OnnxFile(
        tuple(value for value in inputs if value.name not in tensors),
        tuple(outputs),
        tensors,
        tuple(convolutions),
        tuple(operators),
    )


def _node(data: bytes) -> tuple[str, list[str]]:
    sources: list[str] = []
    operator = ""
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            sources.append(value.decode())
        elif field == 4 and isinstance(value, bytes):
            operator = value.decode()
    return operator, sources


def _tensor(data: bytes, name: str) -> tuple[str, npt.NDArray[np.generic]]:
    dims: list[int] = []
    kind, key, raw = 0, "", None
    typed = b""
    for field, value in _fields(data):
        if field == 1:
            dims += _packed(value)
        elif field == 2 and isinstance(value, int):
            kind = value
        elif field == 8 and isinstance(value, bytes):
            key = value.decode()
        elif field == 9 and isinstance(value, bytes):
            raw = value
        elif field in (4, 10) and isinstance(value, bytes):
            typed += value
        elif field == 5 and kind == _FLOAT16:
            typed += np.array(_packed(value), np.uint16).tobytes()
        elif field == 7:
            typed += np.array(_packed(value), np.int64).tobytes()
        elif field == 14 and value == _EXTERNAL:
            raise ModelError(
                f"{name}: expected a model in one file, found weights in other files; "
                "save it with its weights inside"
            )
    if kind not in _DTYPES:
        # A type that no network's weights have; whoever asks for this tensor will say so.
        return key, np.empty(0, np.float32)
    values = np.frombuffer(typed if raw is None else raw, _DTYPES[kind])
    if values.size != int(np.prod(dims, dtype=np.int64)):
        raise _NotProtobufError(f"tensor {key!r} of {values.size} values for shape {dims}")
    return key, values.reshape(dims)


def _value(data: bytes) -> Value:
    name, shape = "", []
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            name = value.decode()
        elif field == 2 and isinstance(value, bytes):
            # TypeProto.tensor_type (1) . shape (2) . dim (1, repeated) . dim_value (1)
            for dim in _within(_within([value], 1), 2):
                for key, side in _fields(dim):
                    if key == 1 and isinstance(side, bytes):
                        sides = [int(v) for k, v in _fields(side) if k == 1 and isinstance(v, int)]
                        shape.append(sides[0] if sides and sides[0] > 0 else None)
    return Value(name, tuple(shape))


def _within(messages: list[bytes], field: int) -> list[bytes]:
    return [
        value
        for message in messages
        for key, value in _fields(message)
        if key == field and isinstance(value, bytes)
    ]


def _packed(value: int | bytes) -> list[int]:
    """Return a repeated integer field, packed or not."""
    if isinstance(value, int):
        return [value]
    found, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        found.append(number)
    return found


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        field, wire = key >> 3, key & 7
        if field == 0:
            raise _NotProtobufError("a field 0")
        if wire == _WIRE_VARINT:
            value, at = _varint(data, at)
            yield field, value
            continue
        if wire == _WIRE_BYTES:
            length, at = _varint(data, at)
        elif wire in (_WIRE_32, _WIRE_64):
            length = 4 if wire == _WIRE_32 else 8
        else:
            raise _NotProtobufError(f"wire type {wire}")
        if at + length > len(data):
            raise _NotProtobufError("it ends too early")
        yield field, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise _NotProtobufError("it ends too early" if at >= len(data) else "a broken number")
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return number, at
