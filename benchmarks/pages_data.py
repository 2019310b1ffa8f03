"""A large dataset for the pages: real files, findings, faces and drafts, made in seconds."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np

DISTINCT = 1000
CHECKS = ("halo", "holes", "islands", "specks", "soft_edge", "fringe", "off_edge", "binary")
SEVERITIES = ("error", "warning", "review")


def make_dataset(folder: Path, count: int, width: int = 1280, height: int = 960) -> None:
    """Write a dataset of `count` samples with image, mask, findings, faces and drafts.

    At most `DISTINCT` photos differ (other bytes, another sha256); the rest are hard links.
    """
    rng = np.random.default_rng(9)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    bases = [_photo(rng, width, height) for _ in range(20)]
    tables: dict[str, list[object]] = {name: [] for name in TABLES}
    for at in range(count):
        image, mask = folder / f"images/{at:06d}.jpg", folder / f"masks/{at:06d}.png"
        if at < DISTINCT:
            jpeg, png = bases[at % len(bases)]
            image.write_bytes(_marked(jpeg, at))
            mask.write_bytes(png)
        else:
            os.link(folder / f"images/{at % DISTINCT:06d}.jpg", image)
            os.link(folder / f"masks/{at % DISTINCT:06d}.png", mask)
        _rows(tables, at, width, height, rng)
    for name, rows in tables.items():
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = {"verb": "coco2mask", "version": "0", "options": {"kind": "binary"}}
    card = {"format": "datakit", "label_map": {"person": 255}, "commands": [command]}
    (folder / "dataset.json").write_text(json.dumps(card))


TABLES = ("metadata.jsonl", "qc.jsonl", "anonymize.jsonl", "queue.jsonl")


def _rows(
    tables: dict[str, list[object]], at: int, width: int, height: int, rng: np.random.Generator
) -> None:
    key = f"train/portrait_{at:06d}_jpg.rf.{at:032x}.jpg"
    step = {"verb": "coco2mask", "version": "0", "params": '{"kind":"binary"}'}
    source = {"name": f"export/train/portrait_{at:06d}.jpg", "sha256": f"{at:064x}"}
    tables["metadata.jsonl"].append(
        {
            "id": key,
            "file_name": f"images/{at:06d}.jpg",
            "mask_file_name": f"masks/{at:06d}.png",
            "width": width,
            "height": height,
            "split": ("train", "val", "test")[at % 10 // 8],
            "group": f"portrait_{at // 3:06d}",
            "source": source,
            "fg_ratio": float(rng.beta(3, 5)),
            "history": [step],
        }
    )
    for _ in range(int(rng.integers(0, 3))):
        check = CHECKS[int(rng.integers(len(CHECKS)))]
        severity = SEVERITIES[int(rng.integers(3))]
        words = (
            f"{check} of {rng.random():.3f} along a part of the edge, more than a clean matte has"
        )
        tables["qc.jsonl"].append(
            {
                "sample": key,
                "check": check,
                "family": "edge",
                "severity": severity,
                "score": float(rng.random()),
                "threshold": 0.5,
                "box": [300, 200, 500, 420],
                "words": words,
            }
        )
    face = {"box_xyxy": [500, 200, 700, 420], "score": 0.9, "detectors": ["mediapipe"]}
    face |= {"mask": "mesh", "iod_px": 90.0, "method": "gaussian", "sigma_px": 90.0, "mask_px": 9}
    audit = {"id": key, "status": "anonymized", "file_name": key, "sha256_in": f"{at:064x}"}
    tables["anonymize.jsonl"].append(audit | {"datakit": "0", "models": {}, "faces": [face]})
    uncertainty = float(rng.random())
    draft = {"rank": at + 1, "id": key, "file_name": key, "doubt": uncertainty, "reason": "spread"}
    tables["queue.jsonl"].append(
        draft | {"parts": {"spread": uncertainty, "edge": float(rng.random())}}
    )


def _photo(rng: np.random.Generator, width: int, height: int) -> tuple[bytes, bytes]:
    """Return a JPEG with as many bytes as a photo of its size has, and a mask."""
    coarse = rng.integers(0, 256, (9, 12, 3), np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    image += rng.normal(0, 9, image.shape).astype(np.int16)
    mask = np.zeros((height, width), np.uint8)
    centre = (width // 2, height // 2)
    cv2.ellipse(mask, centre, (width // 5, height // 3), 0, 0, 360, 255, -1)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 88]
    _, jpeg = cv2.imencode(".jpg", np.clip(image, 0, 255).astype(np.uint8), quality)
    return bytes(jpeg), bytes(cv2.imencode(".png", mask)[1])


def _marked(jpeg: bytes, at: int) -> bytes:
    """Return the JPEG with a comment of its own: the same pixels, another sha256."""
    words = f"{at}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + jpeg[2:]
