"""What a sample depends on: a digest of task and source, and the files it reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

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


class Made(NamedTuple):
    """What one sample is made of: the digest of what decides it, and the files that are read."""

    digest: str
    files: list[FileRef]


@dataclass(frozen=True)
class Basis:
    """What a task's samples are made of beside the files of each.

    Parameters
    ----------
    task : LazyTask
        Its parameters take part; of those in ``task.by_key`` only what they say of the sample.
    """

    task: LazyTask

    def of(self, item: Item) -> Made:
        """Return the digest of what decides a sample, and the files whose content does too."""
        files: list[FileRef] = []
        text = _encode([self._params, _facts(item, files), self._per_sample(item.key)])
        return Made(hashlib.sha256(text).hexdigest(), files)

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
        self, files: Sequence[FileRef], seen: Mapping[tuple[str, str], SourceFile]
    ) -> tuple[SourceFile, ...]:
        """Return what was read for an item: its own files, and others by the number of their root.

        Parameters
        ----------
        files : sequence of FileRef
            The item's own.
        seen : mapping
            (root, name) -> file, of all that was read.
        """
        own = {(ref.root, ref.name) for ref in files}
        found = []
        for (root, name), file in sorted(seen.items()):
            if (root, name) in own:
                found.append(msgspec.structs.replace(file, name=unicode_name(name)))
            elif root in self.roots:
                number = self.roots.index(root)
                found.append(msgspec.structs.replace(file, name=unicode_name(name), root=number))
        return tuple(found)

    def is_current(self, item: Item, product: Product) -> bool:
        """Tell whether a product is what would be made of the item now."""
        made = self.of(item)
        if product.basis != made.digest:
            return False
        own = {unicode_name(ref.name): ref for ref in made.files}
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


def own_files(item: Any) -> list[FileRef]:
    """Return the files that an item names."""
    files: list[FileRef] = []
    _facts(item, files)
    return files


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
    if isinstance(value, str):
        # A name that is no Unicode cannot be in JSON.
        return value if value.isascii() else value.encode("utf-8", "surrogatepass")
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, FileRef):
        refs.append(value)
        return value.name
    if is_dataclass(value):
        kind: Any = type(value)
        stated = {
            name: _facts(one, refs)
            for name, default in _fields(kind)
            if (one := getattr(value, name)) is not default
            and (type(one) is not type(default) or one != default)
        }
        return {kind.__name__: stated}
    if isinstance(value, list | tuple):
        return [_facts(one, refs) for one in value]
    if isinstance(value, Mapping):
        pairs = sorted(value.items(), key=lambda pair: str(pair[0]))
        return [[_facts(key, refs), _facts(one, refs)] for key, one in pairs]
    if isinstance(value, Set):
        return sorted(_encode(_facts(one, refs)) for one in value)
    return str(value)


@cache
def _fields(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.default) for field in fields(kind))


def _encode(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
