"""What is wrong between files: swapped pairs, masks and trimaps that disagree, twins in the set."""

from __future__ import annotations

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
    value_of,
)

THUMB_PX = 24
SAME_IMAGE = 0.995
SAME_LABEL = 0.97
CHUNK = 1024
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def _thumb(plane: NDArray[np.float32]) -> NDArray[np.uint8]:
    small = cv2.resize(plane, (THUMB_PX, THUMB_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(np.rint(np.clip(small, 0, 1) * 255), np.uint8)


def _luminance(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    gray: NDArray[np.float32] = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    return gray


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    one, two = first.ravel() - first.mean(), second.ravel() - second.mean()
    length = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / length if length > 1e-6 else 0.0


def _measure_swapped(subject: Subject) -> Measured:
    if subject.small is None or subject.levels is None:
        return NOT_MEASURED
    image, alpha, _ = subject.small
    luminance = _luminance(image)
    middle = float(((alpha > 0.04) & (alpha < 0.96)).mean())
    spread = float((image.max(axis=2) - image.min(axis=2)).mean()) / 255
    extreme = float(((luminance < 0.02) | (luminance > 0.98)).mean())
    matte_like = spread < 0.01 and extreme > 0.7 and middle > 0.4
    correlation = _correlation(alpha, luminance)
    # A flat subject on a flat background correlates too, but its matte has few middle tones.
    photo = correlation if middle > 0.5 else 0.0
    return Measured(
        {
            "correlation": correlation,
            "middle": middle,
            "image_extreme": extreme,
            "swapped": 1.0 if matte_like else max(0.0, photo),
        }
    )


def _measure_mask(subject: Subject) -> Measured:
    if subject.alpha is None or subject.mask is None:
        return NOT_MEASURED
    if subject.mask.shape != subject.alpha.shape:
        return Measured({"iou": 0.0, "differs": 1.0})
    solid = subject.alpha > 0.5
    union = int(np.count_nonzero(solid | subject.mask))
    iou = np.count_nonzero(solid & subject.mask) / union if union else 1.0
    return Measured({"iou": float(iou), "differs": 1 - float(iou)})


def _measure_trimap(subject: Subject) -> Measured:
    if subject.alpha is None or subject.trimap is None:
        return NOT_MEASURED
    if subject.trimap.shape != subject.alpha.shape:
        return Measured({"share": 1.0})
    wrong = (subject.trimap == 0) & (subject.alpha > 0.1)
    wrong |= (subject.trimap == 255) & (subject.alpha < 0.9)
    unknown = int(np.count_nonzero(subject.trimap == 128))
    # Against the unknown band, not the image: a trimap has one job.
    return Measured({"share": np.count_nonzero(wrong) / max(unknown, 1) if wrong.any() else 0.0})


def _measure_twins(subject: Subject) -> Measured:
    if subject.paired is None:
        return NOT_MEASURED
    image, alpha = subject.paired
    return Measured(
        {
            "image_thumb": _thumb(_luminance(image)).tobytes().hex(),
            "alpha_thumb": _thumb(alpha).tobytes().hex(),
            "group": subject.group,
            "split": subject.split,
        }
    )


def _measure_present(subject: Subject) -> Measured:
    # The thumbnails are kept once, with twin_images.
    return NOT_MEASURED if subject.paired is None else Measured({"present": 1.0})


class _Thumbs:
    """The thumbnails of a set: (N, T) float32 in [0, 1], with the id of each."""

    def __init__(self, population: Population) -> None:
        found = [(row, row.values.get("twin_images", {})) for row in population.rows]
        kept = [(row.id, values) for row, values in found if "image_thumb" in values]
        self.ids = [sample for sample, _ in kept]
        self.images = _unpack([str(values["image_thumb"]) for _, values in kept])
        self.alphas = _unpack([str(values["alpha_thumb"]) for _, values in kept])
        self.groups = [str(values["group"]) for _, values in kept]
        self.splits = [str(values["split"]) for _, values in kept]


def _unpack(hexes: list[str]) -> NDArray[np.float32]:
    rows = [np.frombuffer(bytes.fromhex(text), np.uint8) for text in hexes]
    return np.array(rows, np.float32).reshape(len(rows), THUMB_PX**2) / 255


def _standard(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    # A flat picture is like no other: empty mattes are not twins.
    return np.where(length > 0.5, centred / np.maximum(length, 1e-6), 0).astype(np.float32)


def _neighbours(rows: NDArray[np.float32], limit: float) -> list[tuple[int, int]]:
    """Return pairs (i, j), i < j, of rows that correlate by at least ``limit``."""
    standard = _standard(rows)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(standard), CHUNK):
        similar = standard[start : start + CHUNK] @ standard[start:].T
        for one, two in np.argwhere(np.triu(similar, k=1) >= limit):
            pairs.append((start + int(one), start + int(two)))
    return pairs


def _label_twins(population: Population) -> dict[str, Scored]:
    """Equal images, labels that differ: 1 - soft IoU of the labels."""
    thumbs = population.once("thumbs", _Thumbs)
    found: dict[str, Scored] = {}
    for one, two in _neighbours(thumbs.images, SAME_IMAGE):
        first, second = thumbs.alphas[one], thumbs.alphas[two]
        union = float(np.maximum(first, second).sum())
        differ = 1 - float(np.minimum(first, second).sum()) / union if union else 0.0
        _keep_worst(found, thumbs.ids, one, two, differ)
    return found


def _image_twins(population: Population) -> dict[str, Scored]:
    """Equal labels, subjects that differ: 1 - correlation of the images inside the label."""
    thumbs = population.once("thumbs", _Thumbs)
    found: dict[str, Scored] = {}
    for one, two in _neighbours(thumbs.alphas, SAME_LABEL):
        # One foreground on several backgrounds has one label rightly: look inside the label.
        inside = (thumbs.alphas[one] > 0.9) & (thumbs.alphas[two] > 0.9)
        if np.count_nonzero(inside) < 8 or not _exactly_equal(thumbs, one, two):
            continue
        alike = _correlation(thumbs.images[one][inside], thumbs.images[two][inside])
        _keep_worst(found, thumbs.ids, one, two, 1 - max(0.0, alike))
    return found


def _exactly_equal(thumbs: _Thumbs, one: int, two: int) -> bool:
    return float(np.abs(thumbs.alphas[one] - thumbs.alphas[two]).mean()) < 2 / 255


def _keep_worst(found: dict[str, Scored], ids: list[str], one: int, two: int, score: float) -> None:
    for here, there in ((one, two), (two, one)):
        known = found.get(ids[here])
        if known is None or known.score < score:
            found[ids[here]] = Scored(score, {"twin": ids[there]})


def _score_twin_images(sample: str, values: Values, population: Population) -> Scored:
    if "image_thumb" not in values:
        return Scored(float("nan"))
    return population.once("label twins", _label_twins).get(sample, Scored(0.0))


def _score_twin_labels(sample: str, values: Values, population: Population) -> Scored:
    del values
    return population.once("image twins", _image_twins).get(sample, Scored(0.0))


CHECKS = (
    Check(
        "swapped_pair",
        "image and alpha look swapped, or a photo stands in for the alpha (it correlates with "
        "the image's luminance by {correlation:.2f})",
        _measure_swapped,
        value_of("swapped"),
    ),
    Check(
        "mask_differs",
        "mask and alpha agree by an IoU of {iou:.2f} only",
        _measure_mask,
        value_of("differs"),
    ),
    Check(
        "trimap_differs",
        "the trimap is sure where alpha is not, on {share:.1%} of its unknown area",
        _measure_trimap,
        value_of("share"),
    ),
    Check(
        "twin_images",
        "the same picture as {twin}, with another label (they differ by {score:.0%})",
        _measure_twins,
        _score_twin_images,
    ),
    Check(
        "twin_labels",
        "the same label as {twin}, on another picture",
        _measure_present,
        _score_twin_labels,
    ),
)
