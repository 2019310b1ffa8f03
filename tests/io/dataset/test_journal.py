"""The journal: what survives a kill, and what is done again."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit.errors import InputError
from datakit.io.dataset.journal import Journal
from datakit.records.failure import Failure
from datakit.records.product import Product


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / ".datakit").mkdir()
    return tmp_path / ".datakit/journal.jsonl"


def product(path: Path, name: str, data: bytes = b"12345") -> Product:
    (path.parents[1] / name).write_bytes(data)
    failure = Failure(id=name, file=name, step="image", error="é")
    return Product(files={name: len(data)}, failures=(failure,), lines={"t": "x\n"})


def filled(path: Path, names: str = "abc") -> dict[str, Product]:
    made = {name: product(path, name) for name in names}
    with Journal(path, "run 1") as journal:
        for key, value in made.items():
            journal.add(key, value)
        assert len(journal) == len(made)
    return made


def test_what_was_noted_is_known_to_the_next_run(path: Path) -> None:
    made = filled(path)
    with Journal(path, "run 1") as journal:
        assert {key: journal.recorded(key) for key in "abc"} == made
        assert journal.recorded("d") is None
        journal.add("d", product(path, "d"))
    with Journal(path, "run 1") as journal:
        assert len(journal) == 4
        assert journal.recorded("d")


@pytest.mark.parametrize("cut", [1, 2, 20, 150])
def test_a_torn_last_line_is_dropped_and_written_again(path: Path, cut: int) -> None:
    made = filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with Journal(path, "run 1") as journal:
        assert journal.recorded("b") == made["b"]
        assert journal.recorded("c") is None
        journal.add("c", made["c"])
    assert path.read_bytes() == whole


@pytest.mark.parametrize("junk", [b"\0" * 40, b"\xff\xfe\n", b"{}\n", b'{"key":1}\n', b"\n"])
def test_junk_behind_the_lines_is_dropped(path: Path, junk: bytes) -> None:
    # A file system may have given the file its length but not its bytes when the power went.
    filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole + junk)
    with Journal(path, "run 1") as journal:
        assert len(journal) == 3
    assert path.read_bytes() == whole


@pytest.mark.parametrize("there", [b"", b'{"finger'])
def test_a_torn_header_is_a_journal_that_has_not_begun(path: Path, there: bytes) -> None:
    path.write_bytes(there)
    with Journal(path, "run 1") as journal:
        assert len(journal) == 0
    with Journal(path, "run 1") as journal:
        assert len(journal) == 0


def test_another_run_is_refused_and_nothing_is_changed(path: Path) -> None:
    filled(path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="--resume expected the same source, options and version"):
        Journal(path, "run 2")
    assert path.read_bytes() == before


@pytest.mark.parametrize("header", [b"{}\n", b"hello\n", b"\xff\n", b"[]\n"])
def test_what_is_no_journal_is_refused(path: Path, header: bytes) -> None:
    path.write_bytes(header)
    with pytest.raises(InputError, match="expected the journal of an interrupted run"):
        Journal(path, "run 1")


@pytest.mark.parametrize("change", ["gone", "shorter", "a folder", "parent is a file"])
def test_an_item_whose_file_changed_is_done_again(path: Path, change: str) -> None:
    filled(path)
    file = path.parents[1] / "b"
    file.unlink()
    if change == "shorter":
        file.write_bytes(b"1234")
    elif change == "a folder":
        file.mkdir()
    with Journal(path, "run 1") as journal:
        assert journal.recorded("a")
        assert journal.recorded("b") is None
        journal.add("b", product(path, "c"))
        assert len(journal) == 3
