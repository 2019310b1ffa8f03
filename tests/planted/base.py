"""A clean matte to plant in, and what planting needs: moves, growth, blobs, stand-ins."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.checks.base import StoredFile, Subject
from datakit.checks.edge import MIN_POINTS
from datakit.core.drafts.hands import Hand
from datakit.core.matting.repair import repair
from datakit.records.probe import Probe
from tests.planted.mattes import CleanMatte


@dataclass(frozen=True)
class Base:
    """A clean matte (its residue snapped) and another one to mix it up with."""

    name: str
    image: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    other: CleanMatte

    @property
    def diagonal_px(self) -> float:
        return float(np.hypot(*self.alpha.shape))

    @property
    def levels(self) -> NDArray[np.uint8]:
        return to_levels(self.alpha)


def make_base(matte: CleanMatte, other: CleanMatte) -> Base:
    """Return the matte without its JPEG residue, as defects must not come from the original."""
    return Base(matte.name, matte.image, repair(matte.alpha).alpha, other)


def to_levels(alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8)


def subject_of(
    base: Base, stored: NDArray, image: NDArray[np.uint8] | None = None, **extra
) -> Subject:
    """Return the subject a reader would give for this alpha, stored as an 8-bit PNG unless told."""
    if stored.dtype == np.float32:
        stored = to_levels(stored)
    mode = {2: "L", 3: "RGB"}[stored.ndim]
    probe = Probe(format="PNG", mode=mode, stored_wh=stored.shape[1::-1])
    extra.setdefault("alpha_file", StoredFile(probe))
    return Subject(base.name, base.image if image is None else image, stored, **extra)


def jpeg(levels: NDArray[np.uint8], quality: float) -> NDArray[np.uint8]:
    _, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def blob(
    base: Base, share: float, rng: np.random.Generator, room: NDArray[np.bool_]
) -> NDArray[np.float32] | None:
    """Return an ellipse of ``share`` of the image (soft by a pixel) inside ``room``, or None."""
    radius = np.sqrt(share * base.alpha.size / np.pi)
    ratio = rng.uniform(0.7, 1.4)
    radii = (radius * ratio, radius / ratio)
    space = cv2.distanceTransform(
        np.pad(room.astype(np.uint8), 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )[1:-1, 1:-1]
    places = np.argwhere(space > max(radii) + 4 + 0.005 * base.diagonal_px)
    if not len(places):
        return None
    y, x = places[rng.integers(len(places))]
    grid_y, grid_x = np.ogrid[: base.alpha.shape[0], : base.alpha.shape[1]]
    scaled = np.hypot((grid_x - x) / radii[0], (grid_y - y) / radii[1])
    return np.clip(0.5 - (scaled - 1) * min(radii) / 2, 0, 1).astype(np.float32)


def shifted(alpha: NDArray, dx: int, dy: int) -> NDArray:
    matrix = np.float32([[1, 0, dx], [0, 1, dy]])
    size_wh = alpha.shape[::-1]
    return cv2.warpAffine(alpha, matrix, size_wh, borderMode=cv2.BORDER_REPLICATE)


def random_shift(most_px: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return a shift whose larger coordinate is exactly ``most_px``."""
    while True:
        dx, dy = (int(step) for step in rng.integers(-most_px, most_px + 1, size=2))
        if max(abs(dx), abs(dy)) == most_px:
            return dx, dy


def ellipse_kernel(radius_px: int) -> NDArray[np.uint8]:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1,) * 2)


def grown(alpha: NDArray, radius_px: int) -> NDArray:
    operation = cv2.dilate if radius_px > 0 else cv2.erode
    return operation(alpha, ellipse_kernel(abs(radius_px)))


def has_sure_colours(base: Base) -> bool:
    """Tell whether flat fore- and background lie beside the edge: fur all over has neither."""
    edge = subject_of(base, base.levels).edge_colours
    return edge is not None and len(edge.yx) >= 4 * MIN_POINTS


def stand_in_segmenter(alpha: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    size_wh = alpha.shape[::-1]
    small = cv2.resize(alpha, (256, 256), interpolation=cv2.INTER_AREA)
    noise = cv2.GaussianBlur(rng.normal(size=small.shape).astype(np.float32), (0, 0), 6) * 0.6
    small = np.clip(cv2.GaussianBlur(small, (0, 0), 1.5) * 0.98 + 0.01 + noise * 0.1, 0, 1)
    return cv2.resize(small, size_wh, interpolation=cv2.INTER_LINEAR)


def edge_blob(
    base: Base, share: float, rng: np.random.Generator, inside: bool
) -> NDArray[np.float32] | None:
    """Return a disk at the subject's edge with ``share`` of its area on the wanted side."""
    solid = base.alpha > 0.5
    rim = np.argwhere(cv2.morphologyEx(solid.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))))
    if not len(rim):
        return None
    wanted = share * solid.sum()
    side = (base.alpha > 0.9) if inside else (base.alpha < 0.1)
    grid_y, grid_x = np.ogrid[: base.alpha.shape[0], : base.alpha.shape[1]]
    for _ in range(20):
        y, x = rim[rng.integers(len(rim))]
        distance = np.hypot(grid_x - x, grid_y - y)
        near = np.sort(distance[side])
        if len(near) > wanted:
            return (distance <= near[int(wanted)]).astype(np.float32)
    return None


def trimap_of(alpha: NDArray[np.float32], radius_px: int) -> NDArray[np.uint8]:
    kernel = ellipse_kernel(radius_px)
    unknown = cv2.dilate(((alpha > 0) & (alpha < 1)).astype(np.uint8), kernel) > 0
    unknown |= cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, kernel) > 0
    return np.where(unknown, 128, np.where(alpha > 0.5, 255, 0)).astype(np.uint8)


def hand_at(centre_xy: tuple[float, float], size_px: float) -> Hand:
    """Return an open hand that points upward, about as wide as high."""
    knuckles = np.array([-0.3, -0.15, 0.0, 0.15, 0.3])
    shares = [(0.0, 0.5)]
    for number, x in enumerate(knuckles):
        tip = -0.5 if number else 0.0
        shares += [(x * (1 + k / 4), 0.15 + (tip - 0.15) * k / 3) for k in range(4)]
    return Hand(1.0, np.array(shares) * size_px + centre_xy)
