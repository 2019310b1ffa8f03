"""Which kind of weights a file is, by its content, and its tensors by name."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from datakit.errors import ModelError
from datakit.models.weights.provenance import damage
from datakit.models.weights.vetting import OversizedError, vet_archive

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["state-dict", "torchscript", "torch-export", "safetensors", "onnx"]

# First bytes of a pickle of torch before 1.6: its magic number.
_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_ZIP = b"PK\x03\x04"
_MAX_HEADER_BYTES = 8 << 20
"""Of safetensors: a hundred bytes a tensor; as Python objects it takes thirty times as much."""
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.")


def kind_of(data: bytes, name: str) -> Kind:
    """Tell what a file is; its name does not matter.

    Parameters
    ----------
    data : bytes
    name : str
        Subject of error messages.

    Raises
    ------
    ModelError
        If it is a pickle, a Git LFS pointer, a web page, damaged, or of no known kind.
    """
    if data.startswith(_ZIP):
        return _kind_of_zip(data, name)
    if data.startswith(_LEGACY):
        return "state-dict"
    if _safetensors_header(data) is not None:
        return "safetensors"
    if data[:1] == b"\x80" and data[1:2] in b"\x02\x03\x04\x05":
        raise ModelError(
            f"{name}: expected weights, found a Python pickle, which can run any code when it is "
            "read; save model.state_dict() with torch.save, or use safetensors"
        )
    problem = damage(data)
    if problem is not None:
        raise ModelError(f"{name}: expected weights, found {problem}")
    # ModelProto starts with ir_version, a small number in field 1.
    if data[:1] == b"\x08" and len(data) > 64:
        return "onnx"
    raise ModelError(
        f"{name}: expected a state dict (.pth), .safetensors, TorchScript, .pt2 or .onnx; "
        f"found a file that starts with {data[:8]!r}"
    )


def read_tensors(
    data: bytes, name: str, expected: Collection[str] = ()
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the tensors of a torch file of any kind, as data.

    A checkpoint may hold several groups of tensors (the network, its moving average, moments of an
    optimizer). That with the most of the expected names is taken, of equals a moving average
    (``ema`` in its key), then the first.

    Parameters
    ----------
    data : bytes
    name : str
        Subject of error messages.
    expected : collection of str
        Names of the network's tensors. Without any, the largest group is taken.

    Returns
    -------
    tensors : dict of str to Tensor
        Without the prefix that a wrapper put before their names: of the expected ones, that under
        which most of them are found; else the usual ones (``module.``, ``_orig_mod.``).
    metadata : dict of str to str
        What a safetensors header says beside its tensors.

    Raises
    ------
    ModelError
        As `kind_of`; also for ONNX, whose tensors have no such names.
    """
    from datakit.models.weights import torch_archives

    kind = kind_of(data, name)
    metadata: dict[str, str] = {}
    if kind == "state-dict":
        states = torch_archives.read_states(data, name)
    elif kind == "torchscript":
        states = [("", torch_archives.read_torchscript(data, name))]
    elif kind == "torch-export":
        states = [("", torch_archives.read_exported(data, name))]
    elif kind == "safetensors":
        found, metadata = _read_safetensors(data, name)
        states = [("", found)]
    else:
        raise ModelError(f"{name}: expected a torch file, found {kind}")
    return _chosen(states, expected), metadata


def metadata_of(data: bytes) -> dict[str, str]:
    """Return what a safetensors file says of itself; empty for files of other kinds."""
    found = (_safetensors_header(data) or {}).get("__metadata__")
    entries = found if isinstance(found, dict) else {}
    return {str(key): str(value) for key, value in entries.items()}


def differing_keys(
    expected: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]
) -> str | None:
    """Say how names and shapes differ, the first ones by name; None when they are the same.

    Examples
    --------
    >>> differing_keys({"a": (1,), "b": (2,)}, {"a": (3,), "b": (2,)})
    'a has shape (3,) instead of (1,)'
    >>> differing_keys({"a": (1,), "b": (2,)}, {"c": (2,), "b": (2,)})
    'it lacks a; it has c, which is not known (1 missing, 1 too many of 2)'
    """
    missing = [key for key in expected if key not in found]
    extra = [key for key in found if key not in expected]
    if missing or extra:
        parts = [f"it lacks {', '.join(missing[:3])}"] if missing else []
        if extra:
            parts.append(f"it has {', '.join(extra[:3])}, which is not known")
        counts = f"({len(missing)} missing, {len(extra)} too many of {len(expected)})"
        return f"{'; '.join(parts)} {counts}"
    for key, shape in expected.items():
        if shape != found[key]:
            return f"{key} has shape {found[key]} instead of {shape}"
    return None


def _kind_of_zip(data: bytes, name: str) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            vet_archive(archive, len(data))
    except OversizedError as error:
        raise ModelError(
            f"{name}: expected weights, found an archive that asks for the memory of the machine "
            f"({error}); do not use it"
        ) from None
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise ModelError(f"{name}: expected weights, found a damaged archive ({error})") from None
    last = {entry.rpartition("/")[2] for entry in names}
    if "model.json" in last or "serialized_exported_program.json" in last:
        return "torch-export"
    if "constants.pkl" in last:
        return "torchscript"
    if "data.pkl" in last:
        return "state-dict"
    raise ModelError(
        f"{name}: expected weights, found a zip file without any ({', '.join(names[:3])}, …)"
    )


def _safetensors_header(data: bytes) -> dict[str, object] | None:
    if len(data) < 10 or data[8:9] != b"{":
        return None
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(len(data) - 8, _MAX_HEADER_BYTES):
        return None
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError):
        return None
    return header if isinstance(header, dict) else None


def _read_safetensors(data: bytes, name: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load
    except ImportError as error:
        raise ModelError(
            f"{name}: safetensors is needed to read it, found {error}; "
            "install it: pip install 'datakit[prelabel]'"
        ) from None
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ModelError(f"{name}: this safetensors file is damaged ({error})") from None
    return tensors, metadata_of(data)


def _chosen(
    states: Sequence[tuple[str, dict[str, Tensor]]], expected: Collection[str]
) -> dict[str, Tensor]:
    """Return the group of tensors that is the network, its names without their prefix."""

    def rank(number: int) -> tuple[int, bool, int]:
        path, tensors = states[number]
        _, matches = best_prefix(tensors, expected)
        return (matches if expected else len(tensors), "ema" in path.lower(), -number)

    _, tensors = states[max(range(len(states)), key=rank)]
    prefix, matches = best_prefix(tensors, expected)
    if not matches:
        return _without_prefixes(tensors)
    return {
        key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)
    }


def best_prefix(names: Iterable[str], expected: Collection[str]) -> tuple[str, int]:
    """Return the prefix under which most expected names are found, and how many.

    Examples
    --------
    >>> best_prefix(["net.a.w", "net.a.b", "loss.w", "w"], {"a.w", "a.b", "w"})
    ('net.', 2)
    """
    votes: Counter[str] = Counter()
    for name in names:
        at = 0
        while True:
            votes[name[:at]] += name[at:] in expected
            at = name.find(".", at) + 1
            if not at:
                break
    # Of equals the shortest: what is before it belongs to nobody else.
    prefix = max(votes, key=lambda one: (votes[one], -len(one)), default="")
    return prefix, votes[prefix]


def _without_prefixes(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Take off the prefixes that wrappers put before every name."""
    while tensors:
        prefix = next((p for p in _PREFIXES if all(key.startswith(p) for key in tensors)), None)
        if prefix is None:
            break
        tensors = {key.removeprefix(prefix): value for key, value in tensors.items()}
    return tensors
