"""Every layout that datakit reads through one suite: detection, items, archives, collisions."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import datakit
from datakit.errors import DatakitError, InputError
from datakit.io.layouts import READERS
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection, open_sources
from datakit.io.pixels import decoders
from tests.contracts import annotated_sources
from tests.verbs.exports import Export, box, jpeg, photo, png, zipped

Make = Callable[[Path], Path]


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(photo(32, 24)) if path.suffix == ".jpg" else png(photo(32, 24)))


def mask(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(np.eye(24, 32, dtype=np.uint8) * 255))


def make_coco(root: Path) -> Path:
    for split in ("train", "valid"):
        export = Export(root / split)
        for name in ("a.jpg", "sub/b.jpg"):
            export.annotate(export.image(name), [box(2, 2, 9, 9)])
        export.write()
    return root


def make_datakit(root: Path) -> Path:
    source = make_coco(root.with_name(f"{root.name}-source"))
    datakit.coco2mask(source, root, workers=0)
    return root


def make_images_masks(root: Path) -> Path:
    for split in ("train", "val"):
        for name in ("a", "sub/b"):
            picture(root / split / "images" / f"{name}.jpg")
            mask(root / split / "masks" / f"{name}.png")
    return root


def make_photos(root: Path) -> Path:
    for name in ("train/a.jpg", "train/sub/b.jpg", "valid/a.jpg", "valid/sub/b.jpg"):
        picture(root / name)
    return root


def make_p3m(root: Path) -> Path:
    for number in range(2):
        picture(root / f"train/blurred_image/p{number}.jpg")
        mask(root / f"train/mask/p{number}.png")
        picture(root / f"validation/P3M-500-P/blurred_image/v{number}.jpg")
        mask(root / f"validation/P3M-500-P/mask/v{number}.png")
        mask(root / f"validation/P3M-500-P/trimap/v{number}.png")
    return root


def pairs_in(
    root: Path, photos: str, labels: dict[str, str], names: tuple[str, ...] = ("a", "sub/b")
) -> Path:
    """Write photos and labels for each split; ``{}`` is the split, ``{}`` again the name."""
    for split in ("train", "val"):
        for name in names:
            picture(root / photos.format(split, name))
            for pattern in labels.values():
                mask(root / pattern.format(split, name))
    return root


def make_u2net(root: Path) -> Path:
    for number in range(2):
        picture(root / f"DUTS/DUTS-TR/DUTS-TR/im_aug/a{number}.jpg")
        mask(root / f"DUTS/DUTS-TR/DUTS-TR/gt_aug/a{number}.png")
        picture(root / f"DUTS/DUTS-TE/DUTS-TE-Image/val_b{number}.jpg")
        mask(root / f"DUTS/DUTS-TE/DUTS-TE-Mask/val_b{number}.png")
    return root


def make_voc(root: Path) -> Path:
    for split, stems in (("train", "ab"), ("val", "cd")):
        for stem in stems:
            picture(root / f"JPEGImages/{stem}.jpg")
            mask(root / f"SegmentationClass/{stem}.png")
        listed = root / f"ImageSets/Segmentation/{split}.txt"
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_text("\n".join(stems) + "\n")
    return root


def make_cityscapes(root: Path) -> Path:
    for split in ("train", "val"):
        for number in range(2):
            stem = f"{split}/aachen/aachen_00000{number}_000019"
            photo_path = root / f"leftImg8bit/{stem}_leftImg8bit.png"
            photo_path.parent.mkdir(parents=True, exist_ok=True)
            photo_path.write_bytes(png(photo(32, 24)))
            label = root / f"gtFine/{stem}_gtFine_labelIds.png"
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_bytes(png(np.full((24, 32), 24, np.uint8)))
    return root


def make_imagefolder(root: Path) -> Path:
    pairs_in(root, "{}/p/{}.jpg", {"mask": "{}/m/{}.png"})
    for split in ("train", "val"):
        rows = [
            {"file_name": f"p/{name}.jpg", "mask_file_name": f"m/{name}.png"}
            for name in ("a", "sub/b")
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (root / split / "metadata.jsonl").write_text(text)
    return root


def exported(name: str) -> Make:
    def make(root: Path) -> Path:
        size = {"size": "32x24"} if name == "numpy" else {}
        source = make_images_masks(root.with_name(f"{root.name}-source"))
        datakit.export(source, root, format=name, workers=0, **size)
        for own in ("metadata.jsonl", "dataset.json", "shards.jsonl"):
            (root / own).unlink(missing_ok=True)
        return root

    return make


def folders(photos: str, **labels: str) -> Make:
    return lambda root: pairs_in(root, photos, labels)


MAKERS: dict[str, Make] = {
    "datakit": make_datakit,
    "coco": make_coco,
    **annotated_sources.MAKERS,
    "parquet": exported("parquet"),
    "webdataset": exported("webdataset"),
    "numpy": exported("numpy"),
    "imagefolder": make_imagefolder,
    "voc": make_voc,
    "cityscapes": make_cityscapes,
    "p3m": make_p3m,
    "u2net": make_u2net,
    "composition": folders("{}/merged/{}_0.jpg", alpha="{}/alpha/{}_0.png"),
    "rvm": folders("{}/fgr/{}.jpg", alpha="{}/pha/{}.png"),
    "dis": folders("{}/im/{}.jpg", mask="{}/gt/{}.png"),
    "modnet": folders("{}/image/{}.jpg", alpha="{}/matte/{}.png"),
    "images-masks": make_images_masks,
    "suffixes": folders("{}/{}.jpg", mask="{}/{}_mask.png"),
    "two-folders": folders("raw/{}/{}.jpg", mask="contours/{}/{}.png"),
    "photos": make_photos,
}
LABELS = {
    "coco": None,
    **dict.fromkeys(annotated_sources.MAKERS),
    "photos": None,
    "p3m": "alpha",
    "composition": "alpha",
    "rvm": "alpha",
    "modnet": "alpha",
}
"""Layout -> kind of its labels where that is not the mask."""


def test_every_layout_is_in_this_suite() -> None:
    assert set(MAKERS) == set(READERS)


@pytest.fixture(params=READERS)
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def source(layout: str, tmp_path: Path) -> Path:
    return MAKERS[layout](tmp_path / "source")


def opened(path: Path) -> Collection:
    return open_sources([str(path)])


def test_it_is_told_by_its_content(layout: str, source: Path) -> None:
    assert opened(source).formats == (layout,)
    assert open_sources([str(source)], layout=layout).formats == (layout,)


def test_items_are_as_many_as_promised_unique_and_in_one_order(source: Path) -> None:
    collection = opened(source)
    items = list(collection.items())
    assert len(items) == len(collection) == 4
    assert collection.failures == ()
    keys = [item.key for item in items]
    assert len(set(keys)) == 4
    assert keys == [item.key for item in opened(source).items()]
    for kind in ("images", "masks", "alphas"):
        places = [item.place(kind, ".png").casefold() for item in items]
        assert len(set(places)) == 4
        assert not any(".." in place or place.startswith("/") for place in places)
    assert {item.split for item in items} == {"train", "val"}


def test_every_file_of_an_item_can_be_read_where_the_work_is_done(source: Path) -> None:
    for item in opened(source).items():
        travelled: Item = pickle.loads(pickle.dumps(item))
        assert travelled == item
        assert travelled.image is not None
        assert decoders.decode_photo(travelled.image.read()).shape == (24, 32, 3)
        for label in (travelled.mask, travelled.alpha, travelled.trimap):
            if label is not None:
                assert decoders.decode_mask(label.read()).shape == (24, 32)


def test_labels_are_found(layout: str, source: Path) -> None:
    items = list(opened(source).items())
    expected = LABELS.get(layout, "mask")
    assert opened(source).parts[0][2].labelled == (0 if layout == "photos" else 4)
    for item in items:
        for kind in ("mask", "alpha"):
            assert (getattr(item, kind) is not None) is (kind == expected)
        assert bool(item.annotations) is (layout in {"coco", *annotated_sources.MAKERS})
    assert sum(item.trimap is not None for item in items) == (2 if layout == "p3m" else 0)


def test_an_archive_is_read_like_its_folder(source: Path, tmp_path: Path) -> None:
    archive = opened(zipped(source, tmp_path / "source.zip"))
    folder = opened(source)
    assert archive.formats == folder.formats
    for inside, beside in zip(archive.items(), folder.items(), strict=True):
        assert (inside.key, inside.stem, inside.group) == (beside.key, beside.stem, beside.group)
        assert inside.image is not None
        assert beside.image is not None
        assert inside.image.read() == beside.image.read()


def test_two_sources_of_equal_names_are_kept_apart(layout: str, tmp_path: Path) -> None:
    paths = [str(MAKERS[layout](tmp_path / part / "source")) for part in ("x", "y")]
    items = list(open_sources(paths).items())
    assert len({item.key for item in items}) == 8
    assert len({item.place("masks", ".png") for item in items}) == 8
    assert len({item.group for item in items}) == 2 * len({i.group for i in items[:4]})
    with pytest.raises(InputError, match="one source is named twice"):
        open_sources([paths[0], paths[0]])


def test_a_layout_that_it_is_not_is_one_sentence(layout: str, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/notes.txt").write_text("nothing here")
    with pytest.raises(DatakitError) as caught:
        open_sources([str(tmp_path / "src")], layout=layout)
    assert "\n" not in str(caught.value)


def test_validate_and_stats_take_it(source: Path) -> None:
    assert datakit.validate(source, workers=0).problems == ()
    assert datakit.stats(source, workers=0).failed == 0


# Particulars


def failures(path: Path) -> list[str]:
    return [f"{failure.id}: {failure.error}" for failure in opened(path).failures]


def test_a_label_without_an_image_is_a_failure(tmp_path: Path) -> None:
    root = make_images_masks(tmp_path / "src")
    mask(root / "train/masks/lonely.png")
    [row] = failures(root)
    assert row.startswith("train/masks/lonely.png: this label has no image")


@pytest.mark.parametrize("shape", ["images/train/{}", "train/images/{}", "images/{}"])
def test_splits_above_or_below(tmp_path: Path, shape: str) -> None:
    picture(tmp_path / "src" / shape.format("a.jpg"))
    mask(tmp_path / "src" / shape.replace("images", "mattes").format("a.png"))
    [item] = opened(tmp_path / "src").items()
    assert item.alpha is not None
    assert item.key == ("train/a.jpg" if "train" in shape else "a.jpg")


def test_two_pictures_of_one_place_are_never_silently_one(tmp_path: Path) -> None:
    for name in ("valid/a.jpg", "val/a.jpg", "val/b.jpg"):
        picture(tmp_path / "src" / name)
    collection = opened(tmp_path / "src")
    assert [item.key for item in collection.items()] == ["val/a.jpg", "val/b.jpg"]
    [row] = collection.failures
    assert "two images have it" in row.error


def test_bad_rows_of_a_dataset_are_failures_and_the_others_are_read(tmp_path: Path) -> None:
    root = make_datakit(tmp_path / "src")
    manifest = root / "metadata.jsonl"
    rows = manifest.read_bytes().splitlines()
    first = json.loads(rows[0])
    bad = [
        b"{",
        b"\xff\xfe",
        json.dumps(first).encode(),
        json.dumps(first | {"id": "x", "width": -3}).encode(),
        json.dumps(first | {"id": "y", "file_name": "../../etc/passwd"}).encode(),
    ]
    manifest.write_bytes(b"\n".join(rows + bad) + b"\n")
    collection = opened(root)
    assert len(collection) == 4
    assert [failure.id for failure in collection.failures] == [f"line {n}" for n in range(5, 10)]
    assert "taken by another row" in collection.failures[2].error
    assert "$.width" in collection.failures[3].error
    assert "leaves it" in collection.failures[4].error
    assert datakit.validate(root, workers=0).exit_code == 1


def coco(tmp_path: Path, text: bytes | None = None, **members: object) -> Collection:
    export = Export(tmp_path / "src")
    for name in ("a.jpg", "b.jpg"):
        export.annotate(export.image(name), [box(2, 2, 9, 9)])
    export.document |= members
    path = export.write()
    if text is not None:
        path.write_bytes(text)
    return opened(tmp_path / "src")


@pytest.mark.parametrize("kind", [int, float, str])
def test_ids_of_any_kind_are_one(tmp_path: Path, kind: type) -> None:
    rows = [{"id": kind(k), "file_name": f"{'ab'[k]}.jpg"} for k in range(2)]
    entry = {"id": 1, "image_id": 1, "category_id": "1", "segmentation": [box(1, 1, 5, 5)]}
    collection = coco(tmp_path, images=rows, annotations=[entry])
    first, second = collection.items()
    assert first.annotations == b"[]"
    assert json.loads(second.annotations) == [entry]
    assert collection.failures == ()


def test_a_byte_order_mark_and_constants_that_json_does_not_have(tmp_path: Path) -> None:
    text = (
        b'\xef\xbb\xbf{"images": [{"id": 0, "file_name": "a, NaN .jpg", "score": NaN},'
        b' {"id": 1, "file_name": "b.jpg", "score": -Infinity}], "categories": []}'
    )
    collection = coco(tmp_path, text)
    assert [item.rel for item in collection.items()] == ["a, NaN .jpg", "b.jpg"]


def test_wrong_entries_are_failures_with_their_place(tmp_path: Path) -> None:
    images_ = [
        {"id": 0, "file_name": "a.jpg"},
        {"id": 0, "file_name": "b.jpg"},
        {"id": 2},
        3,
        {"id": 4, "file_name": "../x.jpg"},
        {"id": 5, "file_name": "c.jpg", "width": "Infinity", "height": 5},
    ]
    annotations = [{"image_id": 77, "id": 5}, {"id": 6}, "x"]
    collection = coco(
        tmp_path, images=images_, annotations=annotations, categories=[{"id": 1}, None]
    )
    assert [item.rel for item in collection.items()] == ["c.jpg"]
    assert {failure.path for failure in collection.failures} == {
        "$.images[0].id",
        "$.images[2]",
        "$.images[3]",
        "$.images[4].file_name",
        "$.annotations[0].image_id",
        "$.annotations[1]",
        "$.annotations[2]",
        "$.categories[0]",
        "$.categories[1]",
    }
