"""Tables that no spreadsheet evaluates, and that are read as they were written."""

from __future__ import annotations

import csv
from io import StringIO

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datakit.io.tables import csv_rows

cells = st.text(
    st.one_of(
        st.sampled_from("=+-@;\t\"' ,\n1a\uff1d"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"),
    )
)
tables = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=5)


# The first draw builds tables of all characters.
first_is_slow = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@first_is_slow
@given(tables)
def test_what_is_written_is_read(rows: list[list[str]]) -> None:
    text = csv_rows.table(["a", "b", "c"], rows).decode()
    assert list(csv_rows.read(StringIO(text, newline="")))[1:] == rows
    named = [dict(zip("abc", row, strict=True)) for row in rows]
    assert list(csv_rows.read_records(StringIO(text, newline=""))) == named


@first_is_slow
@given(tables, st.sampled_from(",;\t"))
def test_no_cell_is_a_formula_whatever_separates_them(
    rows: list[list[str]], separator: str
) -> None:
    text = csv_rows.table(["a", "b", "c"], rows).decode()
    for row in csv.reader(StringIO(text, newline=""), delimiter=separator):
        for cell in row:
            assert not cell.lstrip(" \t\r\n\ufeff").startswith(tuple("=+-@\uff1d"))
            assert separator != "," or not cell.startswith("\t")


def test_numbers_stay_numbers() -> None:
    assert csv_rows.records([{"id": "-a", "x": -1.5, "n": -3}]) == b"id,x,n\n'-a,-1.5,-3\n"
