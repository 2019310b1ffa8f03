"""Whether the files of a product are still in the dataset, as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

from datakit.io.store import reads, written_digests
from datakit.io.store.object_store import Entry
from datakit.io.store.storage import Location, ObjectPath
from datakit.records.product import Product


class WholeFiles(Protocol):
    """Looks products up in a dataset."""

    def has(self, product: Product) -> bool:
        """Tell whether every file of a product is there as it was written."""


def whole_files(out: Location) -> WholeFiles:
    """Return what looks into ``out``."""
    return _Objects(out) if isinstance(out, ObjectPath) else _Files(out)


class _Files:
    def __init__(self, out: Path) -> None:
        self._out = out

    def has(self, product: Product) -> bool:
        return all(
            _holds(self._out / name, size, product.digests.get(name))
            for name, size in product.files.items()
        )


def _holds(path: Path, size: int, digest: str | None) -> bool:
    try:
        if path.lstat().st_size != size:
            return False
        # After a power cut a file may have its length and not its bytes.
        return digest is None or reads.sha256(path.read_bytes()) == digest
    except OSError:
        return False


class _Objects:
    """Objects are believed only when they have the size and the digest that the journal tells."""

    def __init__(self, out: ObjectPath) -> None:
        self._out = out

    def has(self, product: Product) -> bool:
        return all(
            self._holds(name, size, product.digests.get(name))
            for name, size in product.files.items()
        )

    def _holds(self, name: str, size: int, digest: str | None) -> bool:
        entry = self._listing.get(f"{self._out.key}/{name}")
        if entry is None or entry.size != size or digest is None:
            return False
        # A tag may be no digest (encrypted objects, uploads in parts): then the bytes tell.
        return entry.md5 == digest or written_digests.md5((self._out / name).read_bytes()) == digest

    @cached_property
    def _listing(self) -> Mapping[str, Entry]:
        """All objects as they were when the first item was looked up, by one listing."""
        return {entry.key: entry for entry in self._out.store.below(self._out.key)}
