"""How good and how fast `matte` is, and what memory it takes.

Claims: with mask = alpha > 0.5, the alpha's mean squared error in the band is at most a third of
the binary mask's on hand-made mattes (PPM-100 portraits, composition crops); 512x512 takes less
than 3 s and 1080p less than 15 s of one core; memory is bounded for 8k photos. What drawn outlines
give (the mask opened and reduced to polygons) is measured beside it, and pymatting's closed form.

Run: OMP_NUM_THREADS=1 python benchmarks/matte.py FOLDER [FOLDER ...]
where each FOLDER has image/ and alpha/ with equal stems.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import scipy

from datakit.core.matting.alpha import estimate_alpha
from datakit.core.matting.mask_prior import outline_prior
from datakit.core.matting.trimaps import half_band_px, mask_trimap

SIZES_WH = {"512x512": (512, 512), "1080p": (1920, 1080), "8k": (7680, 4320)}


def pairs(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for path in sorted((folder / "alpha").iterdir()):
        photo = next((folder / "image").glob(f"{path.stem}.*"))
        image = cv2.imread(str(photo), cv2.IMREAD_COLOR)[..., ::-1]
        truth = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) / np.float32(255)
        yield path.stem, np.ascontiguousarray(image), truth


def drawn(mask: np.ndarray) -> np.ndarray:
    """What a person draws: no strands, straight pieces."""
    long_side = max(mask.shape)
    reach = max(2, round(0.004 * long_side))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    polygons = [cv2.approxPolyDP(o, 0.002 * long_side, True) for o in outlines if len(o) > 20]
    return cv2.fillPoly(np.zeros_like(opened), polygons, 1) > 0


def matte(image: np.ndarray, mask: np.ndarray, exact: bool) -> np.ndarray:
    prior = outline_prior(mask, half_band_px(mask.shape), exact=exact)
    return estimate_alpha(image, mask_trimap(mask), prior)


def quality(folder: Path) -> None:
    """Errors in the band, summed over a folder, against those of the mask itself."""
    kinds: dict[str, list[tuple[float, float, float]]] = {"exact": [], "drawn": []}
    for name, image, truth in pairs(folder):
        for kind, found in kinds.items():
            mask = truth > 0.5 if kind == "exact" else drawn(truth > 0.5)
            unknown = mask_trimap(mask) == 128
            started = time.process_time()
            alpha = matte(image, mask, kind == "exact")
            seconds = time.process_time() - started
            errors = [float(((guess - truth)[unknown] ** 2).mean()) for guess in (mask, alpha)]
            found.append((errors[0], errors[1], seconds))
        print(f"  {name}: {kinds['exact'][-1]} {kinds['drawn'][-1]}", file=sys.stderr)
    for kind, found in kinds.items():
        table = np.array(found)
        ratios = table[:, 1] / table[:, 0]
        row = {
            "set": folder.name,
            "outline": kind,
            "photos": len(found),
            "mask_mse": round(float(table[:, 0].mean()), 5),
            "matte_mse": round(float(table[:, 1].mean()), 5),
            "ratio_of_means": round(float(table[:, 1].sum() / table[:, 0].sum()), 3),
            "median_ratio": round(float(np.median(ratios)), 3),
            "worst_ratio": round(float(ratios.max()), 3),
        }
        print(json.dumps(row))


def scene(size_wh: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A portrait of the given size, drawn: head, shoulders, a textured background."""
    width, height = 480 * size_wh[0] // size_wh[1], 480
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 60 + 2, width // 60 + 2, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    figure = np.zeros((height, width), np.uint8)
    head, body = (width // 2, 2 * height // 5), (width // 2, height)
    cv2.ellipse(figure, head, (height // 7, height // 5), 0, 0, 360, 255, -1)
    cv2.ellipse(figure, body, (2 * height // 5, height // 3), 0, 0, 360, 255, -1)
    alpha = cv2.GaussianBlur(figure, (0, 0), 1)[..., None] / 255
    image = (alpha * (200, 150, 120) + (1 - alpha) * image).astype(np.uint8)
    # Drawn small and enlarged, so that making the scene takes less memory than the work on it.
    large = cv2.resize(image, size_wh, interpolation=cv2.INTER_CUBIC)
    return large, cv2.resize(figure, size_wh, interpolation=cv2.INTER_LINEAR) > 127


def timed(task: Callable[[], object]) -> float:
    started = time.process_time()
    task()
    return time.process_time() - started


def speed(name: str) -> None:
    """One size in this process, so that the memory's high-water mark is its own."""
    cv2.setNumThreads(1)
    image, mask = scene(SIZES_WH[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = timed(lambda: matte(image, mask, True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    without_prior = None
    if name != "8k":
        trimap = mask_trimap(mask)
        without_prior = round(timed(lambda: estimate_alpha(image, trimap)), 2)
    row = {
        "size": name,
        "cpu_s": round(seconds, 2),
        "cpu_s_without_prior": without_prior,
        "peak_mib": round(peak / 1024),
        "added_mib": round((peak - before) / 1024),
    }
    if name != "8k":
        row["pymatting_cpu_s"] = _pymatting_seconds(image, mask)
    print(json.dumps(row))


def _pymatting_seconds(image: np.ndarray, mask: np.ndarray) -> float | None:
    try:
        from pymatting import estimate_alpha_cf
    except ImportError:
        return None
    trimap = mask_trimap(mask) / 255
    trimap[(trimap > 0) & (trimap < 1)] = 0.5
    # It prints warnings, to the stream that our rows are on.
    with contextlib.redirect_stdout(io.StringIO()):
        return round(timed(lambda: estimate_alpha_cf(image / 255, trimap)), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--size", choices=SIZES_WH, help="time one size and end")
    arguments = parser.parse_args()
    if arguments.size:
        speed(arguments.size)
        return
    cv2.setNumThreads(1)
    print(
        f"python {platform.python_version()}, numpy {np.__version__}, opencv {cv2.__version__}, "
        f"scipy {scipy.__version__}, {platform.machine()}"
    )
    for name in SIZES_WH:
        subprocess.run([sys.executable, __file__, "--size", name], check=True)
    for folder in arguments.folders:
        quality(folder)


if __name__ == "__main__":
    main()
