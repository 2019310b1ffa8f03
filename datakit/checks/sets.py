"""Checks across samples: one picture with two labels, one label on two pictures, leaks.

Samples are compared by small versions that are kept with the measurements, so that all of this
can be judged again without pixels. Whether two pictures are one is decided by the same code as in
``dedup`` and ``split``.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.checks.base import (
    NOT_MEASURED,
    Check,
    Measured,
    Population,
    Scored,
    Subject,
    Values,
)
from datakit.core.similarity.duplicates import candidates, same_picture
from datakit.core.similarity.hashing import THUMBNAIL_PX, fingerprint, thumbnail
from datakit.core.similarity.picture_match import compare

LABEL_PX = 24
IMAGE_PX = 16
SAME_IMAGE = 0.995
SAME_LABEL = 0.97
SAME_LABEL_DIFFERENCE = 0.6 / 255
CHUNK = 1024

Floats = NDArray[np.float32]
KEPT_WITH = "twin_images"
"""The check whose measurements hold the small versions; the others read them there."""


def _measure_small_versions(subject: Subject) -> Measured:
    if subject.paired is None:
        return NOT_MEASURED
    image, alpha = subject.paired
    label = cv2.resize(alpha, (LABEL_PX, LABEL_PX), interpolation=cv2.INTER_AREA)
    levels = np.rint(np.clip(label, 0, 1) * 255).astype(np.uint8)
    return Measured(
        {
            "image_thumb": b64encode(thumbnail(image).tobytes()).decode(),
            "alpha_thumb": b64encode(levels.tobytes()).decode(),
            "group": subject.group,
            "split": subject.split,
        }
    )


def _measure_presence(subject: Subject) -> Measured:
    return NOT_MEASURED if subject.paired is None else Measured({"present": 1.0})


class _Thumbs:
    """The small versions of a set.

    ``pictures`` is (N, 64, 64) uint8, ``images`` (N, 256) and ``labels`` (N, 576) float32 in
    [0, 1].
    """

    def __init__(self, population: Population) -> None:
        found = [(row.id, row.values.get(KEPT_WITH, {})) for row in population.rows]
        kept = [(sample, values) for sample, values in found if "image_thumb" in values]
        self.ids = [sample for sample, _ in kept]
        self.pictures = _unpack([str(v["image_thumb"]) for _, v in kept], THUMBNAIL_PX)
        size_wh = (IMAGE_PX, IMAGE_PX)
        small = [cv2.resize(p, size_wh, interpolation=cv2.INTER_AREA) for p in self.pictures]
        self.images = np.array(small, np.float32).reshape(len(kept), IMAGE_PX**2) / 255
        labels = _unpack([str(v["alpha_thumb"]) for _, v in kept], LABEL_PX)
        self.labels = labels.reshape(len(kept), LABEL_PX**2).astype(np.float32) / 255
        self.groups = [str(v.get("group", "")) for _, v in kept]
        self.splits = [str(v.get("split", "")) for _, v in kept]


def _unpack(texts: list[str], side_px: int) -> NDArray[np.uint8]:
    rows = [np.frombuffer(b64decode(text), np.uint8) for text in texts]
    return np.array(rows, np.uint8).reshape(len(rows), side_px, side_px)


def _neighbours(rows: Floats, limit: float) -> list[tuple[int, int]]:
    """Return pairs (i, j), i < j, of rows that correlate by at least ``limit``."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    # A flat picture is like no other: empty mattes are not twins.
    standard = np.where(length > 0.5, centred / np.maximum(length, 1e-6), 0).astype(np.float32)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(standard), CHUNK):
        similar = standard[start : start + CHUNK] @ standard[start:].T
        for one, two in np.argwhere(np.triu(similar, k=1) >= limit):
            pairs.append((start + int(one), start + int(two)))
    return pairs


def _label_twins(population: Population) -> dict[str, Scored]:
    """Equal images whose labels differ: 1 - soft IoU of the labels."""
    thumbs = population.once("thumbs", _Thumbs)
    found: dict[str, Scored] = {}
    for one, two in _neighbours(thumbs.images, SAME_IMAGE):
        first, second = thumbs.labels[one], thumbs.labels[two]
        union = float(np.maximum(first, second).sum())
        differ = 1 - float(np.minimum(first, second).sum()) / union if union else 0.0
        _keep_worst(found, thumbs.ids, one, two, differ)
    return found


def _image_twins(population: Population) -> dict[str, Scored]:
    """Equal labels on subjects that differ: 1 - correlation of the images inside the label."""
    thumbs = population.once("thumbs", _Thumbs)
    found: dict[str, Scored] = {}
    for one, two in _neighbours(thumbs.labels, SAME_LABEL):
        difference = np.abs(thumbs.labels[one] - thumbs.labels[two]).mean()
        # One foreground on several backgrounds has one label rightly: look inside the label.
        label = thumbs.labels[one].reshape(LABEL_PX, LABEL_PX)
        inside = cv2.resize(label, (IMAGE_PX, IMAGE_PX), interpolation=cv2.INTER_AREA).ravel() > 0.9
        if difference >= SAME_LABEL_DIFFERENCE or np.count_nonzero(inside) < 8:
            continue
        first, second = thumbs.images[one][inside], thumbs.images[two][inside]
        first, second = first - first.mean(), second - second.mean()
        length = float(np.linalg.norm(first) * np.linalg.norm(second))
        alike = float(first @ second) / length if length > 1e-6 else 0.0
        _keep_worst(found, thumbs.ids, one, two, 1 - max(0.0, alike))
    return found


def _leaks(population: Population) -> dict[str, Scored]:
    """Return samples whose picture, or group, is in another split too: 1."""
    thumbs = population.once("thumbs", _Thumbs)
    found: dict[str, Scored] = {}
    if len({split for split in thumbs.splits if split}) < 2:
        return found
    for one, two in (*_equal_groups(thumbs), *_equal_pictures(thumbs)):
        _keep_worst(found, thumbs.ids, one, two, 1.0)
    return found


def _equal_groups(thumbs: _Thumbs) -> list[tuple[int, int]]:
    first: dict[str, int] = {}
    pairs = []
    for here, group in enumerate(thumbs.groups):
        there = first.setdefault(group, here)
        if group and thumbs.splits[there] != thumbs.splits[here]:
            pairs.append((there, here))
    return pairs


def _equal_pictures(thumbs: _Thumbs) -> list[tuple[int, int]]:
    prints = [fingerprint(picture) for picture in thumbs.pictures]
    keys = np.array([one.key for one in prints], np.uint64)
    owners = np.repeat(np.arange(len(prints)), [len(one.probes) for one in prints])
    near = candidates(keys, np.concatenate([one.probes for one in prints]), owners)
    return [
        (one, two)
        for one, two in zip(near.left.tolist(), near.right.tolist(), strict=True)
        if thumbs.splits[one] != thumbs.splits[two]
        and same_picture(compare(thumbs.pictures[one], thumbs.pictures[two]))
    ]


def _keep_worst(found: dict[str, Scored], ids: list[str], one: int, two: int, score: float) -> None:
    for here, there in ((one, two), (two, one)):
        known = found.get(ids[here])
        if known is None or known.score < score:
            found[ids[here]] = Scored(score, {"twin": ids[there]})


def _score_twin_images(sample: str, values: Values, population: Population) -> Scored:
    del values
    return population.once("label twins", _label_twins).get(sample, Scored(0.0))


def _score_twin_labels(sample: str, values: Values, population: Population) -> Scored:
    del values
    return population.once("image twins", _image_twins).get(sample, Scored(0.0))


def _score_leakage(sample: str, values: Values, population: Population) -> Scored:
    del values
    splits = population.once("thumbs", _Thumbs).splits
    if len({split for split in splits if split}) < 2:
        return Scored(float("nan"))
    return population.once("leaks", _leaks).get(sample, Scored(0.0))


CHECKS = (
    Check(
        "twin_images",
        "the same picture as {twin}, with another label (they differ by {score:.0%})",
        _measure_small_versions,
        _score_twin_images,
    ),
    Check(
        "twin_labels",
        "the same label as {twin}, on another picture",
        _measure_presence,
        _score_twin_labels,
    ),
    Check(
        "leakage",
        "the same picture or group as {twin}, which is in another split",
        _measure_presence,
        _score_leakage,
    ),
)
