"""What YOLO's files say of classes and splits, when there are several of them, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit.errors import InputError
from datakit.io.layouts.sources import open_sources
from tests.verbs.exports import jpeg, photo

SIZE = (32, 24)


def put(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def pair(root: Path, name: str, number: int | str = 0, labels: str = "labels") -> None:
    put(root / f"images/{name}.jpg", jpeg(photo(*SIZE)))
    put(root / f"{labels}/{name}.txt", f"{number} 0.1 0.1 0.9 0.1 0.9 0.9\n")


def named(root: Path) -> dict[str, list[str]]:
    """Return image -> classes of its objects."""
    _, layout, reader = open_sources([str(root)]).parts[0]
    assert layout == "yolo-seg"
    return {
        item.source_name: [one.category for one in reader.objects(item, SIZE)]
        for item in reader.items()
    }


@pytest.mark.parametrize("folders", [("a", "b"), ("b", "a")])
def test_each_dataset_below_a_root_has_its_own_classes(
    tmp_path: Path, folders: tuple[str, str]
) -> None:
    for folder, names in zip(folders, ("[person, dog]", "[dog, person]"), strict=True):
        pair(tmp_path / folder, "x")
        put(tmp_path / folder / "data.yaml", f"names: {names}\n")
    first, second = folders
    assert named(tmp_path) == {
        f"{first}/images/x.jpg": ["person"],
        f"{second}/images/x.jpg": ["dog"],
    }


def test_files_elsewhere_that_name_classes_must_agree(tmp_path: Path) -> None:
    pair(tmp_path, "x")
    put(tmp_path / "one/data.yaml", "names: [person]\n")
    put(tmp_path / "two/data.yaml", "names: [person]\n")
    assert named(tmp_path) == {"images/x.jpg": ["person"]}
    put(tmp_path / "two/data.yaml", "names: [dog]\n")
    with pytest.raises(InputError, match=r"one/data\.yaml and two/data\.yaml, which differ"):
        named(tmp_path)


def test_classes_that_nobody_names_are_called_by_their_numbers(tmp_path: Path) -> None:
    for number in (0, 10, 2):
        pair(tmp_path, f"x{number}", number)
    assert named(tmp_path) == {f"images/x{n}.jpg": [str(n)] for n in (0, 10, 2)}
    assert open_sources([str(tmp_path)]).classes == ("0", "2", "10")


def test_a_blank_line_names_no_class_and_counts(tmp_path: Path) -> None:
    pair(tmp_path, "x", 2)
    put(tmp_path / "classes.txt", "person\n\nhair\n\n")
    assert named(tmp_path) == {"images/x.jpg": ["hair"]}


def test_a_class_without_a_name_keeps_its_place(tmp_path: Path) -> None:
    pair(tmp_path, "x", 1)
    put(tmp_path / "data.yaml", "names: [person]\n")
    _, _, reader = open_sources([str(tmp_path)]).parts[0]
    [item] = reader.items()
    [found] = reader.objects(item, SIZE)
    assert found.problem and "name it in data.yaml" in found.problem and found.rings


@pytest.mark.parametrize("card", ["data.yaml", "obj.data"])
def test_splits_may_be_lists_of_images(tmp_path: Path, card: str) -> None:
    for name in ("a", "b", "c"):
        pair(tmp_path, name)
    put(tmp_path / "lists/train.txt", "./images/a.jpg\n/home/anna/set/images/b.jpg\n")
    put(tmp_path / "lists/val.txt", "images\\c.jpg\n")
    sign = ":" if card == "data.yaml" else " ="
    put(tmp_path / card, f"train{sign} data/train.txt\nval{sign} lists/val.txt\n")
    put(tmp_path / "obj.names", "person\n")
    source = open_sources([str(tmp_path)])
    assert {item.rel: item.split for item in source.items()} == {
        "a.jpg": "train",
        "b.jpg": "train",
        "c.jpg": "val",
    }
    assert source.read_as[0].endswith("not read: nothing")


def test_letter_case_of_folders_and_suffixes_does_not_matter(tmp_path: Path) -> None:
    put(tmp_path / "Images/Train/x.JPG", jpeg(photo(*SIZE)))
    put(tmp_path / "Labels/Train/x.TXT", "\ufeff0 0.1 0.1 0.9 0.1 0.9 0.9\r\n")
    assert named(tmp_path) == {"Images/Train/x.JPG": ["0"]}


def test_a_set_of_empty_label_files_is_told_by_its_card(tmp_path: Path) -> None:
    put(tmp_path / "images/x.jpg", jpeg(photo(*SIZE)))
    put(tmp_path / "labels/x.txt", "")
    put(tmp_path / "data.yaml", "names: [person]\n")
    assert named(tmp_path) == {"images/x.jpg": []}
