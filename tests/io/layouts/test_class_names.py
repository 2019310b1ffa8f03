"""Files that name the classes of masks, of which a source may have several."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit.errors import InputError
from datakit.io.layouts.class_names import ClassNames, find_class_names
from datakit.io.store.files import Folder


def found(root: Path, files: dict[str, str]) -> ClassNames | None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return find_class_names(Folder(root), list(files))


def test_files_of_two_folders_that_say_the_same_are_both_read(tmp_path: Path) -> None:
    text = "Pixel Value, Class\n0, background\n1, person\n"
    names = found(tmp_path, {"train/_classes.csv": text, "valid/_classes.csv": text})
    assert names is not None and names.values == {0: "background", 1: "person"}
    assert (names.file, names.copies) == ("train/_classes.csv", ("valid/_classes.csv",))


def test_files_of_two_folders_that_differ_are_refused(tmp_path: Path) -> None:
    files = {
        "train/_classes.csv": "0, background\n1, person\n",
        "valid/_classes.csv": "0, background\n1, dog\n",
    }
    with pytest.raises(InputError, match=r"train/_classes\.csv and valid/_classes\.csv.*sources"):
        found(tmp_path, files)


def test_a_file_above_speaks_for_all_below_it(tmp_path: Path) -> None:
    names = found(tmp_path, {"classes.txt": "person\n", "anna/classes.txt": "Anna\n"})
    assert names is not None and names.values == {1: "person"}


def test_a_blank_line_counts_and_names_nothing(tmp_path: Path) -> None:
    names = found(tmp_path, {"classes.txt": "background\nperson\n\nhair\n\n"})
    assert names is not None and names.values == {0: "background", 1: "person", 3: "hair"}
