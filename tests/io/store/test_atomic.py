"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from datakit.errors import InputError, OutputError
from datakit.io.store import atomic


def test_a_file_and_its_folders_appear(tmp_path: Path) -> None:
    path = tmp_path / "a/b/c.txt"
    atomic.write_bytes(path, b"new", durable=True)
    assert path.read_bytes() == b"new"
    assert [p.name for p in path.parent.iterdir()] == ["c.txt"]


def test_an_error_inside_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), atomic.writing(path) as handle:
        handle.write(b"half of it")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_nobody_sees_the_file_before_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with atomic.writing(path) as handle:
        handle.write(b"x" * 100_000)
        assert not path.exists()
    assert path.stat().st_size == 100_000


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT])
def test_what_the_disk_refuses_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def refuse(self: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match=rf"a\.txt: cannot be written \({os.strerror(number)}\)"):
        atomic.write_bytes(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["b" * 251 + ".png", "한" * 83 + ".png"])
def test_the_longest_name_that_the_file_system_takes_is_written(tmp_path: Path, name: str) -> None:
    assert 250 < len(os.fsencode(name)) <= 255
    atomic.write_bytes(tmp_path / name, b"x")
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_name_that_cannot_be_is_the_items_fault_and_not_the_disks(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"file")
    for path in (tmp_path / ("b" * 300), tmp_path / "a.jpg/b.jpg", tmp_path):
        with pytest.raises(InputError, match="no file can have this name"):
            atomic.write_bytes(path, b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("symbolic", [True, False])
@pytest.mark.parametrize("there", [None, "file", "the same link"])
def test_links_replace_what_is_there(tmp_path: Path, symbolic: bool, there: str | None) -> None:
    source, path = tmp_path / "source.jpg", tmp_path / "sub/link.jpg"
    source.write_bytes(b"photo")
    if there:
        path.parent.mkdir()
        path.write_bytes(b"old")
    if there == "the same link":
        atomic.link(source, path, symbolic=symbolic)
    atomic.link(source, path, symbolic=symbolic)
    assert path.read_bytes() == b"photo"
    assert path.is_symlink() is symbolic
    assert path.samefile(source)
    assert [p.name for p in path.parent.iterdir()] == ["link.jpg"]


def test_a_hard_link_that_cannot_be_is_an_output_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OutputError, match="cross-device"):
        atomic.link(tmp_path / "a", tmp_path / "b", symbolic=False)


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    for name in ("images/.datakit-tmp-12-abc", ".datakit-tmp-9-x", "images/a.jpg", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert atomic.remove_leftovers(tmp_path) == 2
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == [".hidden", "a.jpg"]


def test_all_is_written_although_the_disk_takes_little_at_a_time() -> None:
    class Slow:
        def __init__(self) -> None:
            self.data = b""

        def write(self, data: memoryview) -> int:
            self.data += bytes(data[:3])
            return min(3, len(data))

    slow = Slow()
    atomic.write_all(slow, b"0123456789")  # type: ignore[arg-type]
    assert slow.data == b"0123456789"
