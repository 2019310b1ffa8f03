"""Tables in Parquet files: rows of plain values in, the same rows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from datakit.errors import InputError
from datakit.io.store import atomic
from datakit.io.store.storage import Location

META = b"datakit"


def write(
    path: Location, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], kind: str
) -> None:
    """Write rows as a Parquet table, whole or not at all; the same rows give the same bytes.

    Parameters
    ----------
    path : Path or ObjectPath
        The file.
    rows : sequence of mapping
        Column -> str, float or list of int; a column that a row lacks is null there.
    columns : sequence of str
        Their order.
    kind : str
        What the table holds; `read` refuses another kind.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: [row.get(name) for row in rows] for name in columns}
    fields = [pa.field(name, _type(values, pa)) for name, values in arrays.items()]
    schema = pa.schema(fields, metadata={META: kind.encode()})
    buffer = BytesIO()
    pq.write_table(pa.table(arrays, schema=schema), buffer, compression="zstd")
    atomic.write_bytes(path, buffer.getvalue(), durable=True)


def _type(values: Sequence[Any], pa: Any) -> Any:
    known = next((value for value in values if value is not None), "")
    if isinstance(known, list):
        return pa.list_(pa.int32())
    return pa.string() if isinstance(known, str) else pa.float64()


def read(path: Location, kind: str) -> list[dict[str, Any]]:
    """Read the rows of a table that `write` wrote; null values are left out.

    Raises
    ------
    InputError
        If the file cannot be read, is no Parquet, or holds another kind of table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # In this thread: Python aborts when one of Arrow's still holds the bytes as it ends.
        table = pq.ParquetFile(pa.BufferReader(path.read_bytes())).read(use_threads=False)
    except OSError as error:
        reason = error.strerror or "no Parquet file"
        raise InputError(f"{path}: cannot be read ({reason})") from None
    except pa.ArrowException as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"{path}: expected a Parquet file; {reason}") from None
    found = (table.schema.metadata or {}).get(META, b"another table").decode()
    if found != kind:
        raise InputError(f"{path}: expected datakit's {kind}, found {found}")
    rows: list[dict[str, Any]] = table.to_pylist()
    return [{key: value for key, value in row.items() if value is not None} for row in rows]
