"""The two Roboflow exports: one clean, one with every fault that a reader must survive."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import astronaut
import cv2
import numpy as np
import skimage.data
from coco import JPEG_QUALITY, Points, Split, bbox_of, flat, outline, rle, save, token
from figures import Portrait
from numpy.typing import NDArray
from PIL import Image

SIDE = 320
TINY_WH = (64, 48)

README_ROBOFLOW = """
datakit sample portraits - v3 2026-03-14 9:26am
==============================

This dataset imitates an export of roboflow.com on March 14, 2026; it was made by a program.

The dataset includes {count} images.
Person are annotated in COCO Segmentation format.

The following pre-processing was applied to each image:
* Auto-orientation of pixel data (with EXIF-orientation stripping)
* Resize to 320x320 (Stretch)

The following augmentation was applied to create 3 versions of each source image:
* 50% probability of horizontal flip
* Equal probability of one of the following 90-degree rotations: none, clockwise
* Random brigthness adjustment of between -25 and +25 percent
"""

README_DATASET = """# datakit sample portraits > 2026-03-14 9:26am

Provided by datakit (drawn by a program; see ../PROVENANCE.md)
License: CC0 1.0
"""


def stretched(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize to 320x320 whatever the aspect, as Roboflow's "Stretch" does."""
    return cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def stretched_outline(alpha: NDArray[np.uint8]) -> Points:
    """Return the outline of an alpha in the stretched image's pixels."""
    height, width = alpha.shape
    return outline(alpha) * (SIDE / width, SIDE / height)


def name(stem: str, version: str = "v3", length: int = 32) -> str:
    """Return Roboflow's file name for a source stem (extension folded in)."""
    return f"{stem}.rf.{token(stem, version, length)}.jpg"


def augmented(split: Split, portrait: Portrait) -> None:
    """Add three copies of one source: turned clockwise, mirrored, brighter."""
    image, ring = stretched(portrait.image), stretched_outline(portrait.alpha)
    turned = np.stack([SIDE - ring[:, 1], ring[:, 0]], axis=1)
    mirrored = np.stack([SIDE - ring[:, 0], ring[:, 1]], axis=1)
    brighter = np.clip(image * 1.22, 0, 255).astype(np.uint8)
    copies = ((np.rot90(image, -1), turned), (image[:, ::-1], mirrored), (brighter, ring))
    for index, (pixels, points) in enumerate(copies):
        file_name = name(f"{portrait.name}_png", f"copy {index}")
        image_id = split.image(file_name, np.ascontiguousarray(pixels), (SIDE, SIDE),
                               f"{portrait.name}.png")  # fmt: skip
        split.polygon(image_id, points)


def two_people(
    left: Portrait, right: Portrait
) -> tuple[NDArray[np.uint8], list[NDArray[np.uint8]]]:
    """Put two portraits side by side on one background; return the image and both alphas."""
    half = SIDE // 2
    image = stretched(left.background).astype(np.float64)
    alphas = []
    for portrait, start in ((left, 0), (right, half)):
        alpha = np.zeros((SIDE, SIDE), np.uint8)
        size = (half, SIDE * 5 // 8)
        region = np.s_[SIDE - size[1] :, start : start + half]
        alpha[region] = cv2.resize(portrait.alpha, size, interpolation=cv2.INTER_AREA)
        front = cv2.resize(portrait.image, size, interpolation=cv2.INTER_AREA)
        weight = alpha[region][..., None] / 255
        image[region] = weight * front + (1 - weight) * image[region]
        alphas.append(alpha)
    return np.rint(image).astype(np.uint8), alphas


def train(folder: Path, drawn: Mapping[str, Portrait]) -> Split:
    """Write train: every form of segmentation a clean export can hold."""
    split = Split(folder)
    augmented(split, drawn["red_wind_blown"])
    size = (SIDE, SIDE)

    one = split.image(name("astronaut_png"), astronaut.image(), size)
    split.polygon(one, astronaut.outline())

    curly = drawn["curly_brown"]
    one = split.image(name("IMG_0412_JPG"), stretched(curly.image), size)
    hard = stretched(curly.alpha) > 127
    hard[232:252, 40:56] = False  # a hole, as a brush leaves one
    low, high = np.argwhere(hard).min(axis=0), np.argwhere(hard).max(axis=0) + 1
    box = [int(low[1]), int(low[0]), int(high[1] - low[1]), int(high[0] - low[0])]
    split.annotate(one, rle(hard, compressed=True), box)

    bald = drawn["bald_beard"]
    one = split.image(
        name("portrait-5_jpeg", length=20), stretched(bald.image), size, "portrait-5.jpeg"
    )
    points = np.rint(stretched_outline(bald.alpha))
    x, y, width, height = bbox_of(points)
    split.annotate(one, [flat(points, 0, closed=False)], [x, y, f"{width:.4f}", f"{height:.4f}"])

    cat = np.ascontiguousarray(skimage.data.chelsea()[:, 60:420])
    split.image(name("chelsea_png"), stretched(cat), size)

    pair, alphas = two_people(drawn["grey_short_glasses"], drawn["blond_bun"])
    one = split.image(name("two-people-1-_jpg", length=20), pair, size, "two people (1)")
    for alpha in alphas:
        split.polygon(one, outline(alpha))
    split.write()
    return split


def roboflow_export(root: Path, drawn: Mapping[str, Portrait]) -> None:
    """Write the clean export: every annotation in it is valid."""
    size = (SIDE, SIDE)
    splits = [train(root / "train", drawn)]

    valid = Split(root / "valid")
    long = drawn["dark_long_hair"]
    one = valid.image(name("dark_long_hair_png"), stretched(long.image), size)
    ring = stretched_outline(long.alpha)
    valid.annotate(one, flat(ring), bbox_of(ring))  # one flat list, as hand-converted files have
    other = drawn["dark_curls"]
    one = valid.image(name("dark_curls_png"), stretched(other.image), size)
    hard = stretched(other.alpha) > 127
    rows, columns = np.flatnonzero(hard.any(axis=1)), np.flatnonzero(hard.any(axis=0))
    box = [int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1]
    valid.annotate(one, rle(hard, compressed=False), box)
    beard = drawn["white_beard"]
    one = valid.image(name("white_beard_png"), stretched(beard.image), size)
    valid.polygon(one, stretched_outline(beard.alpha))
    splits.append(valid)

    test = Split(root / "test", first_annotation_id=1)
    wind = drawn["black_wind"]
    one = test.image(name("black_wind_png"), stretched(wind.image), size)
    test.polygon(one, stretched_outline(wind.alpha), closed=False)
    bun = drawn["auburn_bun"]
    one = test.image(name("auburn_bun_png"), stretched(bun.image), size)
    test.annotate(one, [], bbox_of(stretched_outline(bun.alpha)))
    splits.append(test)

    for split in splits[1:]:
        split.write()
    count = sum(len(split.images) for split in splits)
    (root / "README.roboflow.txt").write_text(README_ROBOFLOW.format(count=count), encoding="utf-8")
    (root / "README.dataset.txt").write_text(README_DATASET, encoding="utf-8")


def scene(index: int, width: int = TINY_WH[0], height: int = TINY_WH[1]) -> NDArray[np.uint8]:
    """Draw a tiny scene: a red box at `BOX` on a ramp that differs from index to index."""
    y, x = np.mgrid[0:height, 0:width]
    ramp = np.stack([40 + x + 9 * index, 90 + y + 5 * index, 160 - x + 7 * index], axis=2)
    image = np.clip(ramp, 0, 255).astype(np.uint8)
    image[8:32, 12:28] = (230, 30, 30)
    return image


BOX = np.array([[12, 8], [28, 8], [28, 32], [12, 32]], np.float64)


def broken_train(folder: Path) -> None:
    """Write one fault an image; `PROVENANCE.md` lists them by file name."""
    split = Split(folder)

    def good(stem: str, index: int) -> int:
        return split.image(name(stem), scene(index), TINY_WH)

    box = bbox_of(BOX)
    one = good("good_png", 0)
    split.polygon(one, BOX)
    one = good("two_points_png", 1)
    split.polygon(one, BOX)
    split.annotate(one, [[16, 42, 19, 44]], [16, 42, 3, 2])
    one = good("string_concat_png", 2)
    split.annotate(one, [[12, 8, "1216.00", 8, "1216.00", "824.00", 12, "824.00"]],
                   [12, 8, "16.00", "24.00"])  # fmt: skip
    one = good("null_coordinate_png", 3)
    split.annotate(one, [[12, 8, 28, None, 28, 32, 12, 32]], box)
    one = good("text_coordinate_png", 4)
    split.annotate(one, [[12, 8, "NaN", 8, 28, 32, 12, 32]], box)
    one = good("outside_png", 5)
    split.annotate(one, [flat(BOX - (-500, 0))], [512, 8, 16, 24])
    one = good("bbox_disagrees_png", 6)
    split.annotate(one, [flat(BOX)], [40, 8, 16, 24])

    one = split.image(name("missing_png"), None, TINY_WH)
    split.polygon(one, BOX)
    buffer = io.BytesIO()
    Image.fromarray(scene(7)).save(buffer, "JPEG", quality=JPEG_QUALITY)
    one = split.image(name("truncated_png"), buffer.getvalue()[:-300], TINY_WH)
    split.polygon(one, BOX)
    one = split.image(name("empty_file_png"), b"", TINY_WH)
    split.polygon(one, BOX)
    for _ in range(2):
        one = good("twice_png", 8)
        split.polygon(one, BOX)
    one = split.image("../../etc/passwd", None, TINY_WH)
    split.polygon(one, BOX)
    one = split.image(name("size_mismatch_png"), scene(9), (128, 128))
    split.polygon(one, BOX)
    exif_turned(split)
    split.annotate(9999, [flat(BOX)], box)
    one = good("unknown_category_png", 13)
    split.annotate(one, [flat(BOX)], box, category_id=77)
    split.write()


def exif_turned(split: Split) -> None:
    """Add two photos stored on their side (EXIF orientation 6): both must come out upright.

    The first has size and polygon of the upright picture, the second those of the stored one.
    """
    width, height = TINY_WH
    upright = scene(10, height, width)
    stored = np.ascontiguousarray(np.rot90(upright))
    for stem, size in (("exif_upright_png", (height, width)), ("exif_stored_png", (width, height))):
        one = split.image(name(stem), None, size)
        save(split.folder / name(stem), stored, orientation=6)
        lying = np.stack([BOX[:, 1], height - BOX[:, 0]], axis=1)
        split.polygon(one, BOX if stem == "exif_upright_png" else lying)


def broken_export(root: Path) -> None:
    """Write the broken export: train with one fault an image, valid with bare NaN in the JSON."""
    broken_train(root / "train")
    valid = Split(root / "valid")
    one = valid.image(name("nan_png"), scene(11), TINY_WH)
    valid.annotate(one, [[12, 8, float("nan"), 8, 28, float("inf"), 12, 32]], bbox_of(BOX))
    valid.polygon(one, BOX)
    one = valid.image(name("fine_png"), scene(12), TINY_WH)
    valid.polygon(one, BOX)
    valid.write()
