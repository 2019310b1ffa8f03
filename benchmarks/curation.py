"""Dedup's limits, windows of forget, and the diverse choice of select, measured.

python benchmarks/curation.py changes PHOTOS...     # recall of grouping and of dropping
python benchmarks/curation.py curves PHOTOS...      # recall and precision against the limit
python benchmarks/curation.py windows PHOTOS...     # crops and different photos
python benchmarks/curation.py diverse               # one million vectors
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from datakit.core.similarity.descriptors import coverage_radius, most_diverse
from datakit.core.similarity.duplicates import SAME_SHIFT, same_copy, same_picture
from datakit.core.similarity.hashing import thumbnail
from datakit.core.similarity.picture_match import PictureMatch, compare
from datakit.core.similarity.windows import SAME_WINDOW, window_correlation
from datakit.io.pixels.decoders import decode_photo

Image = np.ndarray
LONGER_PX = 768


def load(paths: list[str]) -> list[Image]:
    """Read photos, shrunk as collections for training are."""
    photos = []
    for path in paths:
        photo = decode_photo(Path(path).read_bytes(), path)
        scale = min(1.0, LONGER_PX / max(photo.shape[:2]))
        photos.append(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    return photos


def jpeg(image: Image, quality: int) -> Image:
    """Return the picture after a JPEG of this quality."""
    return cv2.imdecode(cv2.imencode(".jpg", image, [1, quality])[1], cv2.IMREAD_COLOR)


def crop(image: Image, share: float, rng: np.random.Generator) -> Image:
    """Cut a window of this share of both sides."""
    height, width = image.shape[:2]
    top, left = (int(rng.uniform(0, 1 - share) * side) for side in (height, width))
    return image[top : top + int(share * height), left : left + int(share * width)]


def turned(image: Image, degrees: float) -> Image:
    """Turn a picture about its middle; the border is mirrored."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def banner(image: Image) -> Image:
    """Lay a line of text over the lowest eighth."""
    made, height = image.copy(), image.shape[0]
    made[int(height * 0.88) :] = 240
    cv2.putText(made, "SALE", (10, int(height * 0.96)), 0, 1.2, (20, 20, 20), 3)
    return made


def watermark(image: Image) -> Image:
    """Lay lines of half-clear text over the picture."""
    made = image.copy()
    for y in range(60, image.shape[0], 160):
        cv2.putText(made, "WATERMARK  WATERMARK", (0, y), 0, 1.6, (255, 255, 255), 4)
    return cv2.addWeighted(image, 0.65, made, 0.35, 0)


def changes(rng: np.random.Generator) -> dict[str, Callable[[Image], Image]]:
    """Return the kinds of change."""
    return {
        "JPEG 40": lambda i: jpeg(i, 40),
        "resized to 40 %": lambda i: cv2.resize(i, None, fx=0.4, fy=0.4, interpolation=3),
        "brightness +-15 %": lambda i: np.clip(i * rng.uniform(0.85, 1.15), 0, 255).astype("u1"),
        "flipped": lambda i: np.ascontiguousarray(i[:, ::-1]),
        "turned by 90": lambda i: np.ascontiguousarray(np.rot90(i)),
        "cropped to 95 %, flipped, JPEG 60": lambda i: jpeg(
            np.ascontiguousarray(crop(i, 0.95, rng)[:, ::-1]), 60
        ),
        "cropped to 90 %": lambda i: crop(i, 0.9, rng),
        "cropped to 75 %": lambda i: crop(i, 0.75, rng),
        "letterboxed by 1/6": lambda i: cv2.copyMakeBorder(
            i, i.shape[0] // 6, i.shape[0] // 6, 0, 0, cv2.BORDER_CONSTANT
        ),
        "turned by 5 degrees": lambda i: turned(i, 5),
        "turned by 15 degrees": lambda i: turned(i, 15),
        "banner": banner,
        "watermark": watermark,
    }


def measure_changes(photos: list[Image]) -> None:
    """Print recall of both limits, and merges of different photos."""
    thumbs = [thumbnail(photo) for photo in photos]
    for name, change in changes(np.random.default_rng(0)).items():
        copies = [np.ascontiguousarray(change(photo)) for photo in photos]
        found = [
            compare(one, thumbnail(copy), closely=True)
            for one, copy in zip(thumbs, copies, strict=True)
        ]
        grouped = np.mean([same_picture(match) for match in found])
        dropped = np.mean([same_copy(match) for match in found])
        print(f"| {name} | {grouped:.3f} | {dropped:.3f} |")
    pairs = [compare(a, b, closely=True) for a, b in combinations(thumbs, 2)]
    print(
        f"{len(pairs):,} pairs of different photos: {sum(map(same_picture, pairs))} grouped, "
        f"{sum(map(same_copy, pairs))} dropped"
    )


def measure_curves(photos: list[Image]) -> None:
    """Print recall of each change, and precision, against the limit of the match error."""
    thumbs = [thumbnail(photo) for photo in photos]
    pairs = [compare(a, b) for a, b in combinations(thumbs, 2)]
    limits = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
    print("| change | " + " | ".join(f"{limit:g}" for limit in limits) + " |")
    found, every = np.zeros(len(limits)), 0
    for name, change in changes(np.random.default_rng(0)).items():
        match = [
            compare(one, thumbnail(np.ascontiguousarray(change(photo))))
            for one, photo in zip(thumbs, photos, strict=True)
        ]
        hits = np.array([[joins(one, limit) for one in match] for limit in limits])
        found, every = found + hits.sum(axis=1), every + len(match)
        print(f"| {name} | " + " | ".join(f"{share:.2f}" for share in hits.mean(axis=1)) + " |")
    false = np.array([sum(joins(one, limit) for one in pairs) for limit in limits])
    print("| different pairs joined | " + " | ".join(map(str, false)) + " |")
    precision = found / np.maximum(found + false, 1)
    print("| precision | " + " | ".join(f"{share:.3f}" for share in precision) + " |")
    print(f"{len(pairs):,} pairs of {len(photos)} different photos")


def joins(match: PictureMatch, limit: float) -> bool:
    """Tell whether a pair is one picture at another limit than dedup's own."""
    return match.error <= limit and match.shift <= SAME_SHIFT


def measure_windows(photos: list[Image]) -> None:
    """Print recall of mirrored, recompressed crops, and the highest score of different photos."""
    rng = np.random.default_rng(0)
    gray = [cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY) for photo in photos]
    for share in (0.9, 0.75, 0.5, 0.4):
        scores = [
            window_correlation(one, jpeg_gray(np.ascontiguousarray(crop(one, share, rng)[:, ::-1])))
            for one in gray
        ]
        print(f"| {share:.0%} | {np.mean(np.array(scores) >= SAME_WINDOW):.3f} |")
    others = [window_correlation(a, b) for a, b in combinations(gray[::2], 2)]
    print(f"{len(others):,} pairs of different photos: the highest {max(others):.3f}")


def jpeg_gray(image: Image) -> Image:
    """Return a gray picture after a JPEG of quality 80."""
    return cv2.imdecode(cv2.imencode(".jpg", image, [1, 80])[1], cv2.IMREAD_GRAYSCALE)


def measure_diverse() -> None:
    """Print the time of 500 of a million, and the radius against chance."""
    vectors = np.random.default_rng(0).normal(size=(1_000_000, 33)).astype(np.float32)
    start = time.perf_counter()
    most_diverse(vectors, 500)
    print(f"500 of 1,000,000: {time.perf_counter() - start:.1f} s")
    better = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        some = rng.permutation(len(vectors))[:5000]
        part = vectors[some]
        chosen, _ = most_diverse(part, 100)
        chance = rng.permutation(len(part))[:100]
        better += coverage_radius(part, chosen) < coverage_radius(part, chance)
    print(f"smaller radius than chance: {better} of 20 draws")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    what, paths = sys.argv[1], sys.argv[2:]
    if what == "diverse":
        measure_diverse()
    else:
        kinds = {"changes": measure_changes, "curves": measure_curves, "windows": measure_windows}
        kinds[what](load(paths))
