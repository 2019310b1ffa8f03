"""Defects planted in clean mattes, each at several strengths, each for one check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from datakit.checks.base import StoredFile, Subject
from datakit.records.probe import Probe
from tests.planted.base import (
    Base,
    blob,
    edge_blob,
    grown,
    hand_at,
    has_sure_colours,
    jpeg,
    random_shift,
    shifted,
    stand_in_segmenter,
    subject_of,
    trimap_of,
)
from tests.planted.plates import plant_person, plant_plate_blur, plant_repetition, plant_seam

Plant = Callable[["Base", float, np.random.Generator], Subject | None]


@dataclass(frozen=True)
class Defect:
    """A defect: the check that must see it, its strengths (the documented one first), how to plant.

    ``plant`` returns None where the defect cannot be planted (no room, nothing to tell).
    """

    check: str
    unit: str
    strengths: tuple[float, ...]
    plant: Plant


# ---- file


def plant_turned(base: Base, strength: float, rng: np.random.Generator) -> Subject | None:
    if base.alpha.shape[0] == base.alpha.shape[1]:
        return None
    return subject_of(base, np.ascontiguousarray(np.rot90(base.levels, int(strength))))


def plant_crop(base: Base, share: float, rng: np.random.Generator) -> Subject:
    cut = max(1, round(share * base.alpha.shape[1]))
    return subject_of(base, base.levels[:, cut:])


def plant_scale(base: Base, factor: float, rng: np.random.Generator) -> Subject:
    size_wh = (round(base.alpha.shape[1] * factor), round(base.alpha.shape[0] * factor))
    return subject_of(base, cv2.resize(base.levels, size_wh, interpolation=cv2.INTER_AREA))


def plant_colour(base: Base, strength: float, rng: np.random.Generator) -> Subject:
    tint = np.array([1, 1 - strength, 1 - strength], np.float32)
    return subject_of(base, np.rint(base.levels[..., None] * tint).astype(np.uint8))


def plant_few_bits(base: Base, bits: float, rng: np.random.Generator) -> Subject:
    stored = (base.alpha > 0.5).astype(np.uint8) * 255
    probe = Probe(format="PNG", mode="1", stored_wh=stored.shape[1::-1])
    return subject_of(base, stored, alpha_file=StoredFile(probe))


def plant_nan(base: Base, share: float, rng: np.random.Generator) -> Subject:
    stored = base.alpha.astype(np.float64)
    where = rng.random(stored.shape) < share
    stored[where] = rng.choice([np.nan, np.inf, -1, 2], size=int(where.sum()))
    return subject_of(base, stored) if where.any() else None


def plant_coding(base: Base, opaque: float, rng: np.random.Generator) -> Subject:
    return subject_of(base, (base.alpha > 0.5).astype(np.uint8) * np.uint8(opaque))


def plant_palette(base: Base, strength: float, rng: np.random.Generator) -> Subject:
    probe = Probe(format="PNG", mode="P", stored_wh=base.alpha.shape[::-1])
    return subject_of(base, base.levels, alpha_file=StoredFile(probe))


def plant_jpeg(base: Base, quality: float, rng: np.random.Generator) -> Subject:
    return subject_of(base, jpeg(base.levels, quality))


def plant_residue(base: Base, share: float, rng: np.random.Generator) -> Subject | None:
    levels = base.levels
    far = cv2.dilate(cv2.inRange(levels, 1, 254), np.ones((21, 21), np.uint8)) == 0
    if far.mean() < 4 * share:
        return None
    noisy = far & (rng.random(levels.shape) < share / far.mean())
    off = rng.integers(1, 10, size=levels.shape).astype(np.uint8)
    return subject_of(base, np.where(noisy, np.where(levels > 127, 255 - off, off), levels))


# ---- whole matte


def plant_empty(base: Base, peak: float, rng: np.random.Generator) -> Subject:
    return subject_of(base, base.alpha * np.float32(peak))


def plant_full(base: Base, low: float, rng: np.random.Generator) -> Subject:
    return subject_of(base, np.float32(low) + (1 - np.float32(low)) * base.alpha)


def plant_inverse(base: Base, strength: float, rng: np.random.Generator) -> Subject | None:
    half = base.alpha.shape[0] // 2
    rim = np.concatenate([base.alpha[0], base.alpha[:half, 0], base.alpha[:half, -1]])
    return subject_of(base, 1 - base.alpha) if rim.mean() < 0.15 else None


def plant_binary(base: Base, threshold: float, rng: np.random.Generator) -> Subject:
    return subject_of(base, (base.alpha > threshold).astype(np.float32))


def plant_levels(base: Base, levels: float, rng: np.random.Generator) -> Subject | None:
    if np.count_nonzero((base.alpha > 0.04) & (base.alpha < 0.96)) < 2000:
        return None
    steps = np.float32(levels - 1)
    return subject_of(base, np.rint(base.alpha * steps) / steps)


# ---- shape


def plant_island(base: Base, share: float, rng: np.random.Generator) -> Subject | None:
    extra = blob(base, share, rng, base.alpha < 0.02)
    return None if extra is None else subject_of(base, np.maximum(base.alpha, extra))


def plant_hole(base: Base, share: float, rng: np.random.Generator) -> Subject | None:
    gone = blob(base, share, rng, base.alpha > 0.98)
    return None if gone is None else subject_of(base, base.alpha * (1 - gone))


def plant_specks(base: Base, count: float, rng: np.random.Generator) -> Subject | None:
    alpha = base.alpha
    side = max(1, int(np.sqrt(0.5e-5 * alpha.size)))
    for _ in range(int(count)):
        room = cv2.erode((alpha < 0.02).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
        places = np.argwhere(room)
        if not len(places):
            return None
        y, x = places[rng.integers(len(places))]
        alpha = alpha.copy()
        alpha[y : y + side, x : x + side] = 1
    return subject_of(base, alpha)


def plant_second(base: Base, ratio: float, rng: np.random.Generator) -> Subject | None:
    area = float((base.alpha > 0.5).mean())
    extra = blob(base, ratio * area, rng, base.alpha < 0.02)
    return None if extra is None else subject_of(base, np.maximum(base.alpha, extra))


def plant_fragments(base: Base, pieces: float, rng: np.random.Generator) -> Subject | None:
    rows = np.flatnonzero((base.alpha > 0.5).any(axis=1))
    if len(rows) < 12 * pieces:
        return None
    alpha = base.alpha.copy()
    for cut in np.linspace(rows[0], rows[-1], int(pieces) + 1)[1:-1].astype(int):
        alpha[cut : cut + 4] = 0
    return subject_of(base, alpha)


def plant_top(base: Base, share: float, rng: np.random.Generator) -> Subject:
    alpha = base.alpha.copy()
    width = round(share * alpha.shape[1])
    start = int(rng.integers(alpha.shape[1] - width + 1))
    alpha[: alpha.shape[0] // 3, start : start + width] = 1
    return subject_of(base, alpha)


def plant_border_line(base: Base, share: float, rng: np.random.Generator) -> Subject | None:
    alpha = np.ascontiguousarray(np.rot90(base.alpha, int(rng.integers(4))))
    back = base.alpha.shape != alpha.shape
    image = base.image.transpose(1, 0, 2) if back else base.image
    length = round(share * alpha.shape[1])
    inset = max(4, round(0.01 * min(alpha.shape)))
    clear = (alpha[0] < 0.5) & (alpha[inset] < 0.5)
    if clear.sum() < length:
        return None
    columns = np.flatnonzero(clear)[:length]
    alpha[:2, columns] = 1
    return subject_of(base, alpha, np.ascontiguousarray(image))


# ---- edge


def plant_blur(base: Base, share: float, rng: np.random.Generator) -> Subject:
    return subject_of(base, cv2.GaussianBlur(base.alpha, (0, 0), share * base.diagonal_px))


def plant_shift(base: Base, most_px: float, rng: np.random.Generator) -> Subject:
    dx, dy = random_shift(int(most_px), rng)
    return subject_of(base, shifted(base.levels, dx, dy))


def plant_other(base: Base, strength: float, rng: np.random.Generator) -> Subject:
    size_wh = base.alpha.shape[::-1]
    other = cv2.resize(base.other.alpha, size_wh, interpolation=cv2.INTER_AREA)
    return subject_of(base, other)


def plant_growth(base: Base, share: float, rng: np.random.Generator) -> Subject:
    sign = 1 if rng.random() < 0.5 else -1
    return subject_of(base, grown(base.alpha, sign * max(2, round(share * base.diagonal_px))))


def plant_halo(base: Base, radius_px: float, rng: np.random.Generator) -> Subject | None:
    if not has_sure_colours(base):
        return None
    scale = max(1.0, base.diagonal_px / 2000)
    return subject_of(base, grown(base.alpha, round(radius_px * scale)))


def plant_fringe(base: Base, strength: float, rng: np.random.Generator) -> Subject | None:
    if not has_sure_colours(base):
        return None
    rim = (4 * base.alpha * (1 - base.alpha))[..., None] * np.float32(strength)
    colour = np.float32([[0, 255, 0], [255, 0, 255], [0, 90, 255]])[int(rng.integers(3))]
    image = np.rint(base.image * (1 - rim) + rim * colour).astype(np.uint8)
    return subject_of(base, base.levels, image)


def plant_stairs(base: Base, factor: float, rng: np.random.Generator) -> Subject:
    height, width = base.alpha.shape
    size_wh = (max(1, round(width / factor)), max(1, round(height / factor)))
    small = cv2.resize(base.alpha, size_wh, interpolation=cv2.INTER_AREA)
    return subject_of(base, cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST))


# ---- content: a stand-in for a segmenter, 256 px wide and unsure at edges


def plant_missing(base: Base, share: float, rng: np.random.Generator) -> Subject | None:
    disk = edge_blob(base, share, rng, inside=True)
    if disk is None:
        return None
    confidence = stand_in_segmenter(base.alpha, rng)
    return subject_of(base, base.alpha * (1 - disk), confidence=confidence)


def plant_extra(base: Base, share: float, rng: np.random.Generator) -> Subject | None:
    disk = edge_blob(base, share, rng, inside=False)
    if disk is None:
        return None
    confidence = stand_in_segmenter(base.alpha, rng)
    return subject_of(base, np.maximum(base.alpha, disk), confidence=confidence)


def plant_cut_hand(base: Base, share: float, rng: np.random.Generator) -> Subject | None:
    solid = np.pad((base.alpha > 0.9).astype(np.uint8), 1)
    space = cv2.distanceTransform(solid, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    size_px = 0.1 * base.diagonal_px
    places = np.argwhere(space > 0.7 * size_px)
    if not len(places):
        return None
    y, x = places[rng.integers(len(places))]
    cut = base.alpha.copy()
    low = round(y + (share - 0.5) * size_px)
    cut[
        max(0, round(y - 0.6 * size_px)) : low, x - round(0.6 * size_px) : x + round(0.6 * size_px)
    ] = 0
    return subject_of(base, cut, hands=[hand_at((x, y), size_px)])


# ---- pairs


def plant_swap(base: Base, strength: float, rng: np.random.Generator) -> Subject | None:
    gray = cv2.cvtColor(base.image, cv2.COLOR_RGB2GRAY)
    if strength == 2:
        return subject_of(base, gray)
    clear = float(((base.alpha < 0.02) | (base.alpha > 0.98)).mean())
    return subject_of(base, gray, np.repeat(base.levels[..., None], 3, 2)) if clear > 0.75 else None


def plant_mask(base: Base, share: float, rng: np.random.Generator) -> Subject:
    mask = base.alpha > 0.5
    rows = np.flatnonzero(mask.any(axis=1))
    mask[rows[int((1 - share) * (len(rows) - 1))] :] = False
    return subject_of(base, base.levels, mask=mask)


def plant_trimap(base: Base, share: float, rng: np.random.Generator) -> Subject:
    radius_px = max(2, round(0.005 * base.diagonal_px))
    shift = max(1, round(share * base.diagonal_px))
    return subject_of(
        base, base.levels, trimap=shifted(trimap_of(base.alpha, radius_px), shift, shift)
    )


DEFECTS: tuple[Defect, ...] = (
    Defect("turned", "quarter turns", (1, 3), plant_turned),
    Defect("aspect_differs", "of the width cut off", (0.05, 0.02, 0.2), plant_crop),
    Defect("size_differs", "of the size", (0.5, 0.9, 2), plant_scale),
    Defect("channels", "tint", (0.3, 0.1, 1), plant_colour),
    Defect("bit_depth", "bit", (1,), plant_few_bits),
    Defect("value_range", "of the values", (0.001, 0.0001, 1), plant_nan),
    Defect("coding", "means opaque", (1, 128), plant_coding),
    Defect("palette", "", (1,), plant_palette),
    Defect("jpeg_alpha", "JPEG quality", (75, 90, 50), plant_jpeg),
    Defect("residue", "of the pixels", (0.002, 0.001, 0.02), plant_residue),
    Defect("empty", "highest alpha", (0.4, 0), plant_empty),
    Defect("full", "lowest alpha", (0.6, 1), plant_full),
    Defect("inverted", "", (1,), plant_inverse),
    Defect("binary", "threshold", (0.5, 0.2, 0.8), plant_binary),
    Defect("quantised", "levels", (64, 128, 5), plant_levels),
    Defect("islands", "of the image", (0.001, 0.0003, 0.01), plant_island),
    Defect("holes", "of the image", (0.001, 0.0003, 0.01), plant_hole),
    Defect("specks", "specks", (4, 20), plant_specks),
    Defect("several_subjects", "of the subject", (0.3, 0.2), plant_second),
    Defect("fragments", "pieces", (8, 12), plant_fragments),
    Defect("border_contact", "of the top line", (0.6, 0.9), plant_top),
    Defect("border_line", "of a side", (0.3, 0.2, 0.8), plant_border_line),
    Defect("soft_edge", "of the diagonal (blur sigma)", (0.02, 0.01, 0.03), plant_blur),
    Defect("misaligned", "px", (2, 1, 3), plant_shift),
    Defect("off_edge", "another picture's matte", (1,), plant_other),
    Defect("edge_offset", "of the diagonal", (0.005, 0.004, 0.007), plant_growth),
    Defect("halo", "px at a 2000 px diagonal", (4, 3, 2), plant_halo),
    Defect("fringe", "colour of the rim", (0.4, 0.2, 0.8), plant_fringe),
    Defect("stair_steps", "times enlarged", (3, 2, 3.3, 8), plant_stairs),
    Defect("missing_region", "of the subject", (0.1, 0.06, 0.2), plant_missing),
    Defect("missing_hand", "of its length", (0.9, 0.75), plant_cut_hand),
    Defect("extra_region", "of the subject", (0.1, 0.06, 0.2), plant_extra),
    Defect("label_quality", "of the subject", (0.2, 0.1, 0.3), plant_missing),
    Defect("swapped_pair", "1 swapped, 2 the photo as alpha", (1, 2), plant_swap),
    Defect("mask_differs", "of the height cut off", (0.25, 0.15), plant_mask),
    Defect("trimap_differs", "of the diagonal (shift)", (0.02, 0.01), plant_trimap),
    Defect("seam", "levels brighter", (60, 40, 90), plant_seam),
    Defect("plate_blur", "px (sigma)", (3, 2, 5), plant_plate_blur),
    Defect("repeated_patches", "px from one to the next", (16, 12, 24), plant_repetition),
    Defect("remaining_person", "of the plate", (0.05, 0.02, 0.3), plant_person),
)
