"""Files that hold the files of a source: tar shards, Parquet tables, NumPy arrays."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast
from weakref import finalize

from datakit.errors import InputError

if TYPE_CHECKING:  # pyarrow and numpy are heavy
    import numpy.typing as npt
    import pyarrow.parquet as pq


class Container(Protocol):
    """A file that holds files."""

    def read(self, name: str, limit_bytes: int) -> bytes:
        """Return the bytes of a file inside; InputError if it is not there or too large."""


def open_container(handle: BinaryIO, name: str) -> Container:
    """Return the container that an open file is, by its suffix.

    Raises
    ------
    InputError
        If it is damaged, or no suffix of a container.
    """
    for suffix, kind in _KINDS.items():
        if name.lower().endswith(suffix):
            return cast(Container, kind(handle, name))
    raise InputError(f"{name}: expected {', '.join(_KINDS)}, found another file")


class TarContainer:
    """A tar shard: its plain files by name, each read at its place.

    Attributes
    ----------
    members : mapping of str to (int, int)
        Name -> offset and size of the bytes; of two files of one name the first.
    """

    def __init__(self, handle: BinaryIO, name: str) -> None:
        self._handle = handle
        self._name = name
        # A container that drops out of the cache of open ones closes its file.
        finalize(self, handle.close)
        self.members: dict[str, tuple[int, int]] = {}
        try:
            # Read as a stream of headers: nothing is unpacked, and links are never followed.
            with tarfile.open(fileobj=handle, mode="r:") as tar:
                for member in tar:
                    if member.isreg():
                        place = (member.offset_data, member.size)
                        self.members.setdefault(member.name, place)
        except (tarfile.TarError, ValueError, OverflowError) as error:
            raise InputError(
                f"{name}: expected an uncompressed tar, found none ({error})"
            ) from None

    def read(self, name: str, limit_bytes: int) -> bytes:
        """Return the bytes of a member."""
        if name not in self.members:
            raise InputError(f"{name}: the file is not in {self._name}")
        offset, size = self.members[name]
        if size > limit_bytes:
            raise InputError(f"{name}: expected at most {limit_bytes:,} bytes, found {size:,}")
        self._handle.seek(offset)
        data = self._handle.read(size)
        if len(data) < size:
            raise InputError(f"{name}: {self._name} ends before it; the shard was cut off")
        return data


class ParquetContainer:
    """A Parquet table with pictures: the cell of row 12 and column ``mask`` is ``12/mask.png``.

    A cell is bytes, or a struct of bytes and path as Hugging Face's datasets writes pictures. The
    last row group of each column is kept, as rows are read one after the other. Everything is read
    in the caller's thread: Python aborts when one of Arrow's still holds the file as it ends.
    """

    def __init__(self, handle: BinaryIO, name: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._name = name
        finalize(self, handle.close)
        try:
            self.table: pq.ParquetFile = pq.ParquetFile(handle)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{name}: expected a Parquet file, found none ({error})") from None
        self._kept: dict[str, tuple[int, Any]] = {}
        self._starts: list[int] = [0]
        for group in range(self.table.num_row_groups):
            rows = self.table.metadata.row_group(group).num_rows
            self._starts.append(self._starts[-1] + rows)

    def column(self, name: str) -> Iterator[Any]:
        """Yield the cells of a column (``image.path`` of a struct) in order, as Python values."""
        import pyarrow as pa

        top = name.partition(".")[0]
        try:
            batches = self.table.iter_batches(batch_size=256, columns=[name], use_threads=False)
            for batch in batches:
                for cell in batch.column(top).to_pylist():
                    yield next(iter(cell.values())) if isinstance(cell, dict) else cell
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{self._name}: column {name!r} cannot be read ({error})") from None

    def read(self, name: str, limit_bytes: int) -> bytes:
        """Return the bytes of a cell."""
        row_text, _, rest = name.partition("/")
        row, column = int(row_text), rest.rpartition(".")[0]
        group = next(g for g, end in enumerate(self._starts[1:]) if row < end)
        cell = self._group(group, column)[row - self._starts[group]].as_py()
        data = cell.get("bytes") if isinstance(cell, dict) else cell
        if not isinstance(data, bytes):
            raise InputError(
                f"{self._name}, row {row}: expected the bytes of {column!r}, found none; embed the "
                "pictures in the table"
            )
        if len(data) > limit_bytes:
            raise InputError(f"{name}: expected at most {limit_bytes:,} bytes, found {len(data):,}")
        return data

    def _group(self, group: int, column: str) -> Any:
        import pyarrow as pa

        kept = self._kept.get(column)
        if kept is None or kept[0] != group:
            try:
                table = self.table.read_row_group(group, columns=[column], use_threads=False)
            except (pa.ArrowException, OSError) as error:
                raise InputError(
                    f"{self._name}: column {column!r} cannot be read ({error})"
                ) from None
            kept = self._kept[column] = (group, table.column(column))
        return kept[1]


class NpyContainer:
    """An array of pictures, (N, H, W) or (N, H, W, 3): row 12 is ``12.png``; mapped, never loaded.

    Raises
    ------
    InputError
        If the file holds something else; pickled objects are never read.
    """

    def __init__(self, handle: BinaryIO, name: str) -> None:
        self._name = name
        # The mapping outlives the handle.
        with handle:
            self.array: npt.NDArray[Any] = self._mapped(handle)
        if self.array.ndim not in (3, 4) or (self.array.ndim == 4 and self.array.shape[3] != 3):
            raise InputError(
                f"{name}: expected an array (N, H, W) or (N, H, W, 3), found {self.array.shape}"
            )

    def _mapped(self, handle: BinaryIO) -> npt.NDArray[Any]:
        import numpy as np

        try:
            version = np.lib.format.read_magic(handle)  # type: ignore[no-untyped-call]
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran, dtype = read(handle)  # type: ignore[no-untyped-call]
            if fortran or dtype.hasobject:
                raise ValueError("expected plain numbers in C order")
            return np.memmap(handle, dtype, mode="r", offset=handle.tell(), shape=shape)
        except (ValueError, KeyError, OSError) as error:
            raise InputError(f"{self._name}: expected an array of pictures ({error})") from None

    def read(self, name: str, limit_bytes: int) -> bytes:
        """Return a row as PNG."""
        import numpy as np

        from datakit.io.pixels import images

        row: npt.NDArray[Any] = np.ascontiguousarray(self.array[int(name.partition(".")[0])])
        if row.nbytes > limit_bytes:
            raise InputError(
                f"{name}: expected at most {limit_bytes:,} bytes, found {row.nbytes:,}"
            )
        if row.dtype == np.bool_:
            row = row.astype(np.uint8) * np.uint8(255)
        if row.dtype.kind == "f":
            row = np.rint(np.clip(row, 0, 1) * 65535).astype(np.uint16)
        if row.dtype.kind in "iu" and row.dtype.itemsize > 2:
            if row.min(initial=0) < 0 or row.max(initial=0) > np.iinfo(np.uint16).max:
                raise InputError(f"{self._name}, row {name}: expected values from 0 to 65535")
            row = row.astype(np.uint16)
        return images.encode_png(row)


_KINDS: Mapping[str, Any] = {
    ".tar": TarContainer,
    ".parquet": ParquetContainer,
    ".npy": NpyContainer,
}
