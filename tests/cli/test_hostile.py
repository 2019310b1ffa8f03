"""Sources that reach out: ``..``, links, archives and pictures that are bombs; for every verb."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from datakit.verbs.table import VERBS
from tests.fuzz.sandbox import UNUSABLE, attack

QUIET = ("--workers", "0", "-q")
OUT = ("-o", "target")
# How each verb is called on SRC; what they need beside it is made small.
CALLS: dict[str, tuple[str, ...]] = {
    "coco2mask": ("SRC", *OUT, *QUIET),
    "mask2coco": ("SRC", *OUT, *QUIET),
    "train": ("SRC", *OUT, "--model", "unet", "--epochs", "1", "--size", "32", "-q"),
    "prelabel": ("SRC", *OUT, "--model", "otsu", *QUIET),
    "validate": ("SRC", *QUIET),
    "anonymize": ("SRC", *OUT, *QUIET),
    "augment": ("SRC", *OUT, "--preset", "light", *QUIET),
    "qc": ("SRC", *OUT, *QUIET),
    "eval": ("SRC", "SRC", *OUT, *QUIET),
    "matte": ("SRC", *OUT, *QUIET),
    "inpaint": ("SRC", *OUT, *QUIET),
    "trimap": ("SRC", *OUT, *QUIET),
    "dedup": ("SRC", *OUT, "--drop", *QUIET),
    "split": ("SRC", *OUT, "--val", "0.5", *QUIET),
    "export": ("SRC", *OUT, "--format", "images-masks", *QUIET),
    "stats": ("SRC", *OUT, *QUIET),
    "report": ("SRC", "-o", "target/report.html", "-q"),
    "review": ("SRC", *OUT, "--apply", "-q"),
    "run": ("pipeline.yaml", *OUT, "-q"),
    "select": ("SRC", *OUT, "--n", "1", *QUIET),
    "diff": ("SRC", "SRC", *OUT, *QUIET),
    "forget": ("SRC", *OUT, "--sha256", "0" * 64, *QUIET),
}
SECRET_WH = (123, 77)
SIZE_WH = (64, 48)


def png(wh: tuple[int, int], value: int = 200) -> bytes:
    rng = np.random.default_rng(value)
    small = rng.integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.imencode(".png", cv2.resize(small, wh))[1].tobytes()


def label() -> bytes:
    mask = np.zeros(SIZE_WH[::-1], np.uint8)
    mask[10:40, 16:48] = 255
    return cv2.imencode(".png", mask)[1].tobytes()


def bomb() -> bytes:
    """A PNG of 60,000 x 60,000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def good(source: Path) -> None:
    for kind, data in (("images", png(SIZE_WH)), ("masks", label()), ("alphas", label())):
        (source / kind).mkdir(parents=True)
        (source / kind / "good.png").write_bytes(data)


def linked(folder: Path) -> str:
    good(folder / "source")
    for kind in ("images", "masks", "alphas"):
        (folder / "source" / kind / "bad.png").symlink_to(folder / "secret.png")
    return "source"


def linked_folder(folder: Path) -> str:
    good(folder / "source")
    manifest = {"id": "bad", "file_name": "far/secret.png", "width": 123, "height": 77}
    (folder / "source" / "far").symlink_to(folder)
    return _manifest(folder, manifest)


def parents(folder: Path) -> str:
    good(folder / "source")
    return _manifest(
        folder,
        {
            "id": "../../bad",
            "file_name": "../secret.png",
            "mask_file_name": "../secret.png",
            "alpha_file_name": str(folder / "secret.png"),
            "width": 123,
            "height": 77,
            "split": "../..",
        },
    )


def _manifest(folder: Path, row: dict[str, object]) -> str:
    source = folder / "source"
    (source / "metadata.jsonl").write_text(json.dumps(row) + "\n")
    (source / "dataset.json").write_text("{}")
    return "source"


def annotations(folder: Path) -> str:
    source = folder / "source"
    source.mkdir()
    (source / "good.png").write_bytes(png(SIZE_WH))
    names = ("good.png", "../secret.png", str(folder / "secret.png"), "a/../../secret.png")
    images = [
        {"id": n, "file_name": name, "width": 123, "height": 77} for n, name in enumerate(names)
    ]
    box = [1, 1, 20, 1, 20, 20, 1, 20]
    marks = [
        {"id": n, "image_id": n, "category_id": 1, "segmentation": [box], "bbox": [1, 1, 19, 19]}
        for n in range(len(names))
    ]
    categories = [{"id": 1, "name": '../<img src=x onerror="alert(1)">'}]
    document = {"images": images, "annotations": marks, "categories": categories}
    (source / "_annotations.coco.json").write_text(json.dumps(document))
    return "source"


def bombs(folder: Path) -> str:
    good(folder / "source")
    for kind in ("images", "masks", "alphas"):
        (folder / "source" / kind / "bad.png").write_bytes(bomb())
    return "source"


def zip_of_parents(folder: Path) -> str:
    with zipfile.ZipFile(folder / "source.zip", "w") as archive:
        archive.writestr("images/good.png", png(SIZE_WH))
        archive.writestr("../escaped.png", png(SIZE_WH))
    return "source.zip"


def zip_bomb(folder: Path) -> str:
    with zipfile.ZipFile(folder / "source.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images/good.png", png(SIZE_WH))
        archive.writestr("images/bad.png", bytes(50 << 20))
    return "source.zip"


SOURCES = (linked, linked_folder, parents, annotations, bombs, zip_of_parents, zip_bomb)


def test_every_verb_that_reads_a_source_is_here() -> None:
    assert set(CALLS) == set(VERBS) - {"weights"}


@pytest.mark.parametrize("verb", CALLS)
@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
def test_nothing_gets_out_and_nothing_gets_in(
    verb: str,
    make: Callable[[Path], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.png").write_bytes(png(SECRET_WH, 7))
    source = make(tmp_path)
    pipeline = {"steps": [{"verb": "trimap", "src": source, "workers": 0}]}
    (tmp_path / "pipeline.yaml").write_text(json.dumps(pipeline))
    words = [source if word == "SRC" else word for word in CALLS[verb]]
    code = attack(tmp_path, [verb, *words])
    if source.endswith(".zip"):
        assert code == UNUSABLE
    for path in (tmp_path / "target").rglob("*"):
        assert path.name != "secret.png"
        if path.suffix == ".png" and path.is_file():
            pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            assert pixels is None or pixels.shape[:2] != SECRET_WH[::-1], path
        if path.suffix in (".html", ".svg"):
            assert "<img src=x" not in path.read_text()
