"""`augment --backgrounds plates`: nobody stands before their own scene, or one of another split."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import datakit
from tests.contracts.labelled_sets import write_labelled_set


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A dataset with two photos in train and two in val, and its plates."""
    folder = tmp_path_factory.mktemp("scenes")
    source = write_labelled_set(folder / "source", "alpha")
    datakit.inpaint(source, folder / "plates", model="telea", workers=0)
    return source, folder / "plates"


def rows(folder: Path) -> dict[str, dict[str, object]]:
    lines = (folder / "metadata.jsonl").read_text().splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


def composites(out: Path, plates: Path) -> list[tuple[dict[str, object], dict[str, object]]]:
    """Return each copy with the plate that is behind its subject."""
    by_file = {row["file_name"]: row for row in rows(plates).values()}
    found = []
    for row in rows(out).values():
        drawn = json.loads(row["history"][-1]["params"])["background"]  # type: ignore[index]
        found.append((row, by_file[drawn["file"]]))
    return found


def with_rows(plates: Path, folder: Path, kept: list[dict[str, object]]) -> Path:
    """Copy a set of plates with other rows."""
    shutil.copytree(plates, folder)
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept))
    return folder


def augmented(source: Path, plates: Path, out: Path) -> Path:
    datakit.augment(
        source, out, backgrounds=plates, also=("val",), copies=8, seed=3, preset="light", workers=0
    )
    return out


def test_nobody_stands_before_their_own_plate(scenes: tuple[Path, Path], tmp_path: Path) -> None:
    source, plates = scenes
    made = composites(augmented(source, plates, tmp_path / "out"), plates)
    assert {row["split"] for row, _ in made} == {"train", "val"}
    for copy, plate in made:
        assert plate["parent"] != copy["parent"] and plate["group"] != copy["group"]
        assert plate["split"] == copy["split"]


def test_plates_made_before_the_split_take_the_split_of_their_scene(
    scenes: tuple[Path, Path], tmp_path: Path
) -> None:
    source, plates = scenes
    loose = [{**row, "split": None, "parent": None} for row in rows(plates).values()]
    early = with_rows(plates, tmp_path / "early", loose)
    splits = {row["file_name"]: row["split"] for row in rows(plates).values()}
    for copy, plate in composites(augmented(source, early, tmp_path / "out"), early):
        assert splits[plate["file_name"]] == copy["split"]
        assert plate["group"] != copy["group"]


def test_a_sample_without_a_fitting_plate_is_a_failure(
    scenes: tuple[Path, Path], tmp_path: Path
) -> None:
    source, plates = scenes
    kept = [row for row in rows(plates).values() if row["parent"] != "val/sub/p3.png"]
    fewer = with_rows(plates, tmp_path / "fewer", kept)
    out = augmented(source, fewer, tmp_path / "out")
    failed = [json.loads(line) for line in (out / "failures.jsonl").read_text().splitlines()]
    # The only plate of val is p2's own.
    assert {row["id"].split("__")[0] for row in failed} == {"val/sub/p2"}
    assert all("another scene" in row["error"] for row in failed)


def test_regions_and_waiting_plates_are_no_backgrounds(
    scenes: tuple[Path, Path], tmp_path: Path
) -> None:
    source, plates = scenes
    for _, plate in composites(augmented(source, plates, tmp_path / "out"), plates):
        assert "/images/" in str(plate["file_name"])
