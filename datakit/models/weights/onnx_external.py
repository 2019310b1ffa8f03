"""Tensors that an ONNX model keeps in a file beside it, brought back into the model.

torch's exporter writes ``model.onnx`` and ``model.onnx.data``. The runtime would open whatever
path a model names; here only a plain file of the model's own folder is read.
"""

from __future__ import annotations

from pathlib import Path

from datakit.errors import ModelError
from datakit.models.runtimes.onnx_file import NotProtobufError, fields, spans
from datakit.models.runtimes.onnx_write import message
from datakit.models.weights.vetting import Budget, OversizedError

MAX_BYTES = (2 << 30) - 1
"""What a protobuf message can hold."""

_GRAPH, _TENSOR = 7, 5
_RAW, _EXTERNAL, _LOCATION = 9, 13, 14


def inlined(data: bytes, path: Path) -> tuple[bytes, tuple[Path, ...]]:
    """Return a model with the tensors of its sibling files inside, and those files.

    Parameters
    ----------
    data : bytes
        Of the ONNX file.
    path : path
        Where it lies.

    Returns
    -------
    model : bytes
        The same bytes where no tensor of the graph lies elsewhere.
    files : tuple of path
        The files that were read, in the order in which the model names them.

    Raises
    ------
    ModelError
        If it names a file outside its folder or one that is not there, or asks for more than the
        file holds. (Tensors inside of nodes are left as they are: `refuse_external` says so.)
    """
    files: dict[str, bytes] = {}
    try:
        parts = [
            _graph(value, path, files) if field == _GRAPH and isinstance(value, bytes) else None
            for field, value, _, _ in spans(data)
        ]
        if not files:
            return data, ()
        body = b"".join(
            data[start:end] if part is None else message(_GRAPH, part)
            for part, (_, _, start, end) in zip(parts, spans(data), strict=True)
        )
    except NotProtobufError as error:
        raise ModelError(
            f"{path}: expected an ONNX model, found something else ({error})"
        ) from None
    except OversizedError as error:
        raise ModelError(f"{path}: its tensors in other files overlap ({error})") from None
    if len(body) > MAX_BYTES:
        raise ModelError(
            f"{path}: expected at most {MAX_BYTES:,} bytes of weights, found {len(body):,}; "
            "export it in float16"
        )
    return body, tuple(path.parent / name for name in files)


def _graph(graph: bytes, path: Path, files: dict[str, bytes]) -> bytes:
    budget: Budget | None = None
    body = bytearray()
    for field, value, start, end in spans(graph):
        place = _place(value) if field == _TENSOR and isinstance(value, bytes) else None
        if place is None or not isinstance(value, bytes):
            body += graph[start:end]
            continue
        raw = _read(place, path, files)
        budget = budget or Budget(sum(map(len, files.values())))
        budget.spend(len(raw))
        kept = b"".join(
            value[first:last]
            for number, _, first, last in spans(value)
            if number not in (_RAW, _EXTERNAL, _LOCATION)
        )
        body += message(_TENSOR, kept + message(_RAW, raw))
    return bytes(body)


def _place(tensor: bytes) -> dict[str, str] | None:
    """Return what a tensor says of its place in another file; None when it lies in the model."""
    found: dict[str, str] = {}
    for field, value in fields(tensor):
        if field == _EXTERNAL and isinstance(value, bytes):
            pair = {key: text for key, text in fields(value) if isinstance(text, bytes)}
            found[pair.get(1, b"").decode()] = pair.get(2, b"").decode(errors="replace")
    return found if "location" in found else None


def _read(place: dict[str, str], path: Path, files: dict[str, bytes]) -> bytes:
    name = place["location"]
    if name not in files:
        beside = path.parent / name
        if Path(name).name != name or "\\" in name or name in ("", ".", ".."):
            raise ModelError(
                f"{path}: expected its tensors in a file beside it, found the place {name!r}; save "
                "it with its weights inside (onnx.save_model without save_as_external_data)"
            )
        if beside.is_symlink() or not beside.is_file():
            raise ModelError(
                f"{path}: expected its external data {name!r} beside it, found no such file; copy "
                "it there, or save one file (onnx.save_model without save_as_external_data)"
            )
        if beside.stat().st_size > MAX_BYTES:
            raise ModelError(f"{beside}: expected at most {MAX_BYTES:,} bytes")
        files[name] = beside.read_bytes()
    data = files[name]
    numbers = [place.get("offset", "0"), place.get("length", str(len(data)))]
    if not all(number.isascii() and number.isdigit() and len(number) < 20 for number in numbers):
        raise ModelError(f"{path}: expected a place in {name!r} in numbers, found {numbers}")
    offset, length = map(int, numbers)
    if "length" not in place:
        length = len(data) - offset
    if offset + length > len(data) or length < 0:
        raise ModelError(
            f"{path}: expected {offset + length:,} bytes in {name!r}, found {len(data):,}; export "
            "both files again"
        )
    return data[offset : offset + length]
