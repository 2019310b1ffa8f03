"""Tensors out of torch's files as data: nothing that a file says is called or imported.

TorchScript and ``.pt2`` archives are programs; their parameters are picked out of the zip file, and
the program is never looked at.
"""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from typing import Any

import torch
from torch import Tensor

from datakit.errors import ModelError
from datakit.models.weights.pickled import State, TensorReader, read_legacy, states_in, strided
from datakit.models.weights.vetting import (
    MAX_PICKLE_BYTES,
    Budget,
    OversizedError,
    vet_archive,
    vet_pickle,
    vet_state_dict,
)

# ScalarType of torch's export schema.
_EXPORTED = {
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    13: torch.bfloat16,
}
_KEYS_SHOWN = 5


def read_states(data: bytes, name: str) -> list[tuple[str, State]]:
    """Read a ``.pth`` file, zipped or of before torch 1.6, whatever lies beside its tensors.

    Returns
    -------
    list of (str, dict)
        As `states_in`; at least one group.

    Raises
    ------
    ModelError
        If it holds no tensors with names, asks for what only harm needs, or is damaged.
    """
    try:
        vet_state_dict(data)
        found, foreign = _unpickled(data)
        states = states_in(found)
    except OversizedError as error:
        raise ModelError(f"{name}: expected a state dict, found {_bomb(error)}") from None
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{name}: expected a state dict (tensors by name), found a pickle that cannot be "
            f"taken as data: {str(error).splitlines()[0]}"
        ) from None
    except Exception as error:  # noqa: BLE001
        # The reader trips over damage in every way that Python has.
        raise ModelError(f"{name}: expected a state dict, found a damaged file ({error})") from None
    if not states:
        keys = ", ".join(sorted(map(str, found))[:_KEYS_SHOWN]) if isinstance(found, dict) else ""
        beside = f"; it names {', '.join(sorted(foreign)[:_KEYS_SHOWN])}" if foreign else ""
        raise ModelError(
            f"{name}: expected a state dict (tensors by name), found {type(found).__name__}"
            f"{f' with the keys {keys}' if keys else ''} and no tensor in it{beside}; "
            "save model.state_dict()"
        )
    return states


def _unpickled(data: bytes) -> tuple[Any, set[str]]:
    """Return what a ``.pth`` file holds, and the globals in it that became inert."""
    budget = Budget(len(data))
    if not data.startswith(b"PK"):
        return read_legacy(data, budget)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        reader = _reader_of(archive, budget)
        return reader.load(), reader.foreign


def _reader_of(archive: zipfile.ZipFile, budget: Budget) -> TensorReader:
    """Return a reader of the archive's ``data.pkl``, whose storages are its other entries."""
    root = _root(archive, "data.pkl")
    storages: dict[str, Tensor] = {}

    def storage(key: str, dtype: torch.dtype, count: int) -> Tensor:
        if not key.isdigit():
            raise pickle.UnpicklingError(f"it names the storage {key!r}")
        if key not in storages:
            body = bytearray(_entry(archive, f"{root}data/{key}"))
            budget.spend(len(body))
            empty = torch.empty(0, dtype=dtype)
            storages[key] = torch.frombuffer(body, dtype=dtype) if count else empty
        return storages[key]

    text = _entry(archive, f"{root}data.pkl")
    vet_pickle(text)
    return TensorReader(io.BytesIO(text), storage, budget)


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
            states = states_in(_reader_of(archive, Budget(len(data))).load())
    except Exception as error:  # noqa: BLE001
        # Damage has as many faces as an unpickler has operations.
        raise ModelError(f"{name}: this TorchScript archive cannot be read ({error})") from None
    if not states:
        raise ModelError(
            f"{name}: expected parameters with names, found none: a frozen TorchScript is a "
            "program only; run it with --model torchscript"
        )
    # The outermost group holds all others.
    return states[-1][1]


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
                return read_states(_entry(archive, old[0]), name)[-1][1]
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
    return strided(
        torch.frombuffer(bytearray(_entry(archive, path)), dtype=_EXPORTED[meta["dtype"]]),
        meta["storage_offset"]["as_int"],
        [side["as_int"] for side in meta["sizes"]],
        [step["as_int"] for step in meta["strides"]],
        budget,
    )


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
