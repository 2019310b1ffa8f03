"""Each layout read as its own program reads it: walks of the tree, and the real packages.

Nothing here uses datakit to find a file: what these walks find is what a training would find.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from datakit.core.masks.polygons import polygon_mask
from datakit.io.layouts.sample_names import flat_name
from tests.core.masks.test_brush_rle import slow_decode

Key = tuple[str, str]
"""(side, name)."""


def gray(path: Path | BytesIO) -> np.ndarray:
    with Image.open(path) as picture:
        return np.array(picture)


def rgb(path: Path | BytesIO) -> np.ndarray:
    with Image.open(path) as picture:
        return np.array(picture.convert("RGB"))


def read_p3m(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    """Training: by the names in mask/, the photo and bg as .jpg, fg under the mask's own name."""
    found = {}
    for mask in sorted((out / "train/mask").iterdir()):
        photo = rgb(out / "train/blurred_image" / f"{mask.stem}.jpg")
        front = rgb(out / "train/fg" / mask.name)
        back = rgb(out / "train/bg" / f"{mask.stem}.jpg")
        label = gray(mask)
        assert front.shape == back.shape == photo.shape == (*label.shape, 3)
        opacity = label[..., None] / 255
        # JPEG's rounding and the estimate's: the three make the photo again.
        assert np.abs(opacity * front + (1 - opacity) * back - photo).mean() < 12
        found["train", mask.stem] = {"image": photo, "matte": label}
    for part, folder in (("P3M-500-P", "blurred_image"), ("P3M-500-NP", "original_image")):
        masks = out / "validation" / part / "mask"
        for mask in sorted(masks.iterdir()) if masks.is_dir() else []:
            photo = rgb(masks.parent / folder / f"{mask.stem}.jpg")
            trimap = gray(masks.parent / "trimap" / mask.name)
            assert set(np.unique(trimap)) <= {0, 128, 255}
            found["val", mask.stem] = {"image": photo, "matte": gray(mask)}
    return found


def read_u2net(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    """All im_aug/*.jpg; the label has the name up to its last dot, and .png."""
    found = {}
    for side, images, labels in (
        ("train", "DUTS/DUTS-TR/DUTS-TR/im_aug", "DUTS/DUTS-TR/DUTS-TR/gt_aug"),
        ("val", "DUTS/DUTS-TE/DUTS-TE-Image", "DUTS/DUTS-TE/DUTS-TE-Mask"),
    ):
        for path in sorted((out / images).glob("*.jpg")):
            name = ".".join(path.name.split(".")[:-1])
            label = gray(out / labels / f"{name}.png")
            found[side, name.removeprefix("val_")] = {"image": rgb(path), "matte": label}
        assert len(list((out / images).iterdir())) == len(list((out / labels).iterdir()))
    return found


def read_modnet(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    found = {}
    for side in ("train", "val"):
        for path in sorted((out / side / "image").iterdir()):
            trimap = gray(out / side / "trimap" / f"{path.stem}.png")
            assert set(np.unique(trimap)) <= {0, 128, 255}
            matte = gray(out / side / "matte" / f"{path.stem}.png")
            assert ((matte == 255) | (trimap != 255)).all()
            assert ((matte == 0) | (trimap != 0)).all()
            found[side, path.stem] = {"image": rgb(path), "matte": matte}
    return found


def read_dis(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    found = {}
    for part, side in (("DIS-TR", "train"), ("DIS-VD", "val")):
        for path in sorted((out / part / "im").glob("*.jpg")):
            matte = gray(out / part / "gt" / f"{path.stem}.png")
            found[side, path.stem] = {"image": rgb(path), "matte": matte}
    return found


def read_composition(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    found = {}
    for side in ("train", "val"):
        for path in sorted((out / side / "merged").iterdir()):
            parts = {
                kind: out / side / kind / path.name for kind in ("alpha", "trimap", "fg", "bg")
            }
            matte, photo = gray(parts["alpha"]), rgb(path)
            opacity = matte[..., None] / 255
            again = opacity * rgb(parts["fg"]) + (1 - opacity) * rgb(parts["bg"])
            assert np.abs(again - photo).mean() < 12
            assert set(np.unique(gray(parts["trimap"]))) <= {0, 128, 255}
            found[side, path.stem.removesuffix("_0")] = {"image": photo, "matte": matte}
    return found


def read_rvm(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    """As its ImageMatteDataset does: equal names in fgr and pha."""
    found = {}
    for side in ("train", "val"):
        for path in sorted((out / side / "fgr").iterdir()):
            matte = gray(out / side / "pha" / path.name)
            assert rgb(path).shape[:2] == matte.shape
            found[side, path.stem] = {"matte": matte}
    return found


def read_voc(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    """By the lists: a photo, and indices of VOC's palette."""
    found = {}
    for side in ("train", "val"):
        for name in (out / f"ImageSets/Segmentation/{side}.txt").read_text().split():
            path = out / f"SegmentationClass/{name}.png"
            with Image.open(path) as picture:
                assert picture.mode == "P"
                assert picture.getpalette()[3:6] == [128, 0, 0]
            label = np.where(gray(path) > 0, np.uint8(255), np.uint8(0))
            photo = rgb(out / f"JPEGImages/{name}.jpg")
            found[side, name.removeprefix(f"{side}_")] = {"image": photo, "binary": label}
    return found


def read_images_masks(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    """Every entry of imgs/; just one file of each folder starts with its stem and a dot."""
    found = {}
    for side in ("train", "val"):
        imgs, masks = out / side / "imgs", out / side / "masks"
        for entry in sorted(imgs.iterdir()):
            if entry.name.startswith("."):
                continue
            (image,), (mask,) = imgs.glob(f"{entry.stem}.*"), masks.glob(f"{entry.stem}.*")
            picture, label = rgb(image), gray(mask)
            assert picture.shape[:2] == label.shape
            found[side, entry.stem] = {"image": picture, "mask": label}
    return found


def read_imagefolder(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    """Each split's own manifest, as Hugging Face's datasets reads it."""
    found = {}
    for side in ("train", "val"):
        for line in (out / side / "metadata.jsonl").read_text().splitlines():
            row = json.loads(line)
            files = {kind: row.get(f"{kind}_file_name") for kind in ("mask", "alpha")}
            arrays = {kind: gray(out / side / name) for kind, name in files.items() if name}
            image = out / side / row["file_name"]
            found[side, image.stem] = {"image": rgb(image), **arrays}
    return found


def read_coco(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    from pycocotools.coco import COCO

    found = {}
    for path in sorted((out / "annotations").glob("instances_*.json")):
        side = path.stem.removeprefix("instances_")
        coco = COCO(str(path))
        for image in coco.loadImgs(coco.getImgIds()):
            label = np.zeros((image["height"], image["width"]), np.uint8)
            for annotation in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
                mask = coco.annToMask(annotation)
                assert annotation["area"] == mask.sum()
                rows, columns = np.nonzero(mask)
                left, top = columns.min(), rows.min()
                size = columns.max() + 1 - left, rows.max() + 1 - top
                assert annotation["bbox"] == [left, top, *size]
                label |= 255 * mask
            photo = rgb(out / "images" / side / image["file_name"])
            found[side, Path(image["file_name"]).stem] = {"image": photo, "binary": label}
    return found


def read_yolo(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    import yaml

    facts = yaml.safe_load((out / "data.yaml").read_text())
    assert facts["nc"] == len(facts["names"])
    found = {}
    for side in ("train", "val"):
        for path in sorted((out / facts[side]).iterdir()):
            photo = rgb(path)
            # Ultralytics: the last /images/ of the path becomes /labels/.
            text = (out / "labels" / side / f"{path.stem}.txt").read_text()
            label = np.zeros(photo.shape[:2], np.uint8)
            for line in text.splitlines():
                number, *values = line.split()
                assert int(number) in facts["names"]
                ring = np.array(values, np.float64).reshape(-1, 2)
                assert len(ring) >= 3 and ring.min() >= 0 and ring.max() <= 1
                ring *= (photo.shape[1], photo.shape[0])
                label |= polygon_mask([ring], *label.shape, "evenodd", [0], 255)
            found[side, path.stem] = {"image": photo, "binary": label}
    return found


def read_webdataset(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    import webdataset

    found = {}
    for side in ("train", "val"):
        shards = sorted(map(str, (out / "data").glob(f"{side}-*.tar")))
        for sample in webdataset.WebDataset(shards, shardshuffle=False):
            facts = json.loads(sample["json"])
            assert facts["width"] > 0
            arrays = {"image": rgb(BytesIO(sample["jpg"]))}
            for kind in ("mask", "alpha"):
                if f"{kind}.png" in sample:
                    arrays[kind] = gray(BytesIO(sample[f"{kind}.png"]))
            found[side, sample["__key__"]] = arrays
    return found


def read_parquet(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    import pandas as pd

    found = {}
    for side in ("train", "val"):
        for path in sorted((out / "data").glob(f"{side}-*.parquet")):
            for row in pd.read_parquet(path).to_dict("records"):
                arrays = {"image": rgb(BytesIO(row["image"]["bytes"]))}
                for kind in ("mask", "alpha"):
                    if kind in row:
                        arrays[kind] = gray(BytesIO(row[kind]["bytes"]))
                found[side, Path(row["image"]["path"]).stem] = arrays
    return found


def read_numpy(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    found: dict[Key, dict[str, np.ndarray]] = {}
    rows = [json.loads(line) for line in (out / "shards.jsonl").read_text().splitlines()]
    for row in rows:
        side = row["shard"].split("-")[0]
        ending = row["shard"].removeprefix(side)
        arrays: dict[str, Any] = {}
        for kind in ("image", "mask", "alpha"):
            path = out / side / f"{kind}s{ending}.npy"
            if path.exists():
                arrays[kind] = np.load(path, mmap_mode="r")[row["row"]]
        if "alpha" in arrays:
            # All that a reader has to tell how much is opaque is the array's type.
            alpha = arrays.pop("alpha")
            arrays["matte"] = np.rint(alpha / np.iinfo(alpha.dtype).max * 255).astype(np.uint8)
        found[side, row["name"]] = arrays
    return found


def painted(rings: list[np.ndarray], height: int, width: int) -> np.ndarray:
    return polygon_mask([np.array(ring, np.float64) for ring in rings], height, width, value=255)


def read_roboflow(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    """A folder a split, images beside the COCO file; ids from 1; polygons only."""
    from pycocotools.coco import COCO

    found = {}
    for path in sorted(out.rglob("_annotations.coco.json")):
        side = {"valid": "val"}.get(path.parent.name, path.parent.name)
        coco = COCO(str(path))
        assert coco.getImgIds() == list(range(1, len(coco.imgs) + 1))
        assert coco.getAnnIds() == list(range(1, len(coco.anns) + 1))
        for image in coco.loadImgs(coco.getImgIds()):
            label = np.zeros((image["height"], image["width"]), np.uint8)
            for annotation in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
                assert all(len(ring) >= 6 for ring in annotation["segmentation"])
                label |= 255 * coco.annToMask(annotation)
            photo = rgb(path.parent / image["file_name"])
            name = flat_name(image["file_name"].removesuffix(".jpg"))
            found[side, name] = {"image": photo, "near": label}
    return found


def read_cvat(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    """CVAT for images 1.1: runs of zeros and ones, row by row, within the mask's box."""
    from xml.etree import ElementTree

    found = {}
    root = ElementTree.parse(out / "annotations.xml").getroot()
    assert root.findtext("version") == "1.1"
    names = {label.findtext("name") for label in root.iter("label")}
    for image in root.iter("image"):
        label = np.zeros((int(image.attrib["height"]), int(image.attrib["width"])), np.uint8)
        for mask in image.iter("mask"):
            assert mask.attrib["label"] in names
            left, top, width, height = (
                int(mask.attrib[key]) for key in ("left", "top", "width", "height")
            )
            flat: list[int] = []
            for number, length in enumerate(mask.attrib["rle"].split(",")):
                flat += [number % 2] * int(length)
            box = np.array(flat, np.uint8).reshape(height, width)
            label[top : top + height, left : left + width] |= 255 * box
        side, _, name = image.attrib["name"].rpartition("/")
        photo = rgb(out / "images" / image.attrib["name"])
        found[side, Path(name).stem] = {"image": photo, "binary": label}
    return found


def read_label_studio(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    """Predictions: polygons in percent, brush masks as RGBA."""
    from urllib.parse import unquote

    found = {}
    for task in json.loads((out / "tasks.json").read_text()):
        path = out / unquote(task["data"]["image"].split("?d=")[1])
        photo = rgb(path)
        label = np.zeros(photo.shape[:2], np.uint8)
        for region in task["predictions"][0]["result"]:
            height, width = region["original_height"], region["original_width"]
            assert (height, width) == label.shape
            value = region["value"]
            if region["type"] == "brushlabels":
                values = np.array(slow_decode(value["rle"]), np.uint8)
                label |= values.reshape(height, width, 4)[:, :, 3]
            else:
                points = np.array(value["points"]) / 100 * (width, height)
                label |= painted([points], height, width)
        found[path.parent.name, path.stem] = {"image": photo, "near": label}
    return found


def read_labelme(out: Path) -> dict[Key, dict[str, np.ndarray]]:
    found = {}
    for path in sorted(out.glob("*/*.json")):
        document = json.loads(path.read_text())
        photo = rgb(path.parent / document["imagePath"])
        assert photo.shape[:2] == (document["imageHeight"], document["imageWidth"])
        rings = [shape["points"] for shape in document["shapes"]]
        label = painted(rings, *photo.shape[:2])
        found[path.parent.name, path.stem] = {"image": photo, "near": label}
    return found


READERS: dict[str, Callable[[Path], dict[Key, dict[str, np.ndarray]]]] = {
    "p3m": read_p3m,
    "u2net": read_u2net,
    "modnet": read_modnet,
    "dis": read_dis,
    "composition": read_composition,
    "rvm": read_rvm,
    "images-masks": read_images_masks,
    "imagefolder": read_imagefolder,
    "voc": read_voc,
    "coco": read_coco,
    "yolo-seg": read_yolo,
    "roboflow": read_roboflow,
    "cvat": read_cvat,
    "label-studio": read_label_studio,
    "labelme": read_labelme,
    "webdataset": read_webdataset,
    "parquet": read_parquet,
    "numpy": read_numpy,
}
