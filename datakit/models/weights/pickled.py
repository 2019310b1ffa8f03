"""Tensors out of a pickle whose other contents are never made: what it names becomes inert.

A pickle is a program that builds objects. Here its calls reach this file's own few functions, which
build tensors, and `Inert`, which does nothing: options, paths and scores that a training loop saved
beside its weights are read over.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from datakit.models.weights.vetting import Budget

STORAGES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
# Files that ask for these are refused although nothing of them would run: no weights need them.
_HARMFUL_MODULES = frozenset(
    {"os", "posix", "nt", "subprocess", "sys", "shutil", "socket", "importlib", "runpy", "pty"}
    | {"ctypes", "code", "webbrowser", "commands", "multiprocessing", "threading", "signal"}
)
_HARMFUL_BUILTINS = frozenset(
    {"eval", "exec", "compile", "open", "__import__", "getattr", "setattr", "delattr", "input"}
    | {"breakpoint", "globals", "locals", "vars"}
)
_LEGACY_HEAD = 3
"""Magic number, protocol and system of a file of before torch 1.6."""
_MOST_DEEP = 40

Storage = Callable[[str, torch.dtype, int], Tensor]
"""Returns the flat tensor of a storage, by its key, type and number of values."""
State = dict[str, Tensor]


class Inert:
    """Whatever a pickle makes that is no tensor; it keeps what is put into it."""

    def __new__(cls, *_: Any, **__: Any) -> Inert:
        """Take any arguments, and use none."""
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        self.contents: dict[Any, Any] = {}

    def __call__(self, *_: Any, **__: Any) -> Inert:
        """Stand for the result of a call that is not made."""
        return Inert()

    def __setstate__(self, state: Any) -> None:
        """Keep the attributes of an object."""
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, dict):
                self._kept().update(part)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep an entry of a mapping."""
        self._kept()[key] = value

    def append(self, value: Any) -> None:
        """Keep an entry of a list."""
        kept = self._kept()
        kept[len(kept)] = value

    def extend(self, values: Any) -> None:
        """Keep entries of a list."""
        for value in values:
            self.append(value)

    def _kept(self) -> dict[Any, Any]:
        # An object that the pickle makes without its constructor has none yet.
        kept: dict[Any, Any] = self.__dict__.setdefault("contents", {})
        return kept


class TensorReader(pickle.Unpickler):
    """Unpickles tensors; every other global becomes `Inert`.

    Parameters
    ----------
    handle : binary file
    storage : callable
        Where the values of a storage come from.
    budget : Budget
        Of the memory that tensors may take.

    Attributes
    ----------
    foreign : set of str
        The globals that became inert.
    """

    def __init__(self, handle: io.BytesIO, storage: Storage, budget: Budget) -> None:
        super().__init__(handle)
        self._storage, self._budget = storage, budget
        self.foreign: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a global; UnpicklingError for one that only harm needs."""
        root = module.partition(".")[0]
        builtin = root in ("builtins", "__builtin__") and name in _HARMFUL_BUILTINS
        if root in _HARMFUL_MODULES or builtin:
            raise pickle.UnpicklingError(
                f"it asks to run {module}.{name}, which no weights need; do not use this file"
            )
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return self._rebuilt
        if module == "torch._utils" and name.startswith("_rebuild_parameter"):
            return _first
        if (module, name) == ("torch._tensor", "_rebuild_from_type_v2"):
            return _rebuilt_from_type
        if not module.startswith(("torch", "__torch__")):
            self.foreign.add(f"{module}.{name}")
        return Inert

    def persistent_load(self, reference: Any) -> Any:
        """Return the storage that a tensor names."""
        if reference[0] == "module":
            # A whole model of before torch 1.6, its class and source beside it.
            return reference[1]
        _, dtype, key, _, count = reference[:5]
        if not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError(f"it names a storage of the type {dtype!r}")
        return self._storage(str(key), dtype, int(count))

    def _rebuilt(self, storage: Tensor, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
        return strided(storage, offset, size, stride, self._budget)


def read_legacy(data: bytes, budget: Budget) -> tuple[Any, set[str]]:
    """Read a file of before torch 1.6; return what it holds and the globals that became inert."""
    handle = io.BytesIO(data)
    storages: dict[str, Tensor] = {}

    def storage(key: str, dtype: torch.dtype, count: int) -> Tensor:
        if key not in storages:
            budget.spend(count * dtype.itemsize)
            storages[key] = torch.empty(count, dtype=dtype)
        return storages[key]

    for _ in range(_LEGACY_HEAD):
        TensorReader(handle, storage, budget).load()
    # Its tensors are views: they are filled below.
    reader = _ViewReader(handle, storage, budget)
    found = reader.load()
    for key in TensorReader(handle, storage, budget).load():
        (count,) = struct.unpack("<q", handle.read(8))
        target = storages[str(key)]
        body = handle.read(count * target.element_size())
        target.copy_(torch.frombuffer(bytearray(body), dtype=target.dtype))
    return found, reader.foreign


class _ViewReader(TensorReader):
    """Gives tensors that look into their storages, whose values come later."""

    def _rebuilt(self, storage: Tensor, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
        _check_extent(storage, size)
        return storage.as_strided(tuple(size), tuple(stride), offset)


def strided(flat: Tensor, offset: int, size: Any, stride: Any, budget: Budget) -> Tensor:
    """Return a tensor of a storage's values; ValueError when it asks for more than there are."""
    _check_extent(flat, size)
    budget.spend(math.prod(size) * flat.element_size())
    return flat.as_strided(tuple(size), tuple(stride), offset).clone()


def _check_extent(flat: Tensor, size: Any) -> None:
    # as_strided checks the bounds of its storage; a stride of 0 could ask for any size.
    if math.prod(size) > flat.numel():
        raise ValueError(f"a tensor of shape {tuple(size)} over {flat.numel()} values")


def states_in(found: Any) -> list[tuple[str, State]]:
    """Return every group of named tensors in a tree of mappings, lists and inert objects.

    Returns
    -------
    list of (str, dict)
        Where each lies (its keys, joined by dots), and its tensors; groups in groups are joined by
        dotted names, as a whole model's modules are, and are listed on their own too.
    """
    groups: list[tuple[str, State]] = []
    _collect(found, (), groups)
    return groups


def _collect(node: Any, path: tuple[str, ...], groups: list[tuple[str, State]]) -> State:
    """Return the tensors below a node by dotted name; note each group on the way."""
    if len(path) > _MOST_DEEP:
        raise ValueError("groups in groups without end")
    own: State = {}
    for key, value in _entries(node):
        if isinstance(value, Tensor):
            own[key] = value
        else:
            below = _collect(value, (*path, key), groups)
            # A module's own tables are no part of its tensors' names.
            hidden = key in ("_parameters", "_buffers", "_modules")
            own |= {name if hidden else f"{key}.{name}": one for name, one in below.items()}
    if own:
        groups.append((".".join(path), own))
    return own


def _entries(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Inert):
        node = node.__dict__.get("contents", {})
    if isinstance(node, Mapping):
        yield from ((str(key), value) for key, value in node.items())
    elif isinstance(node, list | tuple):
        yield from ((str(key), value) for key, value in enumerate(node))


def _first(data: Any, *_: Any) -> Any:
    return data


def _rebuilt_from_type(rebuild: Callable[..., Any], _: Any, arguments: Any, __: Any) -> Any:
    return rebuild(*arguments)
