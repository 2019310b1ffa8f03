"""Reviews come back: from every tool, to the right image, and nothing else is changed."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import datakit
from datakit.core.masks.polygons import polygon_mask
from datakit.core.metrics.mask_metrics import iou
from datakit.errors import InputError
from datakit.io.pixels import images
from datakit.io.store.lock import claim
from datakit.records.summary import Summary
from datakit.verbs.prelabel import merge as module
from datakit.verbs.prelabel.merge import merge
from datakit.verbs.prelabel.options import MergeOptions
from tests.verbs.drafts import (
    CORNER,
    HEIGHT,
    NAMES,
    REVIEWERS,
    WIDTH,
    box_points,
    label,
    sample,
    write_drafts,
)
from tests.verbs.exports import jpeg, photo, rle, tree, zipped

EDITED = "anna"
"""What of a path tells the image that is edited."""
KEY = "train/anna/IMG 1.2"


@pytest.fixture(scope="module")
def drafts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drafts(tmp_path_factory.mktemp("drafts") / "drafts")


@pytest.fixture
def into(drafts: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drafts, tmp_path / "into"))


def exported(drafts: Path, out: Path, name: str, edit: str | None = None) -> Path:
    """Export, and review in place: datakit's own files are there too, as in a labelme folder."""
    datakit.export(drafts, out, format=name, workers=0)
    REVIEWERS[name](out, edit)
    return out


def merged(reviewed: Path, into: Path, **more: object) -> Summary:
    chosen = {"merge": str(reviewed), "into": str(into), "workers": 0, **more}
    return merge(MergeOptions(**chosen))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def failures(into: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (into / "failures.jsonl").read_text().splitlines()]


LABELS = ("masks", "alphas", "images")


def labels(root: Path) -> dict[str, str]:
    return {name: what for name, what in tree(root).items() if name.split("/")[1:2] != []}


@pytest.mark.parametrize("name", REVIEWERS)
def test_what_nobody_changed_stays_to_the_byte(
    drafts: Path, into: Path, tmp_path: Path, name: str
) -> None:
    summary = merged(exported(drafts, tmp_path / "x", name), into)
    assert summary.exit_code == 0
    assert summary.counts["reviewed"] == 3 and "changed" not in summary.counts
    assert any("3 samples came back as sent and count as reviewed" in one for one in summary.notes)
    before, after = labels(drafts), labels(into)
    views = {"train/metadata.jsonl", "val/metadata.jsonl", ".datakit", ".datakit/record.jsonl"}
    assert {k: v for k, v in after.items() if k not in views} == {
        k: v for k, v in before.items() if k not in views
    }
    assert (into / "drafts.jsonl").read_bytes() == (drafts / "drafts.jsonl").read_bytes()
    assert {row["iou"] for row in rows(into / "review.csv")} == {"1.0"}
    for key in NAMES:
        row = sample(into, key)
        assert [step.verb for step in row.history] == ["prelabel", "review"]
        assert row.tags == ("reviewed",)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", REVIEWERS)
def test_an_edit_changes_its_pixels_and_no_others(
    drafts: Path, into: Path, tmp_path: Path, name: str
) -> None:
    summary = merged(exported(drafts, tmp_path / "x", name, EDITED), into, boxes="paint")
    assert (summary.exit_code, summary.counts["changed"]) == (0, 1)
    inside = np.zeros((HEIGHT, WIDTH), bool)
    x0, y0, x1, y1 = CORNER
    inside[y0:y1, x0:x1] = True
    for key in NAMES:
        before, after = label(drafts, key), label(into, key)
        soft, alpha = label(drafts, key, "alpha"), label(into, key, "alpha")
        assert alpha.dtype == soft.dtype
        if key != KEY:
            assert (before == after).all() and (soft == alpha).all()
            continue
        changed = after != before
        assert (after[inside] == 255).all() and before[inside].min() == 0
        opaque = np.iinfo(soft.dtype).max
        assert (alpha[changed] == np.where(after[changed] > 0, opaque, 0)).all()
        # Beside the box, at most what its rim touches of the difference of mask and polygon.
        near = cv2.dilate(inside.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
        assert not (changed & ~near).any() and (alpha[~near] == soft[~near]).all()
        assert (changed & ~inside).sum() <= 8
        [row] = [row for row in rows(into / "review.csv") if row["id"] == f"{key}.jpg"]
        assert float(row["iou"]) == pytest.approx(iou(before > 0, after > 0), abs=1e-6)
        assert int(row["changed_px"]) == changed.sum()
        assert int(row["added_px"]) - int(row["removed_px"]) == (
            np.count_nonzero(after) - np.count_nonzero(before)
        )
        assert row["matched_by"] == "sha256"
        assert sample(into, key).fg_ratio == pytest.approx((after > 0).mean(), abs=1e-6)
    changes = [json.loads(line) for line in (into / "changes.jsonl").read_text().splitlines()]
    assert [change["iou"] < 1 for change in changes] == [
        f"{key}.jpg" == f"{KEY}.jpg" for key in NAMES
    ]


def test_workers_give_the_same_bytes(drafts: Path, tmp_path: Path) -> None:
    reviewed = exported(drafts, tmp_path / "x", "labelme", EDITED)
    found = []
    for workers in (0, 2):
        into = tmp_path / f"into{workers}"
        shutil.copytree(drafts, into)
        merged(reviewed, into, workers=workers)
        found.append(tree(into))
    assert found[0] == found[1]


def test_a_second_merge_changes_no_label_and_keeps_what_was_learnt(
    drafts: Path, into: Path, tmp_path: Path
) -> None:
    reviewed = exported(drafts, tmp_path / "x", "cvat", EDITED)
    merged(reviewed, into)
    first = labels(into), (into / "changes.jsonl").read_bytes()
    summary = merged(reviewed, into)
    assert "changed" not in summary.counts
    views = {"train/metadata.jsonl", "val/metadata.jsonl", ".datakit", ".datakit/record.jsonl"}
    again = labels(into)
    assert {k for k in again if again[k] != first[0][k]} <= views
    assert (into / "changes.jsonl").read_bytes() == first[1]


def test_a_zip_and_a_single_file_are_read(drafts: Path, tmp_path: Path) -> None:
    reviewed = exported(drafts, tmp_path / "x", "cvat", EDITED)
    whole = zipped(reviewed, tmp_path / "x.zip")
    (tmp_path / "alone").mkdir()
    shutil.copy(reviewed / "annotations.xml", tmp_path / "alone")
    for number, source in enumerate((whole, tmp_path / "alone/annotations.xml")):
        into = Path(shutil.copytree(drafts, tmp_path / f"into{number}"))
        summary = merged(source, into)
        assert summary.counts["changed"] == 1
        by = {row["matched_by"] for row in rows(into / "review.csv")}
        assert by == ({"name"} if number else {"sha256"})
        assert any("matched by file name" in note for note in summary.notes) == bool(number)


def test_content_decides_when_names_were_changed(drafts: Path, into: Path, tmp_path: Path) -> None:
    reviewed = exported(drafts, tmp_path / "x", "cvat", EDITED)
    path = reviewed / "annotations.xml"
    text = path.read_text()
    for number, image in enumerate(sorted((reviewed / "images").rglob("*.jpg"))):
        new = f"upload_{number}.jpg"
        text = text.replace(image.relative_to(reviewed / "images").as_posix(), new)
        image.rename(reviewed / "images" / new)
    path.write_text(text)
    assert merged(reviewed, into).counts["reviewed"] == 3
    assert (label(into, KEY) != label(drafts, KEY)).any()


def test_images_that_a_tool_encoded_anew_are_found_by_name(
    drafts: Path, into: Path, tmp_path: Path
) -> None:
    reviewed = exported(drafts, tmp_path / "x", "roboflow", EDITED)
    for number, path in enumerate(sorted(reviewed.rglob("*.jpg"))):
        path.write_bytes(jpeg(photo(WIDTH, HEIGHT, 90 + number)))
    summary = merged(reviewed, into)
    assert summary.counts["changed"] == 1
    assert any("other bytes" in note for note in summary.notes)


def test_the_soft_alpha_that_travelled_serves_drafts_without_one(
    drafts: Path, into: Path, tmp_path: Path
) -> None:
    reviewed = exported(drafts, tmp_path / "x", "labelme", EDITED)
    text = (into / "metadata.jsonl").read_text()
    for key in NAMES:
        name = sample(drafts, key).alpha_file_name
        (into / str(name)).unlink()
        text = text.replace(f'"{name}"', "null")
    (into / "metadata.jsonl").write_text(text)
    merged(reviewed, into)
    soft, alpha = label(drafts, KEY, "alpha"), label(into, KEY, "alpha")
    assert soft.dtype == alpha.dtype == np.uint16
    assert (alpha[50:] == soft[50:]).all() and (alpha[:, 60:] == soft[:, 60:]).all()


def test_an_image_without_shapes_was_emptied(drafts: Path, into: Path, tmp_path: Path) -> None:
    reviewed = exported(drafts, tmp_path / "x", "labelme")
    [path] = reviewed.glob("val/*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"shapes": []}))
    assert merged(reviewed, into).counts["changed"] == 1
    assert not label(into, "val/a").any() and not label(into, "val/a", "alpha").any()
    row = sample(into, "val/a")
    assert (row.fg_ratio, row.annotations, row.categories) == (0, 0, ())


@pytest.mark.parametrize("name", ["coco", "roboflow"])
def test_a_listed_image_without_annotations_empties_its_draft_and_is_told(
    drafts: Path, into: Path, tmp_path: Path, name: str
) -> None:
    reviewed = exported(drafts, tmp_path / "x", name)
    assert not [note for note in merged(reviewed, into).notes if "emptied" in note]
    assert {row["emptied"] for row in rows(into / "review.csv")} == {"0"}
    for path in reviewed.rglob("*.json"):
        document = json.loads(path.read_text())
        kept = [image["id"] for image in document.get("images", ()) if EDITED not in str(image)]
        found = document.get("annotations", ())
        document["annotations"] = [one for one in found if one["image_id"] in kept]
        path.write_text(json.dumps(document))
    [note] = [note for note in merged(reviewed, into).notes if "emptied" in note]
    assert note.startswith("labels that were emptied: 1,")
    assert [row["id"] for row in rows(into / "review.csv") if row["emptied"] == "1"] == [
        f"{KEY}.jpg"
    ]
    assert not label(into, KEY).any()


def test_what_label_studio_skipped_is_no_review(drafts: Path, into: Path, tmp_path: Path) -> None:
    reviewed = exported(drafts, tmp_path / "x", "label-studio", EDITED)
    tasks = json.loads((reviewed / "tasks.json").read_text())
    tasks[0]["annotations"][0]["was_cancelled"] = True
    del tasks[1]["annotations"]
    (reviewed / "tasks.json").write_text(json.dumps(tasks))
    summary = merged(reviewed, into)
    assert (summary.counts["reviewed"], summary.counts["not reviewed"]) == (1, 2)
    assert [sample(into, key).tags for key in NAMES] == [("draft",), ("draft",), ("reviewed",)]


@pytest.mark.parametrize("kind", ["semantic", "instance"])
@pytest.mark.parametrize("name", ["cvat", "coco", "labelme"])
def test_classes_and_objects_keep_their_values(tmp_path: Path, kind: str, name: str) -> None:
    from tests.verbs.exports import Export, box

    export = Export(tmp_path / "coco/train")
    one = export.image("a.jpg", wh=(60, 50))
    export.annotate(one, [box(3, 3, 20, 20)])
    export.annotate(one, [box(30, 5, 20, 30)], category=2)
    export.annotate(one, [box(5, 30, 12, 12)], category=2)
    export.write()
    drafts, into = tmp_path / "drafts", tmp_path / "into"
    datakit.coco2mask(tmp_path / "coco", drafts, kind=kind, workers=0)
    shutil.copytree(drafts, into)
    reviewed = tmp_path / "x"
    datakit.export(drafts, reviewed, format=name, workers=0)
    merged(reviewed, into)
    stored = "train/masks/a.png"
    assert (into / stored).read_bytes() == (drafts / stored).read_bytes()
    row = sample(into, "train/a")
    assert row.instances == sample(drafts, "train/a").instances
    if name != "labelme":
        return
    path = reviewed / "train/a.json"
    document = json.loads(path.read_text())
    document["shapes"] = [shape for shape in document["shapes"] if shape["label"] == "dog"]
    points = [[0, 46], [60, 46], [60, 50], [0, 50]]
    document["shapes"].append({"label": "person", "shape_type": "polygon", "points": points})
    path.write_text(json.dumps(document))
    merged(reviewed, into)
    before, after = label(drafts, "train/a"), label(into, "train/a")
    assert (after[3:23, 3:23] == 0).all()
    dogs = before == before[10, 40]
    assert (after[dogs] == before[dogs]).all()
    assert set(np.unique(after[46:])) == {4 if kind == "instance" else before[5, 5]}


BAD = {
    "wrong size": {"imageWidth": 80},
    "leaves the image": {
        "shapes": [{"label": "person", "points": [[0, 0], [9999, 0], [9, 9]]}],
    },
    "infinite": {"shapes": [{"label": "person", "points": [[0, 0], ["inf", 0], [9, 9]]}]},
    "two points": {"shapes": [{"label": "person", "points": [[0, 0], [9, 9]]}]},
    "no points": {"shapes": [{"label": "person", "points": "x"}]},
    "no label": {"shapes": [{"points": [[0, 0], [9, 0], [9, 9]]}]},
    "circle": {"shapes": [{"label": "p", "shape_type": "circle", "points": [[0, 0], [9, 9]]}]},
    "a mask that is none": {
        "shapes": [{"label": "p", "shape_type": "mask", "points": [[0, 0]], "mask": "!!"}],
    },
    "a shape that is none": {"shapes": [7]},
    "a size that none has": {"imageHeight": 10**12},
    "a path that leaves": {"imagePath": "../../../../etc/passwd.jpg", "sha256": None},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_one_bad_review_is_one_failure_and_its_sample_stays(
    drafts: Path, into: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    reviewed = exported(drafts, tmp_path / "x", "labelme", EDITED)
    [path] = reviewed.glob("val/*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    summary = merged(reviewed, into)
    assert (summary.exit_code, summary.failed) == (3, 1)
    assert summary.counts["changed"] == 1
    [row] = failures(into)
    assert row["error"]
    assert (label(into, "val/a") == label(drafts, "val/a")).all()
    assert sample(into, "val/a").tags == ("draft",)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["into", "x"]


@pytest.mark.parametrize(
    "segmentation",
    [
        {"size": [10**9, 10**9], "counts": "0"},
        {"size": [HEIGHT, WIDTH], "counts": [10**18, -(10**18) + HEIGHT * WIDTH]},
        {"size": [HEIGHT, WIDTH], "counts": "zz"},
        {"size": [HEIGHT, WIDTH + 1], "counts": [HEIGHT * (WIDTH + 1)]},
        [[0, 0, 1e30, 0, 5, 5]],
        [[1, 2, 3]],
        "=cmd()",
    ],
)
def test_hostile_coco_is_one_failure(
    drafts: Path, into: Path, tmp_path: Path, segmentation: object
) -> None:
    reviewed = exported(drafts, tmp_path / "x", "coco", EDITED)
    path = reviewed / "annotations/instances_val.json"
    document = json.loads(path.read_text())
    document["annotations"][0]["segmentation"] = segmentation
    path.write_text(json.dumps(document))
    assert merged(reviewed, into).failed == 1
    assert (label(into, "val/a") == label(drafts, "val/a")).all()


CVAT_SHAPES = (
    '<mask label="person" rle="1000000000000" left="0" top="0" width="1000000" height="1000000"/>',
    '<mask label="person" rle="0, 16" left="158" top="0" width="4" height="4"/>',
    '<mask label="person" rle="0, 16" left="-1" top="0" width="4" height="4"/>',
    '<mask label="person" rle="a" left="0" top="0" width="4" height="4"/>',
    '<mask label="person" rle="1.5, 2" left="0" top="0" width="nan" height="4"/>',
    '<polygon label="person" points="1,2;nan,3;4,5"/>',
    '<polygon label="person" points="1,2;3"/>',
    '<ellipse label="person" cx="5" cy="5" rx="0" ry="3"/>',
    '<box label="person" xtl="1" ytl="1" xbr="9"/>',
)


@pytest.mark.parametrize("shape", CVAT_SHAPES)
def test_hostile_cvat_is_one_failure(drafts: Path, into: Path, tmp_path: Path, shape: str) -> None:
    reviewed = exported(drafts, tmp_path / "x", "cvat", EDITED)
    path = reviewed / "annotations.xml"
    lines = path.read_text().splitlines()
    [number] = [k for k, line in enumerate(lines) if 'name="val/' in line]
    lines[number] = lines[number].replace("</image>", f"{shape}</image>")
    path.write_text("\n".join(lines))
    assert merged(reviewed, into).failed == 1
    assert (label(into, "val/a") == label(drafts, "val/a")).all()


SIZE = {"original_width": WIDTH, "original_height": HEIGHT}
REGIONS: tuple[object, ...] = (
    7,
    {"type": "polygonlabels"},
    {"type": "polygonlabels", "value": {"points": [[0, 0]], "polygonlabels": ["person"]}},
    {"type": "polygonlabels", **SIZE, "value": {"points": "x", "polygonlabels": ["person"]}},
    {"type": "polygonlabels", **SIZE, "value": {"points": [[1, 2, 3]], "polygonlabels": ["a"]}},
    {"type": "polygonlabels", **SIZE, "value": {"points": [[1, 2]], "polygonlabels": ["a", "b"]}},
    {"type": "brushlabels", **SIZE, "value": {"format": "rle", "brushlabels": ["a"]}},
    {
        "type": "brushlabels",
        **SIZE,
        "value": {"format": "rle", "rle": [1] * 9, "brushlabels": ["a"]},
    },
    {"type": "brushlabels", **SIZE, "value": {"format": "url", "rle": [], "brushlabels": ["a"]}},
    {"type": "ellipselabels", **SIZE, "value": {"ellipselabels": ["a"]}},
    {"type": "rectanglelabels", **SIZE, "value": {"x": None, "rectanglelabels": ["a"]}},
    {"type": "polygonlabels", "original_width": 10**9, "original_height": 10**9, "value": {}},
    {"type": "polygonlabels", "original_width": "wide", "value": {}},
)


@pytest.mark.parametrize("region", REGIONS)
def test_hostile_label_studio_is_one_failure(
    drafts: Path, into: Path, tmp_path: Path, region: object
) -> None:
    reviewed = exported(drafts, tmp_path / "x", "label-studio", EDITED)
    path = reviewed / "tasks.json"
    tasks = json.loads(path.read_text())
    [task] = [task for task in tasks if "/val/" in task["data"]["image"]]
    task["annotations"][0]["result"].append(region)
    path.write_text(json.dumps(tasks))
    assert merged(reviewed, into).failed == 1
    assert (label(into, "val/a") == label(drafts, "val/a")).all()
    assert sample(into, "val/a").tags == ("draft",)


def test_entities_are_refused(drafts: Path, into: Path, tmp_path: Path) -> None:
    reviewed = exported(drafts, tmp_path / "x", "cvat")
    path = reviewed / "annotations.xml"
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    path.write_text(path.read_text().replace("?>\n", f"?>{bomb}", 1))
    with pytest.raises(InputError, match="document type"):
        merged(reviewed, into)
    assert tree(into) == tree(drafts)


def test_a_name_that_a_spreadsheet_would_run_is_quoted(
    drafts: Path, into: Path, tmp_path: Path
) -> None:
    text = (into / "metadata.jsonl").read_text()
    text = text.replace('"id":"val/a.jpg"', '"id":"=1+1.jpg"').replace(
        '"split":"val"', '"split":null'
    )
    (into / "metadata.jsonl").write_text(text)
    merged(exported(drafts, tmp_path / "x", "labelme"), into)
    assert "\n'=1+1.jpg," in (into / "review.csv").read_text()


def test_images_that_are_no_drafts_and_second_reviews_are_failures(
    drafts: Path, into: Path, tmp_path: Path
) -> None:
    reviewed = exported(drafts, tmp_path / "x", "labelme")
    [path] = reviewed.glob("val/*.json")
    document = json.loads(path.read_text())
    other = document | {"shapes": document["shapes"][:0]}
    (reviewed / "val/again.json").write_text(json.dumps(other))
    stranger = document | {"imagePath": "other.jpg", "sha256": "0" * 64}
    (reviewed / "val/other.json").write_text(json.dumps(stranger))
    summary = merged(reviewed, into)
    assert (summary.failed, summary.counts["reviewed"]) == (2, 2)
    reasons = " ".join(row["error"] for row in failures(into))
    assert "expected one entry, found 2" in reasons and "none of this name" in reasons


def test_an_unknown_class_of_several_is_a_failure(tmp_path: Path) -> None:
    from tests.verbs.exports import Export, box

    export = Export(tmp_path / "coco/train")
    one = export.image("a.jpg")
    export.annotate(one, [box(3, 3, 9, 9)])
    export.annotate(one, [box(15, 5, 9, 9)], category=2)
    export.write()
    into = tmp_path / "into"
    datakit.coco2mask(tmp_path / "coco", into, kind="semantic", workers=0)
    datakit.export(into, tmp_path / "x", format="labelme", workers=0)
    path = tmp_path / "x/train/a.json"
    path.write_text(path.read_text().replace('"dog"', '"<script>"'))
    assert merged(tmp_path / "x", into).failed == 1
    assert "<script>" in failures(into)[0]["error"]


class Killed(BaseException):
    """Not caught by anything that handles errors."""


@pytest.mark.parametrize("where", ["_process", "exchange", "_notes"])
def test_a_run_that_stops_leaves_the_drafts_as_they_were(
    drafts: Path, into: Path, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed = exported(drafts, tmp_path / "x", "cvat", EDITED)

    def stop(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, where, stop)
        # As SIGKILL leaves it: nothing is tidied up.
        patch.setattr(module.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Killed):
            merged(reviewed, into)
    assert tree(into) == tree(drafts)
    assert merged(reviewed, into).counts["changed"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["into", "x"]


def test_the_folder_that_one_stands_in_is_not_replaced(
    drafts: Path, into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed = exported(drafts, tmp_path / "x", "cvat")
    for folder in (into, into / "train"):
        monkeypatch.chdir(folder)
        with pytest.raises(InputError, match="change to another folder"):
            merged(reviewed, into)
    monkeypatch.chdir(tmp_path)
    assert merge(MergeOptions(merge="x", into="into", workers=0)).counts["reviewed"] == 3


def test_a_link_to_the_drafts_stays_a_link(drafts: Path, into: Path, tmp_path: Path) -> None:
    reviewed = exported(drafts, tmp_path / "x", "cvat", EDITED)
    link = tmp_path / "link"
    link.symlink_to(into)
    assert merged(reviewed, link).counts["changed"] == 1
    assert link.is_symlink() and (into / "review.csv").is_file()


def test_a_dry_run_changes_nothing(drafts: Path, into: Path, tmp_path: Path) -> None:
    summary = merged(exported(drafts, tmp_path / "x", "cvat", EDITED), into, dry_run=True)
    assert summary.counts["would process"] == 3
    assert tree(into) == tree(drafts)


def test_a_second_merge_leaves_the_work_of_the_first_alone(
    drafts: Path, into: Path, tmp_path: Path
) -> None:
    reviewed = exported(drafts, tmp_path / "x", "cvat", EDITED)
    beside = tmp_path / ".into.merging"
    with claim(beside):
        (beside / "half").write_bytes(b"done")
        shutil.copy(drafts / "dataset.json", beside)
        with pytest.raises(InputError, match="another run is writing here"):
            merged(reviewed, into)
        merged(reviewed, into, dry_run=True)
        assert (beside / "half").read_bytes() == b"done"
    # Its process is gone: what it left is taken away.
    assert merged(reviewed, into).counts["changed"] == 1
    assert not beside.exists()


def test_what_is_no_export_or_no_dataset_is_refused(
    drafts: Path, into: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/x.json").write_text('{"images": 3}')
    with pytest.raises(InputError, match="what a tool exported"):
        merged(tmp_path / "notes", into)
    with pytest.raises(InputError, match="no such file"):
        merged(tmp_path / "absent", into)
    reviewed = exported(drafts, tmp_path / "x", "cvat")
    with pytest.raises(InputError, match="expected a dataset that datakit wrote"):
        merged(reviewed, tmp_path / "notes")
    with pytest.raises(InputError, match="expected a local folder"):
        merge(MergeOptions(merge=str(reviewed), into="s3://bucket/set"))
    other = write_drafts(tmp_path / "other")
    for path in (reviewed / "images").rglob("*.jpg"):
        path.unlink()
    text = (reviewed / "annotations.xml").read_text()
    (reviewed / "annotations.xml").write_text(text.replace('.jpg"', '_other.jpg"'))
    with pytest.raises(InputError, match="found none"):
        merged(reviewed, other)


def test_brush_and_mask_shapes_of_the_tools(drafts: Path, into: Path, tmp_path: Path) -> None:
    """labelme's mask shapes (a PNG in a box), as its AI tools make them."""
    import base64

    reviewed = exported(drafts, tmp_path / "x", "labelme")
    [path] = reviewed.glob("val/*.json")
    x0, y0, x1, y1 = CORNER
    crop = np.ones((y1 - y0, x1 - x0), np.uint8) * 255
    crop[:5] = 0
    shape = {
        "label": "person",
        "shape_type": "mask",
        "points": [[x0, y0], [x1 - 1, y1 - 1]],
        "mask": base64.b64encode(images.encode_png(crop)).decode(),
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | {"shapes": [shape]}))
    merged(reviewed, into)
    expected = polygon_mask([np.array(box_points(), np.float64)], HEIGHT, WIDTH, value=255)
    expected[: y0 + 5] = 0
    assert (label(into, "val/a") == expected).all()


def test_coco_from_another_tool_beside_its_images(drafts: Path, into: Path, tmp_path: Path) -> None:
    """CVAT's COCO export: annotations/instances_default.json, images/default/."""
    out = tmp_path / "x"
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:90, 30:100] = True
    document = {
        "images": [
            {"id": 1, "file_name": "train/a.jpg", "width": WIDTH, "height": HEIGHT},
        ],
        "categories": [{"id": 1, "name": "anything", "supercategory": ""}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": rle(mask), "iscrowd": 1}
        ],
    }
    (out / "annotations").mkdir(parents=True)
    (out / "annotations/instances_default.json").write_text(json.dumps(document))
    summary = merged(out, into)
    assert summary.counts["reviewed"] == 1 and summary.counts["not reviewed"] == 2
    assert ((label(into, "train/a") > 0) == mask).all()


@pytest.mark.slow
def test_kills_at_every_event_leave_the_drafts_whole(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.verbs.merge_killer", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["events"] > 40
    assert report["faults"] == {}


@pytest.mark.parametrize("minimal", [False, True], ids=["JSON", "JSON-MIN"])
def test_a_file_beside_the_drafts_does_not_mean_their_own_pictures(
    drafts: Path, into: Path, tmp_path: Path, minimal: bool
) -> None:
    """Every label of the drafts has the stem of its image."""
    tasks = exported(drafts, tmp_path / "x/y", "label-studio") / "tasks.json"
    found = json.loads(tasks.read_text())
    if minimal:
        values = [[one["value"] for one in task["annotations"][0]["result"]] for task in found]
        found = [
            {"image": task["data"]["image"], "id": n, "label": shapes, "annotator": 1}
            for n, (task, shapes) in enumerate(zip(found, values, strict=True))
        ]
    shutil.rmtree(tmp_path / "x")
    (tmp_path / "project.json").write_text(json.dumps(found))
    summary = merged(tmp_path / "project.json", into)
    assert (summary.failed, summary.counts["reviewed"]) == (0, 3)


def label_studios_coco(into: Path, contributor: str, away: str) -> dict[str, object]:
    """What the server writes of local files: names that lead there from a folder of its own."""
    images_ = [
        {"id": n, "file_name": f"{away}{sample(into, key).file_name}", "width": WIDTH}
        | {"height": HEIGHT}
        for n, key in enumerate(NAMES)
    ]
    info = {"contributor": contributor}
    categories = [{"id": 0, "name": "person"}]
    return {"info": info, "images": images_, "annotations": [], "categories": categories}


def test_a_coco_export_of_label_studios_is_matched_and_empties_nothing(
    into: Path, tmp_path: Path
) -> None:
    (tmp_path / "review").mkdir()
    path = tmp_path / "review/result.json"
    path.write_text(json.dumps(label_studios_coco(into, "Label Studio", "../ls/root/")))
    before = labels(into)
    summary = merged(path, into)
    assert (summary.failed, summary.counts.get("reviewed", 0)) == (3, 0)
    assert all("leaves brush masks out" in row["error"] for row in failures(into))
    changed = {name for name, data in labels(into).items() if before.get(name) != data}
    assert not [name for name in changed if "/masks/" in name or "/alphas/" in name]


def test_exports_of_label_studios_that_change_shapes_are_no_review(
    into: Path, tmp_path: Path
) -> None:
    brush, yolo = tmp_path / "brush/result_coco.json", tmp_path / "yolo"
    brush.parent.mkdir()
    brush.write_text(json.dumps(label_studios_coco(into, "Label Studio Converter", "")))
    for name, text in (
        ("classes.txt", "person\n"),
        ("notes.json", '{"info": {"contributor": "Label Studio"}}'),
        ("labels/a.txt", "0 0.1 0.1 0.5 0.1 0.5 0.5\n"),
    ):
        (yolo / name).parent.mkdir(parents=True, exist_ok=True)
        (yolo / name).write_text(text)
    (yolo / "images").mkdir()
    shutil.copy(into / "train/images/a.jpg", yolo / "images/a.jpg")
    for review in (brush, yolo):
        with pytest.raises(InputError, match="export the project as JSON"):
            merged(review, into)
