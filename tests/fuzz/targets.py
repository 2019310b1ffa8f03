"""What is attacked: for each kind of input how it is damaged, and the verbs that read it."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

import datakit
from tests.fuzz.mutators import (
    STRANGE,
    hostile_zip,
    json_bytes,
    mutated_bytes,
    mutated_document,
)

ROOT = Path(__file__).resolve().parents[2]
EXPORT = ROOT / "sample_data" / "broken_export" / "train"
CORPUS = Path(__file__).parent / "corpus"
ANNOTATIONS = "_annotations.coco.json"
_QUIET = ["--workers", "0", "-q"]


@dataclass(frozen=True)
class Target:
    """One kind of input.

    Attributes
    ----------
    prepare : callable
        (folder, rng) -> the arguments of the verb that reads what was put into the folder.
    """

    name: str
    prepare: Callable[[Path, random.Random], list[str]]


@lru_cache(maxsize=1)
def _export_files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(EXPORT.iterdir()) if path.is_file()}


def _write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def _coco(folder: Path, rng: random.Random) -> list[str]:
    files = dict(_export_files())
    document = mutated_document(json.loads(files[ANNOTATIONS]), rng)
    files[ANNOTATIONS] = json_bytes(document, rng)
    source = _write(folder / "source", files)
    kind = rng.choice(["binary", "semantic", "instance", "coverage"])
    if rng.random() < 0.2:
        return ["validate", str(source), *_QUIET]
    return ["coco2mask", str(source), "-o", str(folder / "target"), "--kind", kind, *_QUIET]


@lru_cache(maxsize=1)
def _dataset_files() -> dict[str, bytes]:
    """A small dataset that datakit wrote: images, masks, manifest, card."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as work:
        datakit.coco2mask(ROOT / "sample_data/roboflow_export", Path(work) / "set", workers=0)
        root = Path(work) / "set"
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }


def _manifest(folder: Path, rng: random.Random) -> list[str]:
    files = dict(_dataset_files())
    name = rng.choice(["metadata.jsonl", "metadata.jsonl", "dataset.json"])
    if rng.random() < 0.3:
        files[name] = mutated_bytes(files[name], rng)
    else:
        rows = [json.loads(line) for line in files[name].splitlines()] if "jsonl" in name else []
        if rows:
            mutated_document(rows, rng)
            files[name] = b"".join(json_bytes(row, rng) + b"\n" for row in rows)
        else:
            files[name] = json_bytes(mutated_document(json.loads(files[name]), rng), rng)
    source = str(_write(folder / "source", files))
    out = ["-o", str(folder / "target"), *_QUIET]
    verbs = [
        ["validate", source, *_QUIET],
        ["stats", source, *out],
        ["trimap", source, *out],
        ["split", source, "--val", "0.3", "--duplicates", "off", *out],
        ["split", "--audit", source, "--duplicates", "off", *out],
        ["mask2coco", source, *out],
        ["export", source, "--format", "images-masks", *out],
    ]
    return rng.choice(verbs)


def _config(folder: Path, rng: random.Random) -> list[str]:
    seeds = sorted(CORPUS.glob("*.yaml"))
    seed = rng.choice(seeds)
    text = seed.read_bytes()
    lines = text.splitlines(keepends=True)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(lines))
        value = json.dumps(rng.choice(STRANGE)).encode()
        lines[at] = rng.choice(
            [
                lines[at].split(b":")[0] + b": " + value + b"\n",
                b"&a [*a, *a]\n",
                b"!!python/object/apply:os.system ['touch escaped']\n",
                b"\t" + lines[at],
                lines[at] * 2,
                b"",
                b"? {}\n",
                mutated_bytes(lines[at], rng),
            ]
        )
        if not lines[at]:
            del lines[at]
        if not lines:
            lines = [b"\n"]
    source = _write(folder / "source", _export_files())
    config = folder / "config.yaml"
    config.write_bytes(b"".join(lines))
    out = ["-o", str(folder / "target")]
    if seed.stem.startswith("pipeline"):
        return ["run", str(config), *out, "--dry-run", "-q"]
    if seed.stem.startswith("augment"):
        pipeline = ["--pipeline", str(config)]
        return ["augment", str(source), *out, "--from", "photos", *pipeline, *_QUIET]
    return ["coco2mask", str(source), *out, "--config", str(config), *_QUIET]


def _zip(folder: Path, rng: random.Random) -> list[str]:
    (folder / "source.zip").write_bytes(hostile_zip(_export_files(), rng))
    source = str(folder / "source.zip")
    if rng.random() < 0.2:
        return ["validate", source, *_QUIET]
    return ["coco2mask", source, "-o", str(folder / "target"), *_QUIET]


@lru_cache(maxsize=1)
def _pictures() -> dict[str, bytes]:
    """One picture of every format that is read, small."""
    rng = np.random.default_rng(0)
    colour = cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (32, 24))
    gray, deep = colour[..., 0], colour[..., 0].astype(np.uint16) * 257
    made = {
        f"{name}{suffix}": cv2.imencode(suffix, pixels)[1].tobytes()
        for suffix in (".png", ".jpg", ".webp", ".tif", ".bmp")
        for name, pixels in (("colour", colour), ("gray", gray))
    }
    made["deep.png"] = cv2.imencode(".png", deep)[1].tobytes()
    progressive = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    made["progressive.jpg"] = cv2.imencode(".jpg", colour, progressive)[1].tobytes()
    return made


def _images(folder: Path, rng: random.Random) -> list[str]:
    made = _pictures()
    source = folder / "source"
    name = rng.choice(sorted(made))
    label = cv2.imencode(".png", np.full((24, 32), 255, np.uint8))[1].tobytes()
    files = {f"images/{name}": mutated_bytes(made[name], rng)}
    labels = f"masks/{Path(name).stem}.png"
    files[labels] = mutated_bytes(label, rng) if rng.random() < 0.5 else label
    _write(source, files)
    out = ["-o", str(folder / "target"), *_QUIET]
    verbs = [
        ["validate", str(source), *_QUIET],
        ["trimap", str(source), *out],
        ["dedup", str(source), *out],
        ["stats", str(source), *out],
        ["mask2coco", str(source), *out],
    ]
    return rng.choice(verbs)


def _weights(folder: Path, rng: random.Random) -> list[str]:
    seed = rng.choice(sorted(CORPUS.glob("*.weights")))
    suffix = rng.choice([".onnx", ".pth", ".safetensors", ".pt", ".pt2", ".tflite"])
    given = folder / f"given{suffix}"
    given.write_bytes(mutated_bytes(seed.read_bytes(), rng))
    source = _write(folder / "source", {"a.jpg": _pictures()["colour.jpg"]})
    model = rng.choice(["u2netp", "u2net", "unet", "onnx"])
    arguments = ["prelabel", str(source), "-o", str(folder / "target"), "--model", model]
    return [*arguments, "--weights", str(given), "--device", "cpu", *_QUIET]


TARGETS = {
    target.name: target
    for target in (
        Target("coco", _coco),
        Target("manifest", _manifest),
        Target("config", _config),
        Target("zip", _zip),
        Target("images", _images),
        Target("weights", _weights),
    )
}


def fresh(folder: Path) -> Path:
    """Return an emptied folder for one attack."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
