"""What an ONNX file holds, read as data: inputs, outputs, weights and the order of convolutions.

A small reader of the protobuf wire format (https://protobuf.dev/programming-guides/encoding/)
for the few fields that matter, so that neither `onnx` nor `onnxruntime` is needed to know them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

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
_MAX_DIMS = 32
_MAX_DEPTH = 64

# Message -> field -> message in it, as far as tensors can be: weights, constants of nodes, graphs
# inside of nodes (If, Loop), functions, and what a training would start from.
_MESSAGES: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
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


Buffer = TypeVar("Buffer", bytes, memoryview)


class NotProtobufError(Exception):
    """Bytes that are no message of protobuf."""


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
        refuse_external(data, name)
        graphs = [value for field, value in fields(data) if field == 7]
        if len(graphs) != 1 or not isinstance(graphs[0], bytes):
            raise NotProtobufError("no graph")
        return _graph(graphs[0], name)
    except (NotProtobufError, OverflowError, ValueError, IndexError) as error:
        raise ModelError(
            f"{name}: expected an ONNX model, found something else ({error})"
        ) from None


def refuse_external(data: bytes, name: str) -> None:
    """Refuse a model any of whose tensors lies in another file.

    The runtime would read it from wherever the command is typed, and the digest on record would
    not speak of it.

    Raises
    ------
    ModelError
        With the name of that file, or if it is no ONNX model.
    """
    try:
        _look_for_external(data, name)
    except NotProtobufError as error:
        raise ModelError(
            f"{name}: expected an ONNX model, found something else ({error})"
        ) from None


def _look_for_external(data: bytes, name: str) -> None:
    waiting: list[tuple[str, memoryview, int]] = [("model", memoryview(data), 0)]
    while waiting:
        kind, message, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise NotProtobufError("graphs in graphs without end")
        inner = _MESSAGES.get(kind, {})
        for field, value in fields(message):
            if kind == "tensor" and (field == 13 or (field == 14 and value == _EXTERNAL)):
                raise ModelError(
                    f"{name}: expected a model in one file, found a tensor in another file "
                    f"({_external_file(message)}); save it with its weights inside "
                    "(onnx.save_model without save_as_external_data)"
                )
            if field in inner and not isinstance(value, int):
                waiting.append((inner[field], value, depth + 1))


def _external_file(tensor: memoryview) -> str:
    """Return the file that a tensor's external data names, in its own words."""
    for field, value in fields(tensor):
        if field == 13 and not isinstance(value, int):
            entry = {
                key: bytes(text).decode(errors="replace")
                for key, text in fields(value)
                if not isinstance(text, int)
            }
            if entry.get(1) == "location":
                return repr(entry.get(2, ""))
    return "external data"


def _graph(data: bytes, name: str) -> OnnxFile:
    tensors: dict[str, npt.NDArray[np.generic]] = {}
    inputs: list[Value] = []
    outputs: list[Value] = []
    convolutions: list[Convolution] = []
    operators: dict[str, None] = {}
    for field, value in fields(data):
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
        raise NotProtobufError("a graph without outputs")
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
    for field, value in fields(data):
        if field == 1 and isinstance(value, bytes):
            sources.append(value.decode())
        elif field == 4 and isinstance(value, bytes):
            operator = value.decode()
    return operator, sources


def _tensor(data: bytes, name: str) -> tuple[str, npt.NDArray[np.generic]]:
    dims: list[int] = []
    kind, key, raw = 0, "", None
    typed = bytearray()
    for field, value in fields(data):
        if field == 1:
            dims += _packed(value).tolist()
            if len(dims) > _MAX_DIMS:
                raise NotProtobufError(f"a tensor of more than {_MAX_DIMS} dimensions")
        elif field == 2 and isinstance(value, int):
            kind = value
        elif field == 8 and isinstance(value, bytes):
            key = value.decode()
        elif field == 9 and isinstance(value, bytes):
            raw = value
        elif field in (4, 10) and isinstance(value, bytes):
            typed += value
        elif field == 5 and kind == _FLOAT16:
            typed += _packed(value).astype(np.uint16).tobytes()
        elif field == 7:
            typed += _packed(value).tobytes()
    if kind not in _DTYPES:
        # A type that no network's weights have; whoever asks for this tensor will say so.
        return key, np.empty(0, np.float32)
    values = np.frombuffer(bytes(typed) if raw is None else raw, _DTYPES[kind])
    if values.size != int(np.prod(dims, dtype=np.int64)):
        raise NotProtobufError(f"tensor {key!r} of {values.size} values for shape {dims}")
    return key, values.reshape(dims)


def _value(data: bytes) -> Value:
    name, shape = "", []
    for field, value in fields(data):
        if field == 1 and isinstance(value, bytes):
            name = value.decode()
        elif field == 2 and isinstance(value, bytes):
            # TypeProto.tensor_type (1) . shape (2) . dim (1, repeated) . dim_value (1)
            for dim in _within(_within([value], 1), 2):
                for key, side in fields(dim):
                    if key == 1 and isinstance(side, bytes):
                        sides = [int(v) for k, v in fields(side) if k == 1 and isinstance(v, int)]
                        shape.append(sides[0] if sides and sides[0] > 0 else None)
    return Value(name, tuple(shape))


def _within(messages: list[bytes], field: int) -> list[bytes]:
    return [
        value
        for message in messages
        for key, value in fields(message)
        if key == field and isinstance(value, bytes)
    ]


def _packed(value: int | bytes) -> npt.NDArray[np.int64]:
    """Return a repeated integer field, packed or not; negative numbers are their complements."""
    # 8 bytes a number: a list of Python's would take many times the file.
    found, at = array("Q"), 0
    if isinstance(value, int):
        found.append(value)
    else:
        while at < len(value):
            number, at = _varint(value, at)
            found.append(number)
    return np.frombuffer(found, np.uint64).view(np.int64)


def fields(data: Buffer) -> Iterator[tuple[int, int | Buffer]]:
    """Yield the fields of a message: number, and a number or bytes; NotProtobufError on damage."""
    return ((field, value) for field, value, _, _ in spans(data))


def spans(data: Buffer) -> Iterator[tuple[int, int | Buffer, int, int]]:
    """Yield the fields of a message as `fields`, and where each starts and ends."""
    at = 0
    while at < len(data):
        start = at
        key, at = _varint(data, at)
        field, wire = key >> 3, key & 7
        if field == 0:
            raise NotProtobufError("a field 0")
        if wire == _WIRE_VARINT:
            value, at = _varint(data, at)
            yield field, value, start, at
            continue
        if wire == _WIRE_BYTES:
            length, at = _varint(data, at)
        elif wire in (_WIRE_32, _WIRE_64):
            length = 4 if wire == _WIRE_32 else 8
        else:
            raise NotProtobufError(f"wire type {wire}")
        if at + length > len(data):
            raise NotProtobufError("it ends too early")
        yield field, data[at : at + length], start, at + length
        at += length


def _varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise NotProtobufError("it ends too early" if at >= len(data) else "a broken number")
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return number, at
