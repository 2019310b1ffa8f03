import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.errors import InputError
from datakit.io.tables import parquet

CELLS = {
    "text": st.text(st.characters(exclude_categories=["Cs"])),
    "number": st.floats(allow_nan=False),
    "box": st.lists(st.integers(0, 2**31 - 1), min_size=4, max_size=4),
}
ROWS = st.lists(st.fixed_dictionaries({"id": CELLS["text"]}, optional=CELLS), max_size=8)


@given(rows=ROWS)
@settings(deadline=None, max_examples=50)
def test_rows_come_back_and_bytes_repeat(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict]
) -> None:
    folder = tmp_path_factory.mktemp("parquet")
    for name in ("one", "two"):
        parquet.write(folder / name, rows, ["id", *CELLS], "a test")
    assert parquet.read(folder / "one", "a test") == rows
    assert (folder / "one").read_bytes() == (folder / "two").read_bytes()


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("id,share\n")
    parquet.write(tmp_path / "other", [{"id": "a"}], ["id"], "another kind")
    with pytest.raises(InputError, match="Parquet"):
        parquet.read(tmp_path / "text", "a test")
    with pytest.raises(InputError, match="expected datakit's a test, found another kind"):
        parquet.read(tmp_path / "other", "a test")
    with pytest.raises(InputError, match="cannot be read"):
        parquet.read(tmp_path / "missing", "a test")


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_nothing_of_arrow_holds_the_table_when_python_ends(tmp_path: Path) -> None:
    """A thread of its pool that still does aborts the process: one run of qc in three did."""
    parquet.write(tmp_path / "table", [{"id": "a"}], ["id"], "a test")
    script = (
        "import os, pathlib, sys; from datakit.io.tables import parquet; import pyarrow.parquet\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        "parquet.read(pathlib.Path(sys.argv[1]), 'a test')\n"
        "print(len(os.listdir('/proc/self/task')) - before)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "table")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
