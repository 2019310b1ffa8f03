from __future__ import annotations

import csv
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from datakit.io.tables import csv_rows

cells = st.one_of(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")))


@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=5))
def test_what_is_written_is_read_and_no_cell_is_a_formula(rows: list[list[str]]) -> None:
    text = csv_rows.table(["a", "b", "c"], rows).decode()
    read = list(csv.reader(StringIO(text, newline="")))[1:]
    for row, back in zip(rows, read, strict=True):
        for cell, seen in zip(row, back, strict=True):
            assert seen in (cell, f"'{cell}")
            assert not seen.startswith(("=", "+", "-", "@", "\t"))


def test_numbers_stay_numbers() -> None:
    assert csv_rows.records([{"id": "-a", "x": -1.5, "n": -3}]) == b"id,x,n\n'-a,-1.5,-3\n"
