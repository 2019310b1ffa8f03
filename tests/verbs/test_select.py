from __future__ import annotations

import csv
from pathlib import Path

import msgspec
import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from datakit.io.pixels import images
from datakit.io.tables import jsonl
from datakit.records.sample import Sample
from tests.contracts.labelled_sets import write_labelled_set
from tests.planted.copies import recompressed, scene


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_labelled_set(tmp_path_factory.mktemp("select") / "set", "semantic")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos")
    for n in range(12):
        (root / f"p{n:02}.png").write_bytes(images.encode_png(scene(n, (60, 80))))
    return root


def rows(folder: Path) -> list[Sample]:
    return list(jsonl.read(folder / "metadata.jsonl", Sample))


def names(folder: Path) -> list[str]:
    return [row.source.name for row in rows(folder)]


def test_a_condition_takes_what_it_says_and_changes_nothing(labelled: Path, tmp_path: Path) -> None:
    done = datakit.select(labelled, tmp_path / "out", where="split == 'val'", workers=0)
    assert done.exit_code == 0
    before = {row.id: row for row in rows(labelled) if row.split == "val"}
    after = {row.id: row for row in rows(tmp_path / "out")}
    assert before.keys() == after.keys()
    for key, row in after.items():
        assert row.history[-1].verb == "select"
        same = msgspec.structs.replace(row, history=row.history[:-1])
        for field in ("file_name", "mask_file_name", "ignore_file_name"):
            one, other = getattr(before[key], field), getattr(row, field)
            assert (one is None) == (other is None)
            if one is not None:
                assert (labelled / one).read_bytes() == (tmp_path / "out" / other).read_bytes()
        assert same.categories == before[key].categories
        assert same.tags == before[key].tags


def test_lists_and_tables(photos: Path, tmp_path: Path) -> None:
    listed = tmp_path / "ids.txt"
    listed.write_text("p03.png\n\np01.png\nnosuch.png\n")
    done = datakit.select(photos, tmp_path / "listed", ids=str(listed), workers=0)
    assert names(tmp_path / "listed") == ["p01.png", "p03.png"]
    assert any("nosuch.png" in note for note in done.notes)
    table = tmp_path / "stars.csv"
    table.write_text("file_name,stars,by\np00.png,5,ann\np01.png,2,bob\np02.png,4,'=ann\n")
    options = {"join": str(table), "workers": 0}
    datakit.select(photos, tmp_path / "all", **options)
    assert names(tmp_path / "all") == ["p00.png", "p01.png", "p02.png"]
    datakit.select(photos, tmp_path / "good", where="stars >= 4 and width == 80", **options)
    assert names(tmp_path / "good") == ["p00.png", "p02.png"]
    datakit.select(photos, tmp_path / "bob", where="by == 'bob'", **options)
    assert names(tmp_path / "bob") == ["p01.png"]


def test_chance_is_the_seeds_and_strata_are_even(photos: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        datakit.select(photos, tmp_path / name, n=5, seed=seed, workers=0)
    assert names(tmp_path / "a") == names(tmp_path / "b") != names(tmp_path / "c")
    assert len(names(tmp_path / "a")) == 5
    folders = tmp_path / "sides"
    for n in range(12):
        side = folders / ("train" if n < 8 else "test") / "images"
        side.mkdir(parents=True, exist_ok=True)
        (side / f"p{n}.png").write_bytes(images.encode_png(scene(n, (60, 80))))
    datakit.select(folders, tmp_path / "even", n=6, stratify=("split",), workers=0)
    assert [row.split for row in rows(tmp_path / "even")].count("train") == 4


def test_looks(photos: Path, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for n in range(4):
        for copy in range(5):
            image = scene(n, (60, 80))
            image = recompressed(image, 60 + 8 * copy) if copy else image
            (source / f"s{n}-{copy}.png").write_bytes(images.encode_png(image))
    (source / "white.png").write_bytes(images.encode_png(np.full((60, 80, 3), 255, np.uint8)))
    datakit.select(source, tmp_path / "odd", outliers=1, workers=0)
    assert names(tmp_path / "odd") == ["white.png"]
    query = tmp_path / "query.png"
    query.write_bytes(images.encode_png(scene(2, (60, 80))))
    datakit.select(source, tmp_path / "near", like=str(query), top=1, workers=0)
    assert names(tmp_path / "near") == ["s2-0.png"]
    with (tmp_path / "near" / "selection.csv").open() as table:
        assert [float(row["distance"]) for row in csv.DictReader(table)] == [0.0]
    datakit.select(photos, tmp_path / "varied", diverse=4, workers=0)
    assert len(names(tmp_path / "varied")) == 4


def test_several_sources_become_one_set(labelled: Path, photos: Path, tmp_path: Path) -> None:
    done = datakit.select((labelled, photos), tmp_path / "out", where="width > 0", workers=0)
    assert done.counts["samples"] == len(rows(labelled)) + 12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "expected what to take"),
        ({"n": 3, "diverse": 3}, "exclude each other"),
        ({"n": 30}, "only 12 samples"),
        ({"where": "width > 5000"}, "none of 12 samples is left"),
        ({"where": "colour == 'red'"}, "column 'colour' is unknown"),
        ({"where": "1 > 0"}, "expected a column"),
        ({"ids": "nosuch.txt"}, "cannot be read"),
        ({"like": "nosuch.jpg"}, "no such file"),
        ({"where": "widht > 5"}, "did you mean width"),
        ({"where": "label_state == complete"}, "text needs quotes: 'complete'"),
        ({"where": "width > 0", "stratify": ("split",)}, "goes with --n"),
    ],
)
def test_what_cannot_be_is_said(
    photos: Path, tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        datakit.select(photos, tmp_path / "out", workers=0, **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"", "found no columns"),
        (b"file_name,stars\n", "it has no rows"),
        (b"file_name;stars\np0.png;4\n", "separate columns by commas"),
        (b"file_name,stars,stars\np0.png,1,2\n", "two columns named 'stars'"),
        (b"file_name,stars\np0.png,1\np1.png\n", "row 3: expected 2 cells .* found 1"),
        (b"file_name,stars\np0.png,1,5\n", "row 2: expected 2 cells .* found 3"),
        ("file_name,stars\np0.png,1\n".encode("utf-16"), "save it as UTF-8"),
    ],
)
def test_a_table_that_is_none_is_refused(
    photos: Path, tmp_path: Path, table: bytes, message: str
) -> None:
    (tmp_path / "t.csv").write_bytes(table)
    with pytest.raises(InputError, match=message):
        datakit.select(photos, tmp_path / "out", join=tmp_path / "t.csv", workers=0)


def test_an_empty_list_and_a_table_that_hides_a_column_are_said(
    photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "ids.txt").write_text("\n\n")
    with pytest.raises(InputError, match="lists none of 12 samples, it is empty"):
        datakit.select(photos, tmp_path / "out", ids=tmp_path / "ids.txt", workers=0)
    name = sorted(path.name for path in photos.rglob("*.png"))[0]
    (tmp_path / "t.csv").write_text(f"file_name,width\n{name},5\n")
    options = {"join": tmp_path / "t.csv", "where": "width == 5", "workers": 0}
    done = datakit.select(photos, tmp_path / "out", **options)
    assert done.counts["chosen"] == 1
    assert any("the table's width is used in place of the source's" in n for n in done.notes)


def test_a_broken_photo_is_one_row(photos: Path, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for n in range(3):
        (source / f"p{n}.png").write_bytes((photos / f"p{n:02}.png").read_bytes())
    (source / "torn.png").write_bytes((photos / "p03.png").read_bytes()[:200])
    done = datakit.select(source, tmp_path / "out", diverse=3, workers=0)
    assert done.exit_code == 3
    assert "torn.png" in (tmp_path / "out" / "failures.jsonl").read_text()
