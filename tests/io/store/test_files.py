"""Sources: folders and archives, never left, never trusted."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.errors import InputError
from datakit.io.store.files import FileRef, Folder, ZipFolder, open_root, safe_name


@given(
    st.text(max_size=30)
    | st.lists(
        st.sampled_from(["..", ".", "", "a", "b.jpg", "C:", "~", "\\", "..\\", "\0"]), max_size=6
    ).map("/".join)
)
@settings(max_examples=500, deadline=None)
def test_a_safe_name_never_leaves(name: str) -> None:
    try:
        safe = safe_name(name)
    except InputError:
        return
    root = Path("/data/export")
    inside = Path(os.path.normpath(root / safe))
    assert root in inside.parents
    assert "\\" not in safe
    assert ".." not in PurePosixPath(safe).parts
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    "name",
    [
        "a\0b",
        "a/b/../../../c",
        "../a",
        "a/../../b",
        "/etc/passwd",
        "..",
        "",
        ".",
        "C:\\x",
        "c:/x",
        "..\\a",
        "\\\\host\\a",
    ],
)
def test_names_that_leave_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="expected a path below the dataset's root"):
        safe_name(name)


def test_names_that_stay_are_cleaned() -> None:
    assert safe_name("train/./a.jpg") == "train/a.jpg"
    assert safe_name("train\\a.jpg") == "train/a.jpg"
    assert safe_name("a..b/c...jpg") == "a..b/c...jpg"


# Folders


def test_names_of_a_folder_come_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/10.jpg", "a.jpg", ".hidden/x.jpg", "b/.x.jpg", "c/d/e.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert list(Folder(tmp_path).names()) == ["a.jpg", "b/10.jpg", "b/2.jpg", "c/d/e.jpg"]


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "dangling.jpg").symlink_to("nowhere")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "large.jpg").write_bytes(b"x" * 100)
    cases = {
        "missing.jpg": "the file is not there",
        "folder.jpg": "expected a file, found a folder",
        "pipe.jpg": "expected a file, found a device or a pipe",
        "dangling.jpg": "the file is not there",
        "loop.jpg": "cannot be read",
        "large.jpg": "expected at most 99 bytes, found 100",
        "large.jpg/x": "cannot be read",
        "x" * 300: "cannot be read",
    }
    for name, words in cases.items():
        with pytest.raises(InputError, match=rf"^{name}: {words}"):
            FileRef(str(tmp_path), name).read(limit_bytes=99)


def test_links_are_followed_within_the_root_and_out_of_it_only_when_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    for folder in (outside, root):
        folder.mkdir()
        (folder / "a.jpg").write_bytes(folder.name.encode())
    (root / "near.jpg").symlink_to("a.jpg")
    (root / "far.jpg").symlink_to(outside / "a.jpg")
    (root / "folder").symlink_to(outside)
    (tmp_path / "alias").symlink_to(root)
    assert FileRef(str(root), "near.jpg").read() == b"root"
    assert FileRef(str(tmp_path / "alias"), "near.jpg").read() == b"root"
    for name in ("far.jpg", "folder/a.jpg"):
        with pytest.raises(InputError, match="a link that leads out of it"):
            FileRef(str(root), name).read()
        with pytest.raises(InputError, match="a link that leads out of it"):
            _ = FileRef(str(root), name).path
    monkeypatch.setenv("DATAKIT_FOLLOW_LINKS", "1")
    assert FileRef(str(root), "far.jpg").read() == b"outside"
    assert FileRef(str(root), "folder/a.jpg").read() == b"outside"
    assert FileRef(str(root), "far.jpg").path == root / "far.jpg"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    (tmp_path / "a.jpg").chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        FileRef(str(tmp_path), "a.jpg").read()


@pytest.mark.parametrize("root", ["missing", "a.txt/b", "x" * 5000, "nul\0"])
def test_a_source_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("x")
    with pytest.raises(InputError, match=r"no such file|cannot be opened"):
        open_root(root)


# Archives


def archive(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return path


def test_an_archive_reads_like_a_folder(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "e.zip",
        **{"b/2.jpg": b"2", "a.jpg": b"1", "__MACOSX/._a.jpg": b"x", "b/.x": b"x", "d/": b""},
    )
    root = open_root(str(path))
    assert list(root.names()) == ["a.jpg", "b/2.jpg"]
    assert FileRef(str(path), "b/2.jpg").read() == b"2"
    assert FileRef(str(path), "a.jpg").path is None
    with root.open("a.jpg") as handle:
        assert handle.read() == b"1"
    with pytest.raises(InputError, match=r"c\.jpg: the file is not in e\.zip"):
        root.read("c.jpg")


@pytest.mark.parametrize("name", ["../x.jpg", "a/../../x.jpg", "/etc/x.jpg", "C:\\x.jpg"])
def test_entries_that_leave_are_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "e.zip", **{"ok.jpg": b"x", name: b"y"})
    with pytest.raises(InputError, match=r"e\.zip: entry .* would be written outside"):
        ZipFolder(path)


def test_links_in_an_archive_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as made:
        info = zipfile.ZipInfo("a.jpg")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, "/etc/passwd")
    with pytest.raises(InputError, match=r"entry 'a\.jpg' is a symbolic link"):
        ZipFolder(tmp_path / "e.zip")


def test_encrypted_entries_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "e.zip", **{"a.jpg": b"x" * 50})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="is encrypted; unpack the archive first"):
        ZipFolder(path)


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    path = archive(tmp_path / "e.zip", **{"a.jpg": bytes(10_000_000)})
    assert path.stat().st_size < 20_000
    with pytest.raises(InputError, match="looks like a zip bomb"):
        ZipFolder(path)


def test_an_entry_that_is_larger_than_it_says(tmp_path: Path) -> None:
    path = archive(tmp_path / "e.zip", **{"a.jpg": b"x" * 5000})
    data = path.read_bytes().replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.jpg: the archive is damaged there"):
        ZipFolder(path).read("a.jpg")


def test_what_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "e.zip").write_bytes(b"<html>sign in first</html>")
    with pytest.raises(InputError, match=r"e\.zip: expected a \.zip archive"):
        open_root(str(tmp_path / "e.zip"))


def test_an_archive_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = archive(tmp_path / "e.zip", **{"a.jpg": b"old"})
    assert FileRef(str(path), "a.jpg").read() == b"old"
    path.unlink()
    archive(path, **{"b.jpg": b"new", "a.jpg": b"newer"})
    assert FileRef(str(path), "a.jpg").read() == b"newer"
    assert list(open_root(str(path)).names()) == ["a.jpg", "b.jpg"]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_archives_fail_in_one_way_only(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = archive(folder / "whole.zip", **{"a.jpg": b"abc" * 50, "b/c.json": b"{}"})
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = folder / "damaged.zip"
    damaged.write_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    try:
        root = ZipFolder(damaged)
        for name in root.names():
            assert safe_name(name) == name
            root.read(name)
    except InputError as error:
        assert "\n" not in str(error)


def test_one_file_is_a_source_without_its_neighbours(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    root = open_root(str(tmp_path / "b.jpg"))
    assert [*root.names()] == ["b.jpg"]
    assert root.read("b.jpg") == b"b.jpg"
