"""What a sample is made of: a digest of what task and source say of it, and the files it reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, cached_property
from typing import Any

import msgspec

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.store.files import FileRef
from datakit.io.store.names import unicode_name
from datakit.io.store.reads import Version
from datakit.records.product import Product, SourceFile

_CIRCUMSTANCES = frozenset({"out", "folder", "facemask_dir", "threads"})
"""Parameters of tasks that say where or how, and decide no byte."""
_PLAIN = (type(None), bool, int, float, bytes, msgspec.Struct)
"""What JSON holds as it is, and msgspec encodes."""


@dataclass(frozen=True)
class Basis:
    """What a task's samples are made of beside the files of each.

    Parameters
    ----------
    task : LazyTask
        Its parameters take part; of those in ``task.by_key`` only what they say of the sample.
    """

    task: LazyTask

    def of(self, item: Item) -> str:
        """Return the digest of all that decides a sample but the content of its files."""
        text = _encode([self._params, _facts(item, []), self._per_sample(item.key)])
        return hashlib.sha256(text).hexdigest()

    @cached_property
    def _params(self) -> str:
        chosen = {
            name: value
            for name, value in self.task.params.items()
            if name not in _CIRCUMSTANCES and name not in self.task.by_key
        }
        return hashlib.sha256(_encode([self.task.target, _facts(chosen, [])])).hexdigest()

    def _per_sample(self, key: str) -> list[Any]:
        """Return what the parameters that speak of single samples say of this one."""
        values = []
        for name in self.task.by_key:
            value = self.task.params[name]
            if isinstance(value, Mapping):
                values.append(_facts(value.get(key), []))
            else:
                values.append(value is not None and key in value)
        return values

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The folders of files that the parameters name."""
        refs: list[FileRef] = []
        _facts(self.task.params, refs)
        return tuple(dict.fromkeys(ref.root for ref in refs))

    def inputs(
        self, item: Item, seen: Mapping[tuple[str, str], SourceFile]
    ) -> tuple[SourceFile, ...]:
        """Return what was read for an item: its own files, and others by the place of their root.

        Parameters
        ----------
        item : Item
        seen : mapping
            (root, name) -> file, of all that was read.
        """
        own = {(ref.root, ref.name) for ref in own_files(item)}
        found = []
        for (root, name), file in sorted(seen.items()):
            if (root, name) in own:
                found.append(msgspec.structs.replace(file, name=unicode_name(name)))
            elif root in self.roots:
                place = self.roots.index(root)
                found.append(msgspec.structs.replace(file, name=unicode_name(name), root=place))
        return tuple(found)

    def is_current(self, item: Item, product: Product) -> bool:
        """Tell whether a product is what would be made of the item now."""
        if product.basis != self.of(item):
            return False
        own = {unicode_name(ref.name): ref for ref in own_files(item)}
        for file in product.inputs:
            if file.root is None:
                ref = own.get(file.name)
            elif file.root < len(self.roots):
                ref = FileRef(self.roots[file.root], file.name)
            else:
                ref = None
            if ref is None or not _is_same(ref, file):
                return False
        return True


def own_files(item: Item) -> list[FileRef]:
    """Return the files that a source names for an item."""
    refs: list[FileRef] = []
    _facts(item, refs)
    return refs


def _is_same(ref: FileRef, known: SourceFile) -> bool:
    """Tell whether a file is as it was, by its times where they prove it and else by its content.

    A file that cannot be read is not: doing the item again says what is wrong with it.
    """
    try:
        if known.mtime_ns and ref.version() == Version(
            known.size_bytes, known.mtime_ns, known.inode
        ):
            return True
        return hashlib.sha256(ref.read()).hexdigest() == known.sha256
    except InputError:
        return False


def _facts(value: Any, refs: list[FileRef]) -> Any:
    """Return a value as JSON can hold it; files by their names, which go to ``refs``."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, FileRef):
        refs.append(value)
        return value.name
    if isinstance(value, str):
        # A name that is no Unicode cannot be in JSON.
        return value if value.isascii() else value.encode("utf-8", "surrogatepass")
    if isinstance(value, Mapping):
        pairs = sorted(value.items(), key=lambda pair: str(pair[0]))
        return [[_facts(key, refs), _facts(one, refs)] for key, one in pairs]
    if isinstance(value, list | tuple):
        return [_facts(one, refs) for one in value]
    if isinstance(value, Set):
        return sorted(_encode(_facts(one, refs)) for one in value)
    if is_dataclass(value):
        kind: Any = value.__class__
        return {kind.__name__: {name: _facts(one, refs) for name, one in _stated(value)}}
    return str(value)


def _stated(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and value of the fields that are not at their default."""
    for name, default in _fields(value.__class__):
        one = getattr(value, name)
        if type(one) is not type(default) or one != default:
            yield name, one


@cache
def _fields(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.default) for field in fields(kind))


def _encode(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
