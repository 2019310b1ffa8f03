"""Small datasets of every kind of label, as datakit writes them, for the contracts of verbs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np

from datakit.io.pixels import images
from datakit.records.card import Card, Command
from datakit.records.labels import FOREGROUND, numbered
from datakit.records.sample import Instance, Operation, Sample, Source
from tests.verbs.pairs import SIDE_PX, photo_and_alpha

KINDS = ("binary", "semantic", "instance", "alpha", "partial")
SPLITS = ("train", "val")
HISTORY = (Operation(verb="coco2mask", version="0.1.0", params='{"kind":"binary"}'),)
COMMAND = Command(verb="coco2mask", version="0.1.0", options={"kind": "binary"})
PEOPLE = {"person": 1, "dog": 2}


def write_labelled_set(root: Path, kind: str) -> Path:
    """Write a dataset with two samples per split, whose rows know all that a row can know."""
    rows = [_sample(root, kind, split, number) for split in SPLITS for number in range(2)]
    label_map = {"background": 0, FOREGROUND: 255}
    if kind in ("semantic", "partial"):
        label_map = numbered(PEOPLE)
    if kind == "instance":
        label_map = {"background": 0}
    card = Card(label_map=label_map, counts={"samples": len(rows)}, commands=(COMMAND,))
    _write(root / "metadata.jsonl", b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    _write(root / "dataset.json", msgspec.json.encode(card))
    return root


def _sample(root: Path, kind: str, split: str, number: int) -> Sample:
    seed = number + 2 * SPLITS.index(split)
    photo, alpha = photo_and_alpha(seed)
    rng = np.random.default_rng(seed)
    # Scenes that differ, so that nothing takes one sample for a copy of another.
    scene = cv2.resize(rng.integers(0, 256, (5, 5, 3)).astype(np.uint8), photo.shape[1::-1])
    photo = np.where(alpha[..., None] > 0.5, photo, scene)
    stem = f"sub/p{seed}"
    names = {"file_name": f"{split}/images/{stem}.png"}
    arrays: dict[str, np.ndarray] = {names["file_name"]: photo}

    def add(field: str, folder: str, pixels: np.ndarray) -> None:
        names[f"{field}_file_name"] = name = f"{split}/{folder}/{stem}.png"
        arrays[name] = pixels

    facts: dict[str, Any] = {"annotations": 1, "categories": (FOREGROUND,)}
    if kind == "alpha":
        add("alpha", "alphas", np.rint(alpha * 255).astype(np.uint8))
    elif kind == "binary":
        add("mask", "masks", np.where(alpha > 0.5, np.uint8(255), np.uint8(0)))
    elif kind == "instance":
        mask, facts = _objects(alpha)
        add("mask", "masks", mask)
    else:
        add("mask", "masks", _classes(alpha))
        facts = {"annotations": 2, "categories": ("person", "dog")}
    if kind == "partial":
        ignore = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
        ignore[4:20, 50:66] = 255
        add("ignore", "ignores", ignore)
    for name, pixels in arrays.items():
        _write(root / name, images.encode_png(pixels))
    label = next(pixels for name, pixels in arrays.items() if "/images/" not in name)
    ratio = label.mean() / 255 if kind == "alpha" else np.count_nonzero(label) / label.size
    return Sample(
        id=f"{split}/{stem}.png",
        width=SIDE_PX,
        height=SIDE_PX,
        split=split,
        group=f"person {seed}",
        source=Source(name=f"raw/{seed}.jpg", sha256="0" * 63 + str(seed)),
        tags=("licence-cc0", "studio"),
        label_state="partial" if kind == "partial" else "complete",
        fg_ratio=round(float(ratio), 6),
        history=HISTORY,
        **facts,
        **names,
    )


def _classes(alpha: np.ndarray) -> np.ndarray:
    mask = (alpha > 0.5).astype(np.uint8)
    mask[SIDE_PX // 2 :] *= 2
    return mask


def _objects(alpha: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    mask = _classes(alpha).astype(np.uint16) * 300
    instances = tuple(
        Instance(
            id=300 * value,
            category=name,
            annotation=f"a{value}",
            area=int((mask == 300 * value).sum()),
        )
        for name, value in PEOPLE.items()
    )
    return mask, {"annotations": 2, "categories": ("person", "dog"), "instances": instances}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
