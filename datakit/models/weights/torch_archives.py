"""Tensors out of torch's files as data: nothing that a file says is called or imported.

A state dict is read by torch's own restricted unpickler (``weights_only``). TorchScript and
``.pt2`` archives are programs; their parameters are picked out of the zip file, and the program
is never looked at.
"""

from __future__ import annotations

import io
import json
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from datakit.errors import ModelError
from datakit.models.weights.vetting import (
    MAX_PICKLE_BYTES,
    Budget,
    OversizedError,
    vet_archive,
    vet_pickle,
    vet_state_dict,
)

_STORAGES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
}
# ScalarType of torch's export schema.
_EXPORTED = {
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    13: torch.bfloat16,
}
# What training loops call the state dict inside their checkpoints.
_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "params")


def read_state_dict(data: bytes, name: str) -> dict[str, Tensor]:
    """Read a ``.pth`` file, zipped or of before torch 1.6, also inside a training checkpoint.

    Raises
    ------
    ModelError
        If it holds anything but tensors and plain values, or is damaged.
    """
    try:
        vet_state_dict(data)
    except OversizedError as error:
        raise ModelError(f"{name}: expected a state dict, found {_bomb(error)}") from None
    except Exception as error:  # noqa: BLE001
        # A walk over damage ends in as many ways as reading it.
        raise ModelError(
            f"{name}: expected a state dict (tensors by name), found a pickle that would run "
            f"code, or a damaged one; save model.state_dict() instead ({error})"
        ) from None
    try:
        found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"{name}: expected a state dict (tensors by name), found a pickle that would run "
            f"code, or a damaged one; save model.state_dict() instead ({reason})"
        ) from None
    except Exception as error:  # noqa: BLE001
        # The reader trips over damage in every way that Python has.
        raise ModelError(f"{name}: expected a state dict, found a damaged file ({error})") from None
    for key in _WRAPPERS:
        inner = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(inner, Mapping) and inner:
            found = inner
    if not isinstance(found, Mapping) or not all(isinstance(v, Tensor) for v in found.values()):
        raise ModelError(
            f"{name}: expected a state dict (tensors by name), found {type(found).__name__}; "
            "save model.state_dict()"
        )
    return {str(key): value for key, value in found.items()}


def read_torchscript(data: bytes, name: str) -> dict[str, Tensor]:
    """Read the parameters and buffers of a TorchScript archive, by their dotted names.

    Raises
    ------
    ModelError
        If the archive is damaged or was frozen (its parameters then are constants of the program).
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            vet_archive(archive, len(data))
            root = _root(archive, "data.pkl")
            reader = _ModuleReader(archive, root, Budget(len(data)))
            found = dict(_tensors(reader.load(), ""))
    except Exception as error:  # noqa: BLE001
        # Damage has as many faces as an unpickler has operations.
        raise ModelError(f"{name}: this TorchScript archive cannot be read ({error})") from None
    if not found:
        raise ModelError(
            f"{name}: expected parameters with names, found none: a frozen TorchScript is a "
            "program only; run it with --model torchscript"
        )
    return found


def read_exported(data: bytes, name: str) -> dict[str, Tensor]:
    """Read the parameters and buffers of a ``.pt2`` archive (`torch.export.save`).

    Raises
    ------
    ModelError
        If the archive is damaged or of an unknown layout.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            vet_archive(archive, len(data))
            budget = Budget(len(data))
            names = archive.namelist()
            old = [entry for entry in names if entry.endswith("serialized_state_dict.pt")]
            if old:
                return read_state_dict(_entry(archive, old[0]), name)
            # One table a model of the archive; there is one.
            table = next(entry for entry in names if entry.endswith("_weights_config.json"))
            folder = table.rpartition("/")[0]
            text = _entry(archive, table)
            if len(text) > MAX_PICKLE_BYTES:
                raise OversizedError(f"a table of {len(text):,} bytes")
            config = json.loads(text)["config"]
            return {
                key: _exported_tensor(archive, f"{folder}/{entry['path_name']}", entry, budget)
                for key, entry in config.items()
            }
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001
        raise ModelError(f"{name}: this .pt2 archive cannot be read ({error!r})") from None


def _exported_tensor(
    archive: zipfile.ZipFile, path: str, entry: dict[str, Any], budget: Budget
) -> Tensor:
    if entry.get("use_pickle"):
        raise ValueError(f"{path} is a pickle")
    meta = entry["tensor_meta"]
    return _strided(
        torch.frombuffer(bytearray(_entry(archive, path)), dtype=_EXPORTED[meta["dtype"]]),
        meta["storage_offset"]["as_int"],
        [side["as_int"] for side in meta["sizes"]],
        [step["as_int"] for step in meta["strides"]],
        budget,
    )


class _Module:
    """A stand-in for whatever class a TorchScript archive names: attributes only."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state if isinstance(state, dict) else {})


class _ModuleReader(pickle.Unpickler):
    """Unpickles a module's attributes; every other global is refused."""

    def __init__(self, archive: zipfile.ZipFile, root: str, budget: Budget) -> None:
        text = _entry(archive, f"{root}data.pkl")
        vet_pickle(text)
        super().__init__(io.BytesIO(text))
        self._archive, self._root, self._budget = archive, root, budget

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("__torch__"):
            return _Module
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._rebuilt
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, reference: Any) -> Tensor:
        _, dtype, key, _, count = reference
        if not str(key).isdigit():
            raise pickle.UnpicklingError(f"it names the storage {key!r}")
        data = bytearray(_entry(self._archive, f"{self._root}data/{key}"))
        self._budget.spend(len(data))
        return torch.frombuffer(data, dtype=dtype) if count else torch.empty(0, dtype=dtype)

    def _rebuilt(self, storage: Tensor, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
        return _strided(storage, offset, size, stride, self._budget)


def _strided(flat: Tensor, offset: int, size: Any, stride: Any, budget: Budget) -> Tensor:
    # as_strided checks the bounds of its storage; a stride of 0 could ask for any size.
    if math.prod(size) > flat.numel():
        raise ValueError(f"a tensor of shape {tuple(size)} over {flat.numel()} values")
    budget.spend(math.prod(size) * flat.element_size())
    return flat.as_strided(tuple(size), tuple(stride), offset).clone()


def _tensors(module: _Module, prefix: str) -> Iterator[tuple[str, Tensor]]:
    for key, value in vars(module).items():
        if isinstance(value, Tensor):
            yield prefix + key, value
        elif isinstance(value, _Module):
            yield from _tensors(value, f"{prefix}{key}.")


def _root(archive: zipfile.ZipFile, file_name: str) -> str:
    """Return the folder inside the archive, with its slash."""
    for entry in archive.namelist():
        folder, _, last = entry.rpartition("/")
        if last == file_name and "/" not in folder:
            return f"{folder}/" if folder else ""
    raise ValueError(f"there is no {file_name}")


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    return archive.read(name)


def _bomb(error: OversizedError) -> str:
    return f"a file that asks for the memory of the machine ({error}); do not use it"
