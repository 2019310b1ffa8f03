"""Folders that change places, by one call or by three renames."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit.io.store import exchange as module
from datakit.io.store.exchange import exchange, restore


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "name").write_text(folder.name)
    return first, second


@pytest.mark.parametrize("at_once", [True, False])
def test_two_folders_change_places(
    folders: tuple[Path, Path], at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = folders
    if not at_once:
        monkeypatch.setattr(module, "_at_once", lambda *_: False)
    exchange(first, second)
    assert (first / "name").read_text() == "second"
    assert (second / "name").read_text() == "first"
    assert len(list(first.parent.iterdir())) == 2


def test_a_kill_between_the_renames_is_undone(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = folders
    monkeypatch.setattr(module, "_at_once", lambda *_: False)
    with monkeypatch.context() as patch:
        rename = Path.rename

        def once(path: Path, target: Path) -> Path:
            if path == second:
                raise KeyboardInterrupt
            return rename(path, target)

        patch.setattr(Path, "rename", once)
        with pytest.raises(KeyboardInterrupt):
            exchange(first, second)
    assert not first.exists()
    restore(first)
    assert (first / "name").read_text() == "first"
    restore(first)


def test_a_folder_that_is_not_there_is_an_error(folders: tuple[Path, Path]) -> None:
    with pytest.raises(OSError):
        exchange(folders[0], folders[0].with_name("absent"))
