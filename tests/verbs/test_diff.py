from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

import datakit
from datakit.cli.main import app
from datakit.errors import InputError
from tests.contracts.labelled_sets import write_labelled_set


@pytest.fixture(params=["binary", "semantic", "instance"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_labelled_set(tmp_path / "before", request.param)


def changed_copy(before: Path) -> Path:
    after = before.with_name("after")
    shutil.copytree(before, after)
    return after


def rows(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


def write_rows(folder: Path, changed: list[dict[str, object]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in changed)
    (folder / "metadata.jsonl").write_text(text)


def test_equal_datasets_do_not_differ(before: Path, tmp_path: Path) -> None:
    after = changed_copy(before)
    found = datakit.diff((before, after), tmp_path / "report", workers=0)
    assert found.exit_code == 0
    assert not (tmp_path / "report" / "diff.png").exists()
    assert ">No difference</h2>" in (tmp_path / "report" / "diff.html").read_text()


def test_everything_that_was_done_is_found_and_nothing_else(before: Path, tmp_path: Path) -> None:
    after = changed_copy(before)
    left = rows(after)
    removed, moved, drawn, tagged = left
    write_rows(
        after, [moved | {"split": "test", "id": "test/else.png"}, drawn, tagged | {"tags": []}]
    )
    mask_path = after / str(drawn["mask_file_name"])
    mask = cv2.imread(str(mask_path), cv2.IMREAD_UNCHANGED)
    value = int(mask[mask > 0][0])
    cut = mask.copy()
    cut[np.nonzero((mask == value).any(axis=1))[0][0]] = 0
    cv2.imwrite(str(mask_path), cut)
    found = datakit.diff((before, after), tmp_path / "report", workers=0)
    assert found.exit_code == 1
    assert found.removed == (removed["id"],)
    assert found.added == ()
    assert [(one.before, one.splits) for one in found.moved] == [
        (moved["id"], (moved["split"], "test"))
    ]
    labels = {one.before: one for one in found.changed if one.labels}
    assert list(labels) == [drawn["id"]]
    assert all(0 < (change.iou or 0) < 1 for change in labels[str(drawn["id"])].labels)
    assert [one.fields for one in found.changed if one.before == tagged["id"]] == [("tags",)]
    assert (tmp_path / "report" / "diff.png").stat().st_size > 1000
    page = (tmp_path / "report" / "diff.html").read_text()
    assert page.count("<img") == 2
    assert '<a href="#samples">1 sample only in A.</a>' in page
    assert '<a href="#changed">1 sample with another label.</a>' in page
    table = (tmp_path / "report" / "diff.csv").read_text().splitlines()
    assert table[0].startswith("what,before,after")


def test_pictures_and_alphas(tmp_path: Path) -> None:
    for side, level in (("a", 100), ("b", 101)):
        for folder, value in (("images", level), ("alphas", 2 * level)):
            (tmp_path / side / folder).mkdir(parents=True)
            shape = (20, 20, 3) if folder == "images" else (20, 20)
            cv2.imwrite(str(tmp_path / side / folder / "x.png"), np.full(shape, value, np.uint8))
    found = datakit.diff((tmp_path / "a", tmp_path / "b"), workers=0)
    assert found.changed[0].image == "pixels"
    (alpha,) = found.changed[0].labels
    assert alpha.sad == pytest.approx(400 * 2 / 255 / 1000, rel=1e-4)


def test_a_dataset_and_its_export_are_the_same_labels(tmp_path: Path) -> None:
    before = write_labelled_set(tmp_path / "before", "semantic")
    datakit.mask2coco(before, tmp_path / "coco", shapes="rle", workers=0)
    found = datakit.diff((before, tmp_path / "coco"), workers=0)
    assert not (found.added or found.removed or found.moved)
    assert [one.labels for one in found.changed if one.labels] == []


def test_the_command_line(tmp_path: Path) -> None:
    before = write_labelled_set(tmp_path / "before", "binary")
    result = CliRunner().invoke(app, ["diff", str(before), str(before / "..") + "/before", "-q"])
    assert result.exit_code == 0
    after = changed_copy(before)
    write_rows(after, rows(after)[1:])
    result = CliRunner().invoke(app, ["diff", str(before), str(after), "--workers", "0"])
    assert result.exit_code == 1
    assert "removed: " in result.stdout
    as_json = CliRunner().invoke(app, ["diff", str(before), str(after), "--json", "--workers", "0"])
    assert len(json.loads(as_json.stdout)["removed"]) == 1
    with pytest.raises(InputError, match="name both"):
        datakit.diff(before, workers=0)


def test_what_a_review_changed_is_found_in_its_export(tmp_path: Path) -> None:
    before = write_labelled_set(tmp_path / "before", "semantic")
    datakit.mask2coco(before, tmp_path / "back", shapes="rle", workers=0)
    (file,) = (tmp_path / "back/train").glob("*.json")
    document = json.loads(file.read_text())
    gone = document["annotations"].pop(0)
    file.write_text(json.dumps(document))
    found = datakit.diff((before, tmp_path / "back"), tmp_path / "changes", workers=0)
    assert found.exit_code == 1
    assert not (found.added or found.removed or found.moved)
    changed = [one for one in found.changed if one.labels]
    (image,) = (one for one in document["images"] if one["id"] == gone["image_id"])
    assert [Path(one.before).stem for one in changed] == [Path(image["file_name"]).stem]
    assert min(label.iou for label in changed[0].labels if label.iou is not None) == 0
    assert (tmp_path / "changes/diff.png").stat().st_size > 1000
