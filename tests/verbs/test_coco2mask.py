"""`coco2mask`: its options, each against pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import datakit
from datakit.core.images.resizing import Resizing
from datakit.errors import InputError
from datakit.io.pixels import decoders
from tests.verbs.exports import Export, box, jpeg, photo, png, rle, tree, zipped

Rows = dict[str, dict[str, Any]]


def rows(out: Path) -> Rows:
    lines = (out / "metadata.jsonl").read_text().splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


def failures(out: Path) -> list[dict[str, Any]]:
    path = out / "failures.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def label(out: Path, row: dict[str, Any]) -> np.ndarray:
    name = row["mask_file_name"] or row["alpha_file_name"]
    return cv2.imread(str(out / name), cv2.IMREAD_UNCHANGED)


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Two overlapping people and a dog in one image, one person in another, nobody in a third."""
    made = Export(tmp_path / "export" / "train")
    one = made.image("a.jpg")
    made.annotate(one, [box(2, 2, 20, 16)])
    made.annotate(one, [box(6, 6, 6, 6)], category=2)
    made.annotate(one, [box(16, 8, 12, 12)])
    two = made.image("sub/b.png")
    made.annotate(two, rle(np.tri(24, 32, 4, dtype=bool)))
    made.image("c.jpg")
    made.write()
    return made


def convert(export: Export, out: Path, **options: Any) -> Rows:
    datakit.coco2mask(export.folder.parent, out, workers=0, **options)
    assert failures(out) == []
    return rows(out)


def test_binary_is_the_union(export: Export, tmp_path: Path) -> None:
    found = convert(export, tmp_path / "out")
    assert set(found) == {"train/a.jpg", "train/sub/b.png", "train/c.jpg"}
    mask = label(tmp_path / "out", found["train/a.jpg"])
    assert set(np.unique(mask)) == {0, 255}
    assert mask[4, 4] == mask[8, 8] == mask[18, 26] == 255
    assert mask[22, 4] == 0
    assert found["train/a.jpg"]["annotations"] == 3
    assert found["train/a.jpg"]["categories"] == ["person", "dog"]
    assert found["train/sub/b.png"]["mask_file_name"] == "train/masks/sub/b.png"
    empty = found["train/c.jpg"]
    assert empty["fg_ratio"] == 0
    assert not label(tmp_path / "out", empty).any()


@pytest.mark.parametrize(("overlap", "at_dog"), [("area", 2), ("order", 2)])
def test_semantic_has_class_values(
    export: Export, tmp_path: Path, overlap: str, at_dog: int
) -> None:
    found = convert(export, tmp_path / "out", kind="semantic", overlap=overlap)
    mask = label(tmp_path / "out", found["train/a.jpg"])
    assert mask[8, 8] == at_dog
    assert mask[4, 4] == 1
    card = json.loads((tmp_path / "out/dataset.json").read_text())
    assert card["label_map"] == {"background": 0, "person": 1, "dog": 2}


def test_on_top_is_the_smaller_or_the_later_one(tmp_path: Path) -> None:
    export = Export(tmp_path / "export/train")
    one = export.image("a.jpg")
    export.annotate(one, [box(6, 6, 6, 6)], category=2)
    export.annotate(one, [box(2, 2, 20, 16)], category=1)
    export.write()
    small = convert(export, tmp_path / "area", kind="semantic")
    late = convert(export, tmp_path / "order", kind="semantic", overlap="order")
    assert label(tmp_path / "area", small["train/a.jpg"])[8, 8] == 2
    assert label(tmp_path / "order", late["train/a.jpg"])[8, 8] == 1


def test_instances_have_ids_and_a_table(export: Export, tmp_path: Path) -> None:
    row = convert(export, tmp_path / "out", kind="instance")["train/a.jpg"]
    mask = label(tmp_path / "out", row)
    assert mask.dtype == np.uint16
    assert [i["category"] for i in row["instances"]] == ["person", "dog", "person"]
    for instance in row["instances"]:
        assert instance["area"] == np.count_nonzero(mask == instance["id"]) > 0
    assert [i["annotation"] for i in row["instances"]] == ["0", "1", "2"]
    assert mask[8, 8] == 2


def test_coverage_is_the_share_of_each_pixel(tmp_path: Path) -> None:
    export = Export(tmp_path / "export/train")
    export.annotate(export.image("a.png"), [box(2.5, 3.25, 10, 8)])
    export.write()
    row = convert(export, tmp_path / "out", kind="coverage")["train/a.png"]
    alpha = label(tmp_path / "out", row)
    assert row["mask_file_name"] is None
    assert alpha[6, 6] == 255
    assert abs(int(alpha[6, 2]) - 128) <= 1
    assert abs(int(alpha[3, 6]) - 191) <= 1
    assert abs(int(alpha[11, 12]) - 32) <= 1
    assert row["fg_ratio"] == pytest.approx(80 / (32 * 24), abs=1e-3)


def test_only_the_chosen_category_is_painted(export: Export, tmp_path: Path) -> None:
    row = convert(export, tmp_path / "out", category=("dog",))["train/a.jpg"]
    mask = label(tmp_path / "out", row)
    assert mask[8, 8] == 255
    assert mask[4, 4] == 0
    assert row["categories"] == ["dog"]
    with pytest.raises(InputError, match="--category 'cat': expected a class of the source"):
        convert(export, tmp_path / "other", category=("cat",))
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(("rule", "inside"), [("union", 255), ("evenodd", 0)])
def test_rings_within_rings(tmp_path: Path, rule: str, inside: int) -> None:
    export = Export(tmp_path / "export/train")
    export.annotate(export.image("a.jpg"), [box(2, 2, 20, 18), box(8, 8, 6, 6)])
    export.write()
    row = convert(export, tmp_path / "out", rule=rule)["train/a.jpg"]
    mask = label(tmp_path / "out", row)
    assert (mask[4, 4], mask[10, 10]) == (255, inside)


def test_boxes_are_painted_on_demand(tmp_path: Path) -> None:
    export = Export(tmp_path / "export/train")
    export.annotate(export.image("a.jpg"), [], bbox=[4, 4, "8.0", 6])
    export.write()
    skipped = convert(export, tmp_path / "skip")["train/a.jpg"]
    painted = convert(export, tmp_path / "paint", boxes="paint")["train/a.jpg"]
    # A box says that something is there, and not where: that is no background.
    assert skipped["mask_file_name"] is None
    assert skipped["label_state"] == "partial"
    ignored = cv2.imread(str(tmp_path / "skip" / skipped["ignore_file_name"]), cv2.IMREAD_UNCHANGED)
    assert np.count_nonzero(ignored) == np.count_nonzero(ignored[4:10, 4:12] == 255) == 48
    assert np.count_nonzero(label(tmp_path / "paint", painted)) == 48


@pytest.mark.parametrize("fit", ["stretch", "letterbox", "crop"])
@pytest.mark.parametrize("kind", ["binary", "coverage"])
def test_images_and_labels_are_resized_alike(
    export: Export, tmp_path: Path, fit: Any, kind: str
) -> None:
    plain = convert(export, tmp_path / "plain", kind=kind)["train/sub/b.png"]
    found = convert(export, tmp_path / "out", kind=kind, size="20x28", fit=fit)["train/sub/b.png"]
    assert (found["width"], found["height"]) == (20, 28)
    resizing = Resizing((32, 24), (20, 28), fit)
    source = decoders.decode_photo((export.folder / "sub/b.png").read_bytes())
    image = decoders.decode_photo((tmp_path / "out" / found["file_name"]).read_bytes())
    assert np.array_equal(image, resizing.image(source))
    before, after = label(tmp_path / "plain", plain), label(tmp_path / "out", found)
    if kind == "binary":
        assert np.array_equal(after, resizing.mask(before))
    else:
        expected = resizing.alpha((before / 255).astype(np.float32)) * 255
        assert np.abs(after - expected).max() <= 1


def test_empty_images_are_left_out_on_demand(export: Export, tmp_path: Path) -> None:
    found = convert(export, tmp_path / "out", drop_empty=True)
    assert set(found) == {"train/a.jpg", "train/sub/b.png"}
    assert not list((tmp_path / "out").rglob("c.*"))


@pytest.mark.parametrize("placing", ["copy", "hardlink", "symlink", "none"])
def test_how_images_get_there(export: Export, tmp_path: Path, placing: str) -> None:
    row = convert(export, tmp_path / "out", images=placing)["train/a.jpg"]
    source = export.folder / "a.jpg"
    if placing == "none":
        assert row["file_name"] is None
        assert not (tmp_path / "out/train/images").exists()
        return
    path = tmp_path / "out" / row["file_name"]
    assert path.read_bytes() == source.read_bytes()
    assert path.is_symlink() is (placing == "symlink")
    assert (path.samefile(source)) is (placing != "copy")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("stated", ["shown", "stored"])
def test_a_turned_photo_and_its_mask_come_out_upright(
    tmp_path: Path, orientation: int, stated: str
) -> None:
    pixels = np.full((24, 32, 3), 30, np.uint8)
    pixels[3:11, 5:19] = 220
    data = jpeg(pixels, orientation)
    upright = decoders.decode_photo(data)
    height, width = (24, 32) if stated == "stored" else upright.shape[:2]
    where = np.argwhere((pixels if stated == "stored" else upright)[..., 0] > 120)
    (y, x), (bottom, right) = where.min(axis=0), where.max(axis=0) + 1
    if stated == "stored" and (height, width) == upright.shape[:2] and orientation != 1:
        pytest.skip("the size does not tell that the stored picture is meant")
    export = Export(tmp_path / "export/train")
    one = export.image("a.jpg", data, wh=(width, height))
    export.annotate(one, [box(int(x), int(y), int(right - x), int(bottom - y))])
    export.write()
    row = convert(export, tmp_path / "out")["train/a.jpg"]
    mask = label(tmp_path / "out", row) > 0
    assert mask.shape == upright.shape[:2] == (row["height"], row["width"])
    assert np.array_equal(mask, upright[..., 0] > 120)
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    written = cv2.imread(str(tmp_path / "out" / row["file_name"]), flags)
    assert np.abs(written[..., ::-1].astype(int) - upright).max() < 12


# Forms of SRC


def test_an_archive_gives_the_same_bytes_as_its_folder(export: Export, tmp_path: Path) -> None:
    folder = export.folder.parent
    archive = zipped(folder, tmp_path / "export.zip")
    datakit.coco2mask(folder, tmp_path / "a", workers=0)
    datakit.coco2mask(archive, tmp_path / "b", workers=0)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_a_json_with_a_folder_of_images(export: Export, tmp_path: Path) -> None:
    path = export.write("people.json")
    moved = path.rename(tmp_path / "people.json")
    datakit.coco2mask(moved, tmp_path / "out", images=export.folder, workers=0)
    assert set(rows(tmp_path / "out")) == {"a.jpg", "sub/b.png", "c.jpg"}
    assert (tmp_path / "out/images/sub/b.png").is_file()


def test_several_exports_never_collide(export: Export, tmp_path: Path) -> None:
    other = Export(tmp_path / "elsewhere/export/train")
    other.annotate(other.image("a.jpg"), [box(1, 1, 5, 5)])
    other.write()
    sources = [export.folder.parent, other.folder.parent]
    datakit.coco2mask(sources, tmp_path / "out", workers=0)
    found = rows(tmp_path / "out")
    assert len(found) == 4
    names = [row["mask_file_name"] for row in found.values()]
    assert len(set(names)) == 4
    assert len({row["group"] for row in found.values()}) == 4


def test_labels_of_images_of_one_stem_never_collide(tmp_path: Path) -> None:
    export = Export(tmp_path / "export/train")
    for number, name in enumerate(["x.jpg", "x.png", "x_jpg.bmp", "x_png.jpg", "X.JPG"]):
        data = jpeg(photo(32, 24)) if "jp" in name.lower()[-4:] else png(photo(32, 24))
        export.annotate(export.image(name, data), [box(number, 0, 4, 4 + number)])
    export.write()
    found = convert(export, tmp_path / "out")
    assert len({row["mask_file_name"].casefold() for row in found.values()}) == 5
    for row in found.values():
        number = ["x.jpg", "x.png", "x_jpg.bmp", "x_png.jpg", "X.JPG"].index(row["id"][6:])
        assert np.count_nonzero(label(tmp_path / "out", row)) == 4 * (4 + number)


def test_two_folders_of_one_split_keep_every_image_or_say_so(tmp_path: Path) -> None:
    for folder, names in (("valid", ["a.jpg", "b.jpg"]), ("validation", ["b.jpg", "a.png"])):
        export = Export(tmp_path / "export" / folder)
        for name in names:
            export.annotate(export.image(name), [box(1, 1, 4, 4)])
        export.write()
    datakit.coco2mask(tmp_path / "export", tmp_path / "out", workers=0)
    found = rows(tmp_path / "out")
    assert set(found) == {"val/a.jpg", "val/valid/b.jpg", "val/validation/b.jpg", "val/a.png"}
    assert len({row["mask_file_name"] for row in found.values()}) == 4


# Targets


def test_a_dry_run_writes_nothing(export: Export, tmp_path: Path) -> None:
    summary = datakit.coco2mask(export.folder.parent, tmp_path / "out", dry_run=True)
    assert summary.counts["would process"] == 3
    assert not (tmp_path / "out").exists()


def test_strict_stops_at_the_first_failure_and_leaves_nothing(
    export: Export, tmp_path: Path
) -> None:
    (export.folder / "a.jpg").unlink()
    with pytest.raises(InputError, match=r"--strict: train/a\.jpg: .*the file is not there"):
        convert(export, tmp_path / "out", strict=True)
    assert not (tmp_path / "out").exists()


def test_overwrite_replaces_all_that_was_there(export: Export, tmp_path: Path) -> None:
    convert(export, tmp_path / "fresh", kind="coverage")
    convert(export, tmp_path / "out")
    convert(export, tmp_path / "out", kind="coverage", overwrite=True)
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


def test_overwrite_refuses_a_folder_with_files_of_others(export: Export, tmp_path: Path) -> None:
    convert(export, tmp_path / "out")
    (tmp_path / "out/notes.txt").write_text("mine")
    before = tree(tmp_path / "out")
    with pytest.raises(InputError, match=r"only files that datakit wrote, found also notes\.txt"):
        convert(export, tmp_path / "out", kind="coverage", overwrite=True)
    assert tree(tmp_path / "out") == before


def test_resume_of_a_finished_run_does_nothing(export: Export, tmp_path: Path) -> None:
    convert(export, tmp_path / "out")
    before = tree(tmp_path / "out")
    summary = datakit.coco2mask(export.folder.parent, tmp_path / "out", resume=True)
    assert summary.counts["samples"] == 3
    assert "complete already" in summary.notes[0]
    with pytest.raises(InputError, match="finished dataset made with other options"):
        convert(export, tmp_path / "out", resume=True, kind="coverage")
    assert tree(tmp_path / "out") == before


def test_a_second_run_into_one_folder_is_refused_by_the_name_of_the_first(
    export: Export, tmp_path: Path
) -> None:
    from datakit.io.dataset import output

    with (
        output.create(tmp_path / "out", "another run", "new"),
        pytest.raises(InputError, match=r"another run is writing here \(process \d+ on "),
    ):
        convert(export, tmp_path / "out", resume=True)


def test_the_source_is_never_touched(export: Export, tmp_path: Path) -> None:
    before = {
        path: (path.stat().st_mtime_ns, path.stat().st_size)
        for path in export.folder.parent.rglob("*")
    }
    for number, placing in enumerate(("copy", "hardlink", "symlink")):
        convert(export, tmp_path / f"out{number}", images=placing)
        convert(export, tmp_path / f"out{number}", images=placing, overwrite=True)
    after = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in before}
    assert after == before


def test_long_names_of_any_script_are_kept(tmp_path: Path) -> None:
    export = Export(tmp_path / "export/train")
    for name in ("한" * 83 + ".jpg", "b" * 251 + ".jpg"):
        export.annotate(export.image(name), [box(1, 1, 4, 4)])
    export.write()
    assert len(convert(export, tmp_path / "out")) == 2
