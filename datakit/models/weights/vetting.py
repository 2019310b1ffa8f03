"""Limits on what a weights file may unpack to, checked before it is unpacked.

A few hundred bytes can ask for gigabytes: a deflated storage, a pickle that makes a large object or
numbers its memory by the billion, a table of many tensors over one storage.
"""

from __future__ import annotations

import io
import pickletools
import zipfile

ROOM_BYTES = 64 << 20
"""What a small file may grow by; larger ones to twice their size: torch compresses nothing."""
MAX_PICKLE_BYTES = 4 << 20
"""Of the tables in an archive, which take a hundred bytes a tensor."""

_PICKLES_OF_LEGACY = 5
"""Magic number, protocol, system, the object, and the keys of its storages."""


class OversizedError(ValueError):
    """A file asks for much more memory than it has bytes."""


class Budget:
    """How much a file of some size may become in memory."""

    def __init__(self, file_bytes: int) -> None:
        self._left = 2 * file_bytes + ROOM_BYTES

    def spend(self, size: int) -> None:
        """Count bytes that are about to be made; OversizedError when they are too many."""
        self._left -= size
        if self._left < 0:
            raise OversizedError("it would grow to more than twice its size")


def vet_archive(archive: zipfile.ZipFile, file_bytes: int) -> None:
    """Refuse an archive that unpacks to much more than it is; OversizedError."""
    Budget(file_bytes).spend(sum(entry.file_size for entry in archive.infolist()))


def vet_state_dict(data: bytes) -> None:
    """Refuse a file of `torch.save` whose tables ask for much more memory than they have bytes.

    Raises
    ------
    ValueError
        With what it asks for.
    zipfile.BadZipFile
        For a damaged archive.
    """
    if not data.startswith(b"PK"):
        handle = io.BytesIO(data)
        for _ in range(_PICKLES_OF_LEGACY):
            _vet_pickle(handle)
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        vet_archive(archive, len(data))
        for entry in archive.infolist():
            if entry.filename.endswith(".pkl"):
                vet_pickle(archive.read(entry))


def vet_pickle(data: bytes) -> None:
    """Refuse a pickle that asks for much more memory than it has bytes; ValueError."""
    if len(data) > MAX_PICKLE_BYTES:
        raise OversizedError(f"a table of {len(data):,} bytes, expected {MAX_PICKLE_BYTES:,}")
    _vet_pickle(io.BytesIO(data))


def _vet_pickle(handle: io.BytesIO) -> None:
    start = handle.tell()
    for operation, argument, _ in pickletools.genops(handle):
        if handle.tell() - start > MAX_PICKLE_BYTES:
            raise OversizedError(f"a table of more than {MAX_PICKLE_BYTES:,} bytes")
        if operation.name in ("PUT", "BINPUT", "LONG_BINPUT"):
            # The number is an index into a list that is made as long as it says.
            if int(str(argument)) > MAX_PICKLE_BYTES:
                raise OversizedError(f"a memory of {int(str(argument)):,} objects")
        elif operation.name in ("BYTEARRAY8", "EXT1", "EXT2", "EXT4"):
            raise ValueError(f"the operation {operation.name}, which no state dict needs")
