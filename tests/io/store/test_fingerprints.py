"""Fingerprints are of contents, and what did not change is not read again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.errors import InputError
from datakit.io.store import fingerprints
from datakit.io.store.fingerprints import content_changes, digest, stat_changes, take
from datakit.records.pipeline import FileState

LONG_AGO_NS = 10**18


def tree(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    return folder


def test_equal_files_have_equal_fingerprints_wherever_they_are(tmp_path: Path) -> None:
    one = take(tree(tmp_path / "one", b="2", a="1", sub__c="3"), (), 0)
    other = take(tree(tmp_path / "other", sub__c="3", a="1", b="2"), (), 0)
    assert one.digest == other.digest
    assert [file.name for file in one.files] == ["a", "b", "sub/c"]


@pytest.mark.parametrize(
    "change", [{"a": "x"}, {"d": "1"}, {"sub__c": ""}, {"sub__sub__c": "3"}], ids=str
)
def test_other_files_have_other_fingerprints(tmp_path: Path, change: dict[str, str]) -> None:
    folder = tree(tmp_path / "one", a="1", b="2", sub__c="3")
    before = take(folder, (), 0)
    assert take(tree(folder, **change), (), 0).digest != before.digest


def test_hidden_files_do_not_count(tmp_path: Path) -> None:
    folder = tree(tmp_path / "one", a="1")
    before = take(folder, (), 0).digest
    (folder / ".DS_Store").write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git/x").write_text("x")
    assert take(folder, (), 0).digest == before


def test_one_file_is_an_input_too(tmp_path: Path) -> None:
    tree(tmp_path, a="1", b="2")
    [file] = take(tmp_path / "a", (), 0).files
    assert file.name == "a"


def test_what_did_not_change_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tree(tmp_path / "one", a="1", b="2")
    before = take(folder, (), 0)
    tree(folder, b="33")
    read: list[str] = []
    hashed = fingerprints._sha256
    monkeypatch.setattr(
        fingerprints, "_sha256", lambda path: (read.append(path.name), hashed(path))[1]
    )
    after = take(folder, before.files, fingerprints.now_ns())
    assert read == ["b"]
    assert after == take(folder, (), 0)


def test_a_file_that_was_fresh_when_it_was_hashed_is_read_again(tmp_path: Path) -> None:
    folder = tree(tmp_path / "one", a="1")
    known = take(folder, (), 0)
    # Changed within the clock's grain: size and times are as before.
    inode = (folder / "a").stat().st_ino
    tree(folder, a="2")
    assert (folder / "a").stat().st_ino == inode
    assert take(folder, known.files, LONG_AGO_NS + 1).digest != known.digest
    # Long after, the times are believed: that is the trust the cheap second run rests on.
    assert take(folder, known.files, LONG_AGO_NS + 10**10).digest == known.digest


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        take(tmp_path / "no", (), 0)
    with pytest.raises(InputError, match="no such file or folder"):
        take(Path("x" * 5000), (), 0)


names = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1)
contents = st.dictionaries(names, st.text("0123456789abcdef", min_size=64, max_size=64))


def states(files: dict[str, str]) -> list[FileState]:
    return [FileState(name, 1, 0, 0, sha) for name, sha in sorted(files.items())]


@given(contents, contents)
def test_digests_are_equal_only_for_equal_files(one: dict[str, str], other: dict[str, str]) -> None:
    assert (digest(states(one)) == digest(states(other))) == (one == other)
    assert (content_changes(states(one), states(other)) == "") == (one == other)


def test_results_tell_changed_and_gone_but_not_added() -> None:
    old = {name: FileState(name, 1, 0) for name in "abc"}
    assert stat_changes(old, old | {"d": FileState("d", 1, 0)}) == ""
    new = {"a": FileState("a", 2, 0), "b": FileState("b", 1, 5)}
    assert stat_changes(old, new) == "2 changed (a, b), 1 gone (c)"
