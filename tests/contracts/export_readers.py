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

from datakit.core.polygons import polygon_mask

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
        for path in sorted((out / facts["path"] / facts[side]).iterdir()):
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
        found[side, row["name"]] = arrays
    return found


READERS: dict[str, Callable[[Path], dict[Key, dict[str, np.ndarray]]]] = {
    "p3m": read_p3m,
    "u2net": read_u2net,
    "modnet": read_modnet,
    "images-masks": read_images_masks,
    "coco": read_coco,
    "yolo-seg": read_yolo,
    "webdataset": read_webdataset,
    "parquet": read_parquet,
    "numpy": read_numpy,
}
