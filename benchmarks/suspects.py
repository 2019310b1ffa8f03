"""Planted label errors among the first 20 % of `qc --suspects`, and of cleanlab on the same maps.

    python benchmarks/suspects.py WEIGHTS PAIRS...     # PAIRS: photo=label; needs cleanlab

In each of 20 draws a tenth of the labels is broken, the five kinds in turn: eroded and dilated by
2 % of the diagonal, a part of 20 % of the subject missing or too much, another photo's label.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from cleanlab.segmentation.rank import get_label_quality_scores

from datakit.core.quality.label_errors import confidence_of, label_histogram, suspicion
from datakit.io.pixels.decoders import decode_alpha, decode_photo
from datakit.models.factory import Settings
from datakit.models.segmenters.base import build, segment_one

KINDS = ("eroded", "dilated", "missing", "swapped", "extra")
SIDE_PX, CLEANLAB_PX, DRAWS = 320, 96, 20
CLEAN_IOU = 0.9


def shrunk(values: np.ndarray) -> np.ndarray:
    scale = SIDE_PX / max(values.shape[:2])
    return cv2.resize(values, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def broken(kind: str, labels: list[np.ndarray], at: int, rng: np.random.Generator) -> np.ndarray:
    label = labels[at]
    height, width = label.shape
    reach = max(2, round(0.02 * float(np.hypot(height, width))))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    if kind == "eroded":
        return cv2.erode(label, disc, borderValue=1.0)
    if kind == "dilated":
        return cv2.dilate(label, disc, borderValue=0.0)
    if kind == "swapped":
        other = (at + int(rng.integers(1, len(labels)))) % len(labels)
        return cv2.resize(labels[other], (width, height), interpolation=cv2.INTER_AREA)
    where = np.argwhere(label > 0.5 if kind == "missing" else label < 0.2)
    y, x = where[rng.integers(len(where))]
    area = 0.2 * float((label > 0.5).sum())
    for side in np.linspace(0.6, 4, 30) * np.sqrt(area) / 2:
        made = label.copy()
        window = np.s_[
            max(0, int(y - side)) : int(y + side) + 1, max(0, int(x - side)) : int(x + side) + 1
        ]
        made[window] = 0 if kind == "missing" else 1
        if np.abs(made - label).sum() >= area:
            break
    return made


def our_scores(labels: list[np.ndarray], seen: list[np.ndarray]) -> np.ndarray:
    found = [label_histogram(*pair) for pair in zip(labels, seen, strict=True)]
    sure = confidence_of(sum(found))
    return np.array([suspicion(histogram, sure).score for histogram in found])


def cleanlab_scores(labels: list[np.ndarray], seen: list[np.ndarray]) -> np.ndarray:
    size = (CLEANLAB_PX, CLEANLAB_PX)
    small = [cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in labels]
    maps = [cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in seen]
    classes = np.stack([(x > 0.5).astype(int) for x in small])
    chances = np.stack([np.stack([1 - x, x]) for x in maps])
    return -get_label_quality_scores(classes, chances, verbose=False)[0]


def measure(labels: list[np.ndarray], seen: list[np.ndarray]) -> None:
    rng = np.random.default_rng(0)
    hits: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for _ in range(DRAWS):
        chosen = rng.permutation(len(labels))[: round(0.1 * len(labels))].tolist()
        planted = {at: KINDS[n % len(KINDS)] for n, at in enumerate(chosen)}
        made = [
            broken(planted[at], labels, at, rng) if at in planted else label
            for at, label in enumerate(labels)
        ]
        for name, score in (("datakit", our_scores), ("cleanlab", cleanlab_scores)):
            first = set(np.argsort(-score(made, seen), kind="stable")[: round(0.2 * len(made))])
            for at, kind in planted.items():
                hits[name, kind].append(at in first)
    for name in ("datakit", "cleanlab"):
        rows = {kind: f"{np.mean(hits[name, kind]):.2f}" for kind in KINDS}
        every = np.mean([hit for kind in KINDS for hit in hits[name, kind]])
        print(f"{len(labels)} labels, {name}: {every:.3f} {rows}")


def main() -> None:
    model = build("u2netp", Settings(weights=(sys.argv[1],)))
    labels, seen, agree = [], [], []
    for pair in sys.argv[2:]:
        photo, _, label = pair.partition("=")
        image = decode_photo(Path(photo).read_bytes(), photo)
        alpha = decode_alpha(Path(label).read_bytes(), label)
        if alpha.shape != image.shape[:2]:
            continue
        alpha = shrunk(alpha)
        found = segment_one(model, shrunk(image))
        labels.append(alpha)
        seen.append(found)
        both, either = (alpha > 0.5) & (found > 0.5), (alpha > 0.5) | (found > 0.5)
        agree.append(both.sum() / max(1, either.sum()) > CLEAN_IOU)
    measure(labels, seen)
    kept = np.flatnonzero(agree)
    measure([labels[at] for at in kept], [seen[at] for at in kept])


if __name__ == "__main__":
    main()
