"""Decoding and resizing: is the exported alpha the mean of its areas, and what does it cost.

python benchmarks/pixels.py [--before CHECKOUT] [--rounds 7]

Needs ../shared/data (PPM-100, Kodak); with --before the same work is done by another checkout, in
alternating processes, and CPU seconds are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared/data"
SIZE = 512

WORK = """
import json, sys, time
from pathlib import Path
from datakit.core.images.resizing import Resizing
from datakit.io.pixels import images
try:
    from datakit.io.pixels.decoders import decode_alpha, decode_photo, decode_small_photo
except ImportError:
    decode_alpha, decode_photo = images.decode_alpha, images.decode_rgb
    decode_small_photo = images.decode_small_rgb
root = Path(sys.argv[1])
jpegs = [p.read_bytes() for p in sorted((root / "jpeg").iterdir())]
pngs = [p.read_bytes() for p in sorted((root / "png").iterdir())]
alphas = [p.read_bytes() for p in sorted((root / "alpha").iterdir())]
masks = [p.read_bytes() for p in sorted((root / "mask").iterdir())]

def spent(work):
    start = time.process_time()
    work()
    return time.process_time() - start

def both(photos, labels):
    for photo, label in zip(photos, labels):
        image, alpha = decode_photo(photo, "a"), decode_alpha(label, "b")
        way = Resizing(image.shape[1::-1], (512, 512))
        way.image(image), way.alpha(alpha)

def each(decode, data, **more):
    for one in data:
        decode(one, "a", **more)

jobs = {
    "decode JPEG photos": lambda: each(decode_photo, jpegs),
    "decode PNG photos": lambda: each(decode_photo, pngs),
    "decode PNG alphas": lambda: each(decode_alpha, alphas),
    "decode PNG masks": lambda: each(decode_alpha, masks),
    "thumbnails of JPEG photos": lambda: each(decode_small_photo, jpegs, side_px=128),
    "photo and alpha to 512x512": lambda: both(jpegs, alphas),
}
for job in jobs.values():
    job()
print(json.dumps({name: spent(job) for name, job in jobs.items()}))
"""


def put(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def gather(root: Path) -> None:
    """Lay out what is decoded: PPM-100's photos, their alphas as PNG, Kodak's PNGs."""
    for photo in sorted((DATA / "matting/ppm100/image").iterdir()):
        put(root / "jpeg", photo.name, photo.read_bytes())
        label = photo.parents[1] / "alpha" / photo.name
        alpha = cv2.imread(str(label), cv2.IMREAD_GRAYSCALE)
        put(root / "alpha", f"{photo.stem}.png", bytes(cv2.imencode(".png", alpha)[1]))
        hard = np.where(alpha > 127, 255, 0).astype(np.uint8)
        put(root / "mask", f"{photo.stem}.png", bytes(cv2.imencode(".png", hard)[1]))
    for photo in sorted((DATA / "portraits/kodak").glob("*.png")):
        put(root / "png", photo.name, photo.read_bytes())


def band_errors(work: Path) -> list[float]:
    """Export PPM-100 at 512x512; return each alpha's mean error in its soft band."""
    import datakit

    source = work / "source"
    for photo in sorted((DATA / "matting/ppm100/image").iterdir()):
        put(source / "images", photo.name, photo.read_bytes())
        label = photo.parents[1] / "alpha" / photo.name
        put(source / "alphas", photo.name, label.read_bytes())
    datakit.export(source, work / "out", format="modnet", size=f"{SIZE}x{SIZE}", workers=0)
    errors = []
    for path in sorted((work / "out").glob("**/matte/*")):
        label = cv2.imread(str(source / "alphas" / f"{path.stem}.jpg"), cv2.IMREAD_GRAYSCALE)
        truth = area(label.astype(np.float64) / 255, SIZE)
        found = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) / 255
        band = (truth > 0.01) & (truth < 0.99)
        errors.append(float(np.abs(found - truth)[band].mean()))
    return errors


def area(values: np.ndarray, side: int) -> np.ndarray:
    """Return exact means of areas by sums along each axis, OpenCV not asked."""
    for axis in (0, 1):
        length = values.shape[axis]
        edges = np.linspace(0, length, side + 1)
        total = np.concatenate(
            [np.zeros_like(np.take(values, [0], axis)), np.cumsum(values, axis)], axis
        )
        low = np.floor(edges).astype(int)
        share = edges - low
        high = np.minimum(low + 1, length)
        shape = (-1, 1) if axis == 0 else (1, -1)
        at = np.take(total, low, axis) * (1 - share).reshape(shape)
        at = at + np.take(total, high, axis) * share.reshape(shape)
        values = np.diff(at, axis=axis) * side / length
    return values


def cost(checkout: Path, root: Path) -> dict[str, float]:
    """Return the CPU seconds of each job in a fresh process of a checkout."""
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(root)],
        env={**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"},
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp())
    try:
        errors = band_errors(work)
        print(
            f"band MAD of {len(errors)} alphas: mean {np.mean(errors):.5f}, worst {max(errors):.5f}"
        )
        gather(work / "data")
        trees = {"now": ROOT, **({"before": args.before} if args.before else {})}
        costs: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
        for _ in range(args.rounds):
            for name, checkout in trees.items():
                costs[name].append(cost(checkout, work / "data"))
        for job in costs["now"][0]:
            middle = {
                name: statistics.median(one[job] for one in found) for name, found in costs.items()
            }
            print(job, {name: round(1000 * value, 1) for name, value in middle.items()})
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
