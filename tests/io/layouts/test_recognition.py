"""Labelled trees of unnamed layouts: each is read right or refused, none as photos."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from datakit.io.layouts.base import ReadSettings
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels import images
from tests.verbs.exports import jpeg, photo, png

Tree = Callable[[Path], None]
STEMS = ("a", "b", "c", "d")


def disc(top: int = 255) -> np.ndarray:
    rows, columns = np.mgrid[:24, :32]
    return np.where((rows - 12) ** 2 + (columns - 16) ** 2 < 60, top, 0).astype(np.uint8)


def colours() -> np.ndarray:
    return np.where(disc()[..., None] > 0, np.uint8([200, 10, 30]), np.uint8([0, 0, 0]))


def soft() -> np.ndarray:
    rows, columns = np.mgrid[:24, :32]
    distance = np.hypot(rows - 12, columns - 16)
    return np.clip((12 - distance) * 40, 0, 255).astype(np.uint8)


def put(path: Path, data: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def pairs(photos: str, labels: str, label: np.ndarray | None = None) -> Tree:
    def make(root: Path) -> None:
        for number, stem in enumerate(STEMS):
            put(root / photos.format(stem), _encoded(photo(32, 24, seed=number), photos))
            put(root / labels.format(stem), _encoded(disc() if label is None else label, labels))

    return make


def _encoded(pixels: np.ndarray, name: str) -> bytes:
    if name.endswith(".jpg"):
        return jpeg(pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2))
    return png(pixels)


def beside(name: str, text: str) -> Tree:
    """Write photos with a file of text for each."""

    def make(root: Path) -> None:
        for number, stem in enumerate(STEMS):
            put(root / f"{stem}.jpg", jpeg(photo(32, 24, seed=number)))
            put(root / name.format(stem), text)

    return make


def one_file(name: str, document: object) -> Tree:
    def make(root: Path) -> None:
        beside("{}.jpg.md", "")(root)
        put(root / name, document if isinstance(document, str) else json.dumps(document))

    return make


READ: dict[str, tuple[Tree, str, str]] = {
    "imgs, masks": (pairs("imgs/{}.jpg", "masks/{}.png"), "images-masks", "mask"),
    "input, gt": (pairs("input/{}.jpg", "gt/{}.png"), "images-masks", "mask"),
    "im_aug, gt_aug": (pairs("im_aug/{}.jpg", "gt_aug/{}.png"), "u2net", "mask"),
    "images, labels": (pairs("images/{}.jpg", "labels/{}.png"), "images-masks", "mask"),
    "image, matte": (pairs("image/{}.jpg", "matte/{}.png", soft()), "modnet", "alpha"),
    "fgr, pha": (pairs("fgr/{}.jpg", "pha/{}.jpg", soft()), "rvm", "alpha"),
    "im, gt": (pairs("P/im/{}.jpg", "P/gt/{}.png", soft()), "dis", "alpha"),
    "merged, alpha": (pairs("merged/{}.png", "alpha/{}.png", soft()), "composition", "alpha"),
    "Training_Images, Ground_Truth": (
        pairs("Training_Images/{}.jpg", "Ground_Truth/{}.png"),
        "images-masks",
        "mask",
    ),
    "train, train_masks": (
        pairs("train/{}.jpg", "train_masks/{}_mask.png"),
        "images-masks",
        "mask",
    ),
    "raw, contours": (pairs("raw/{}.jpg", "contours/{}.png"), "two-folders", "mask"),
    "colours": (pairs("raw/{}.jpg", "drawn/{}.png", colours()), "two-folders", "mask"),
    "photos above masks": (pairs("{}.jpg", "masks/{}.png"), "images-masks", "mask"),
    "full names": (pairs("images/{}.jpg", "masks/{}.jpg.png"), "images-masks", "mask"),
    "letter case": (pairs("Images/{}.JPG", "Masks/{}.PNG"), "images-masks", "mask"),
    "train, trainannot": (pairs("train/{}.jpg", "trainannot/{}.png"), "two-folders", "mask"),
    "folders below differ": (
        pairs("clips/{0}/clip_0/{0}.jpg", "mattes/{0}/matte_0/{0}.png", soft()),
        "two-folders",
        "alpha",
    ),
    "opacity": (
        pairs("clip_img/{}.jpg", "matting/{}.png", np.dstack([photo(32, 24), soft()])),
        "two-folders",
        "alpha",
    ),
    "splits in both names": (
        pairs("TrainVal_images/train_images/{}.jpg", "TrainVal_parsing/train_segmentations/{}.png"),
        "images-masks",
        "mask",
    ),
    "splits above": (pairs("Train/Image/{}.jpg", "Train/GT/{}.png"), "images-masks", "mask"),
    "_mask": (pairs("{}.jpg", "{}_mask.png"), "suffixes", "mask"),
    "_Mask": (pairs("{}.JPG", "{}_Mask.PNG"), "suffixes", "mask"),
    "-matte": (pairs("{}.jpg", "{}-matte.png", soft()), "suffixes", "alpha"),
    "_gt": (pairs("{}.jpg", "{}_gt.png"), "suffixes", "mask"),
    "_seg": (pairs("{}.jpg", "{}_seg.png"), "suffixes", "mask"),
    "_image, _mask": (pairs("{}_image.jpg", "{}_mask.png"), "suffixes", "mask"),
    "mask_ in front": (pairs("image_{}.jpg", "mask_{}.png"), "suffixes", "mask"),
    "jpg and png": (pairs("{}.jpg", "{}.png"), "suffixes", "mask"),
    "VOC": (pairs("JPEGImages/{}.jpg", "SegmentationClass/{}.png", disc(15)), "voc", "mask"),
    "ADE": (
        pairs("images/training/{}.jpg", "annotations/training/{}.png", disc(7)),
        "images-masks",
        "mask",
    ),
}

REFUSED: dict[str, Tree] = {
    "XML for each photo": beside("{}.xml", "<annotation><object><bndbox/></object></annotation>"),
    "landmarks for each photo": beside("{}.txt", "10.5 11.25\n20 21.5\n30.75 9\n"),
    "arrays for each photo": beside("{}.npy", "x"),
    "MATLAB for each photo": beside("{}.mat", "x"),
    "points for each photo": beside("points/{}.pts", "x"),
    "one table": one_file(
        "boxes.csv", "file,x1,y1,x2,y2\n" + "".join(f"{s}.jpg,1,2,30,20\n" for s in STEMS)
    ),
    "one unknown JSON": one_file(
        "anything.json", {f"{s}.jpg": {"contour": [[1, 2], [3, 4], [5, 6]]} for s in STEMS}
    ),
    "a file of an unknown kind": one_file("annotations/train.datum", "x"),
    "labels of other names": pairs("train/{}.jpg", "train_labels/{}_L.png"),
    "grey pictures": pairs("raw/{}.jpg", "depth/{}.png", photo(32, 24)[..., 0]),
}

PHOTOS: dict[str, Tree] = {
    "README and captions": beside("{}.txt", "a person before a wall"),
    "splits of equal names": lambda root: pairs(
        "train/{}.jpg", "val/{}.jpg", photo(32, 24, seed=9)
    )(root),
    "persons of equal names": pairs("anna/{}.jpg", "ben/{}.jpg", photo(32, 24, seed=9)),
    "a grey photo": pairs("{}.jpg", "more/{}_grey.png", photo(32, 24)[..., 0]),
}


@pytest.mark.parametrize("name", READ)
def test_a_labelled_tree_is_read(tmp_path: Path, name: str) -> None:
    make, layout, kind = READ[name]
    make(tmp_path / "src")
    source = open_sources([str(tmp_path / "src")])
    assert source.formats == (layout,)
    assert source.failures == ()
    items = list(source.items())
    assert len(items) == len(STEMS)
    assert all(getattr(item, kind) is not None for item in items)
    assert all(item.image != getattr(item, kind) for item in items)
    [line] = source.read_as
    assert line.startswith(f"read as {layout}: 4 images, 4 labels, not read: nothing")


@pytest.mark.parametrize("name", REFUSED)
def test_labels_that_no_layout_claims_are_refused(tmp_path: Path, name: str) -> None:
    REFUSED[name](tmp_path / "src")
    with pytest.raises(InputError) as caught:
        open_sources([str(tmp_path / "src")])
    for word in ("--images-dir", "--labels-dir", "--from photos"):
        assert word in str(caught.value)
    photos = open_sources([str(tmp_path / "src")], layout="photos")
    assert len(photos) >= len(STEMS)


def test_labels_that_no_photo_has_are_refused(tmp_path: Path) -> None:
    pairs("image/img_{}.jpg", "label/lbl_{}.png")(tmp_path)
    with pytest.raises(InputError, match=r"label/lbl_a\.png is one of 4 labels, image/img_a\.jpg"):
        open_sources([str(tmp_path)])


def test_colours_are_objects_as_cvat_writes_them(tmp_path: Path) -> None:
    pairs("JPEGImages/{}.jpg", "SegmentationClass/{}.png", disc(1))(tmp_path / "src")
    objects = colours()
    objects[:, 16:][disc()[:, 16:] > 0] = (0, 128, 0)
    pairs("JPEGImages/{}.jpg", "SegmentationObject/{}.png", objects)(tmp_path / "src")
    put(tmp_path / "src/labelmap.txt", "background:0,0,0::\nperson:200,10,30::\n")
    summary = datakit.coco2mask(tmp_path / "src", tmp_path / "out", kind="instance", workers=0)
    assert (summary.failed, summary.counts["samples"]) == (0, 4)
    for item in open_sources([str(tmp_path / "out")]).items():
        assert item.sample and [one.category for one in item.sample.instances] == ["person"] * 2


def test_ids_of_cityscapes_are_those_of_a_file_beside(tmp_path: Path) -> None:
    pairs("leftImg8bit/val/{}_leftImg8bit.png", "gtFine/val/{}_gtFine_labelIds.png", disc(1))(
        tmp_path
    )
    assert "person" in open_sources([str(tmp_path)]).classes[16:]
    put(tmp_path / "label_colors.txt", " background\n person\n")
    assert open_sources([str(tmp_path)]).label_map == {"background": 0, "person": 1}


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_are_photos(tmp_path: Path, name: str) -> None:
    PHOTOS[name](tmp_path / "src")
    put(tmp_path / "src/README.md", "# Photos of a.jpg and b.jpg")
    source = open_sources([str(tmp_path / "src")])
    assert source.formats == ("photos",)
    assert ".md" in source.read_as[0]


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("kind", ["mask", "alpha", "trimap", None])
def test_any_two_folders(tmp_path: Path, kind: str | None, elsewhere: bool) -> None:
    make = pairs("train/fotos/{}.jpg", "train/freigestellt/{}.png", soft())
    make(tmp_path / "src")
    labels = "freigestellt"
    if elsewhere:
        (tmp_path / "src/train/freigestellt").rename(tmp_path / "other")
        labels = str(tmp_path / "other")
    settings = ReadSettings(images_dir="fotos", labels_dir=labels, labels=kind)
    source = open_sources([str(tmp_path / "src")], settings=settings)
    assert source.formats == ("two-folders",)
    assert source.failures == ()
    [found] = {
        k for item in source.items() for k in ("mask", "alpha", "trimap") if getattr(item, k)
    }
    assert found == (kind or "alpha")
    assert {item.split for item in source.items()} == {"train"}


def test_what_is_not_read_is_counted_by_suffix(tmp_path: Path) -> None:
    pairs("imgs/{}.jpg", "masks/{}.png")(tmp_path / "src")
    for name in ("x.xml", "y.xml", "notes.docx", "LICENSE"):
        put(tmp_path / "src" / name, "x")
    [line] = open_sources([str(tmp_path / "src")]).read_as
    assert line.endswith("not read: 1 .docx, 2 .xml, 1 LICENSE")


def test_index_pictures_void_and_names(tmp_path: Path) -> None:
    label = disc(2)
    label[0] = 255
    label[1] = 1
    pairs("images/{}.jpg", "labels/{}.png", label)(tmp_path / "src")
    source = open_sources([str(tmp_path / "src")])
    assert source.label_map == {"background": 0, "class_1": 1, "class_2": 2}
    assert any("without names" in note for note in source.notes)
    put(tmp_path / "src/classes.txt", "background\nskin\nhair\n")
    source = open_sources([str(tmp_path / "src")])
    assert source.label_map == {"background": 0, "skin": 1, "hair": 2}
    assert next(iter(source.items())).coding.ignored == (255,)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "labelmap.txt",
            "# label:color_rgb:parts:actions\nbackground:0,0,0::\nperson:200,10,30::\n",
        ),
        ("class_dict.csv", "name,r,g,b\nbackground,0,0,0\nperson,200,10,30\n"),
        ("label_colors.txt", "0 0 0\tbackground\n200 10 30\tperson\n"),
    ],
)
def test_colours_are_named_by_a_file(tmp_path: Path, name: str, text: str) -> None:
    make = pairs("JPEGImages/{}.jpg", "SegmentationClass/{}.png", colours())
    make(tmp_path / "src")
    put(tmp_path / "src" / name, text)
    source = open_sources([str(tmp_path / "src")])
    assert source.label_map == {"background": 0, "person": 1}
    coding = dict(next(iter(source.items())).coding.colours)
    assert coding[200, 10, 30] == 1
    assert coding[224, 224, 192] == 255


def test_masks_of_another_size_are_failures(tmp_path: Path) -> None:
    import datakit

    pairs("imgs/{}.jpg", "masks/{}.png")(tmp_path / "src")
    put(tmp_path / "src/masks/a.png", images.encode_png(np.zeros((9, 9), np.uint8)))
    summary = datakit.coco2mask(tmp_path / "src", tmp_path / "out", workers=0)
    assert summary.failed == 1
    assert summary.counts["masks"] == 3


def test_real_photos_with_ground_truth() -> None:
    source = Path(__file__).parents[3].parent / "shared/data/personseg/vikram_human_seg"
    if not source.is_dir():
        pytest.skip("needs ../shared/data")
    found = open_sources([str(source)])
    assert found.formats == ("images-masks",)
    assert (len(found), found.failures) == (110, ())
    assert all(item.mask for item in found.items())


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"labels": "mask"}, "--labels"),
        ({"images_dir": "elsewhere"}, "--images-dir"),
        ({"annotator": "anna"}, "--annotator"),
        ({"predictions": True}, "--predictions"),
    ],
)
def test_an_option_that_the_layout_does_not_heed_is_refused(
    tmp_path: Path, options: dict[str, object], flag: str
) -> None:
    READ["imgs, masks"][0](tmp_path)
    with pytest.raises(InputError, match=f"{flag}: it means nothing to SRC"):
        datakit.validate(tmp_path, workers=0, **options)


def test_a_coco_results_list_is_never_plain_photos(tmp_path: Path) -> None:
    put(tmp_path / "val/a.jpg", jpeg(photo(32, 24)))
    found = [{"image_id": 1, "category_id": 1, "segmentation": [[0, 0, 9, 0, 9, 9]], "score": 0.9}]
    put(tmp_path / "results.json", json.dumps(found))
    with pytest.raises(InputError, match=r"results\.json is a COCO results list"):
        open_sources([str(tmp_path)])


def test_vocs_augmented_masks_and_split_are_vocs(tmp_path: Path) -> None:
    for name, split in (("a", "trainaug"), ("b", "val")):
        put(tmp_path / f"VOC2012/JPEGImages/{name}.jpg", jpeg(photo(32, 24)))
        put(tmp_path / f"VOC2012/SegmentationClassAug/{name}.png", png(disc(15)))
        put(tmp_path / f"VOC2012/ImageSets/Segmentation/{split}.txt", name)
    put(tmp_path / "VOC2012/SegmentationClass/b.png", png(disc(15)))
    found = open_sources([str(tmp_path)])
    assert found.formats == ("voc",)
    assert {item.split for item in found.items() if item.mask} == {"train", "val"}
    assert "person" in found.classes
