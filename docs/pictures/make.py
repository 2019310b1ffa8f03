"""Draws the pictures of the README from `sample_data/` alone: `make pictures`.

    python docs/pictures/make.py

Walks the demo into a temporary folder and writes one strip per stage beside this file.
The picture of the report needs Chromium and is left as it is where there is none.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

import datakit

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parents[1] / "sample_data"
TILE_PX = 200
GAP_PX = 6
WORDS_PX = 24
PAPER = (252, 252, 250)
INK = (40, 46, 46)
TINT = (0, 150, 110)
GREEN = (60, 200, 90)

Picture = npt.NDArray[np.uint8]
Tile = tuple[Picture, str]


def read(path: Path) -> Picture:
    """Return a picture as (H, W, 3)."""
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


def gray(path: Path) -> npt.NDArray[np.float32]:
    """Return a mask or an alpha as (H, W, 1) in [0, 1]."""
    with Image.open(path) as opened:
        return np.asarray(opened.convert("L"), np.float32)[..., None] / 255


def mixed(
    picture: Picture, other: Sequence[int] | Picture, share: npt.NDArray[np.float32]
) -> Picture:
    """Return ``picture`` with ``share`` of ``other`` over it."""
    return np.rint(picture * (1 - share) + np.asarray(other) * share).astype(np.uint8)


def tinted(picture: Picture, label: npt.NDArray[np.float32]) -> Picture:
    """Return a photo with its label in colour."""
    return mixed(picture, TINT, 0.6 * label)


def shown(label: npt.NDArray[np.float32]) -> Picture:
    """Return a label as a picture."""
    return np.rint(label * 255).astype(np.uint8).repeat(3, axis=2)


def part(picture: Picture, x: float, y: float, side: float) -> Picture:
    """Return a square of a picture; all in shares of its width."""
    width = picture.shape[1]
    left, top, size = round(x * width), round(y * width), round(side * width)
    return picture[top : top + size, left : left + size]


def strip(name: str, tiles: Sequence[Tile]) -> None:
    """Write tiles side by side, each with its words below."""
    font = ImageFont.truetype("DejaVuSans.ttf", 13) if _has_font() else ImageFont.load_default()
    width = len(tiles) * (TILE_PX + GAP_PX) + GAP_PX
    sheet = Image.new("RGB", (width, TILE_PX + WORDS_PX + GAP_PX), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (picture, words) in enumerate(tiles):
        left = GAP_PX + number * (TILE_PX + GAP_PX)
        how = (
            Image.Resampling.NEAREST
            if picture.shape[0] < TILE_PX // 2
            else Image.Resampling.LANCZOS
        )
        sheet.paste(Image.fromarray(picture).resize((TILE_PX, TILE_PX), how), (left, GAP_PX))
        draw.text((left + 2, TILE_PX + GAP_PX + 4), words, INK, font)
    sheet.save(HERE / name, quality=86, optimize=True)


def _has_font() -> bool:
    try:
        ImageFont.truetype("DejaVuSans.ttf", 13)
    except OSError:
        return False
    return True


def one(folder: Path, start: str) -> Path:
    """Return the file below ``folder`` whose name starts like this."""
    return sorted(path for path in folder.rglob(f"{start}*") if path.is_file())[0]


def masks(demo: Path) -> None:
    """Draw polygons and RLE of an export as masks."""
    tiles: list[Tile] = []
    for name, words in (
        ("IMG_0412", "RLE with holes"),
        ("astronaut", "polygon"),
        ("two-people", "two objects"),
    ):
        photo = read(one(SAMPLES / "roboflow_export", name))
        label = gray(one(demo / "masks/train/masks", name))
        tiles += [(photo, "export"), (tinted(photo, label), f"mask: {words}")]
    strip("masks.jpg", tiles)


def drafts(work: Path) -> None:
    """Draw what a model drafts for photos without labels."""
    photos = SAMPLES / "portraits/images"
    datakit.prelabel(photos, work / "drafts", workers=0)
    tiles: list[Tile] = []
    for name in ("astronaut", "curly_brown", "bald_beard"):
        photo = read(one(photos, name))
        label = gray(one(work / "drafts/masks", name))
        tiles += [(photo, "photo"), (tinted(photo, label), "draft")]
    strip("drafts.jpg", tiles)


def faces(demo: Path) -> None:
    """Draw faces before and after."""
    tiles: list[Tile] = []
    for name in ("astronaut", "portrait-5", "IMG_0412"):
        before = read(one(SAMPLES / "roboflow_export", name))
        after = read(one(demo / "anonymous", name))
        tiles += [(before, "photo"), (after, "anonymous")]
    strip("faces.jpg", tiles)


def mattes(demo: Path) -> None:
    """Draw a hard mask, the soft alpha made of it, and both close at the hair."""
    name = "black_wind"
    photo, mask = read(one(demo / "anonymous", name)), gray(one(demo / "split", f"{name}*.png"))
    alpha = gray(one(demo / "mattes/train/alphas", name))
    close = (0.08, 0.18, 0.3)
    strip(
        "mattes.jpg",
        [
            (photo, "photo"),
            (shown(mask), "mask"),
            (shown(alpha), "alpha"),
            (part(photo, *close), "hair, close"),
            (part(mixed(np.full_like(photo, GREEN), photo, mask), *close), "by the mask"),
            (part(mixed(np.full_like(photo, GREEN), photo, alpha), *close), "by the alpha"),
        ],
    )


def duplicates(demo: Path) -> None:
    """Show the pairs that `dedup` joined."""
    with Image.open(demo / "duplicates/clusters.png") as opened:
        opened.convert("RGB").save(HERE / "duplicates.jpg", quality=86, optimize=True)


def copies(demo: Path) -> None:
    """Draw an original and its augmented copies, photo and alpha alike."""
    tiles: list[Tile] = []
    for name in ("astronaut", "IMG_0412"):
        paths = sorted((demo / "training/train/images").glob(f"{name}*"))
        originals = [path for path in paths if "aug" not in path.stem]
        tiles += [(read(path), "train") for path in originals]
        tiles += [(read(path), "copy") for path in paths if path not in originals][:2]
    strip("copies.jpg", tiles)


def report(demo: Path) -> None:
    """Show the top of the report page, as Chromium shows it."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return
    shot = demo / "report.png"
    page = (demo / "report.html").resolve().as_uri()
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    size = ["--window-size=1240,1010", f"--screenshot={shot}"]
    subprocess.run([chromium, *flags, *size, page], check=True, capture_output=True, timeout=120)
    with Image.open(shot) as opened:
        opened.convert("RGB").save(HERE / "report.jpg", quality=82, optimize=True)


def main() -> None:
    """Walk the demo and draw."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder, "demo")
        datakit.run(SAMPLES / "demo.yaml", demo)
        masks(demo)
        drafts(Path(folder))
        duplicates(demo)
        faces(demo)
        mattes(demo)
        copies(demo)
        report(demo)


if __name__ == "__main__":
    main()
