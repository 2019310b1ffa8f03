"""Clean mattes to plant defects in: analytic, the sample portraits, and real ones if present."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class CleanMatte:
    """An image with an alpha taken for right; ``is_jpeg`` when the alpha's file is a JPEG."""

    name: str
    set: str
    image: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    is_jpeg: bool = False


def texture(
    rng: np.random.Generator, hw: tuple[int, int], base: NDArray[np.float32], contrast: float
) -> NDArray[np.float32]:
    """Return (H, W, 3) float32: octaves of smoothed noise around a colour, with sensor noise."""
    image = np.broadcast_to(base, (*hw, 3)).astype(np.float32)
    for cells, weight in ((4, 0.5), (16, 0.3), (64, 0.2)):
        noise = rng.normal(size=(cells, cells, 3)).astype(np.float32)
        image = image + contrast * weight * cv2.resize(
            noise, hw[::-1], interpolation=cv2.INTER_CUBIC
        )
    return image + rng.normal(scale=0.006, size=image.shape).astype(np.float32)


def _ramp(distance_px: NDArray[np.float64], width_px: float) -> NDArray[np.float64]:
    return np.clip(0.5 - distance_px / width_px, 0, 1)


def _ellipse(
    grid: tuple[NDArray[np.float64], NDArray[np.float64]],
    centre: tuple[float, float],
    radii: tuple[float, float],
) -> NDArray[np.float64]:
    """Return the (approximate) signed distance to an ellipse in pixels, negative inside."""
    y, x = grid
    scaled = np.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1])
    return (scaled - 1) * min(radii)


def analytic_alpha(rng: np.random.Generator, hw: tuple[int, int]) -> NDArray[np.float32]:
    """Return head, shoulders and strands of hair, exact at every pixel before rounding."""
    height, width = hw
    grid = np.mgrid[:height, :width].astype(np.float64)
    y, x = grid
    soft_px = rng.uniform(1.5, 5)
    middle = width * rng.uniform(0.42, 0.58)
    head_y, head = height * rng.uniform(0.3, 0.4), height * rng.uniform(0.13, 0.18)
    alpha = _ramp(_ellipse((y, x), (middle, head_y), (0.8 * head, head)), soft_px)
    body = _ellipse((y, x), (middle, height * 1.02), (width * 0.3, height * 0.45))
    alpha = np.maximum(alpha, _ramp(body, soft_px))
    neck = np.maximum(np.abs(x - middle) - 0.35 * head, head_y - y)
    neck = np.where(y < height * 0.7, neck, height)
    alpha = np.maximum(alpha, _ramp(neck, soft_px))
    for _ in range(int(rng.integers(0, 60))):
        angle = rng.uniform(-np.pi, 0)
        start = np.array([middle + 0.7 * head * np.cos(angle), head_y + 0.9 * head * np.sin(angle)])
        heading = angle + rng.normal(scale=0.3)
        end = start + head * rng.uniform(0.15, 0.5) * np.array([np.cos(heading), np.sin(heading)])
        alpha = np.maximum(alpha, _strand((y, x), start, end, rng.uniform(0.5, 1.6)))
    return (np.rint(alpha * 255) / 255).astype(np.float32)


def _strand(
    grid: tuple[NDArray[np.float64], NDArray[np.float64]],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    thick_px: float,
) -> NDArray[np.float64]:
    y, x = grid
    along = end - start
    part = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along @ along), 0, 1)
    distance = np.hypot(x - start[0] - part * along[0], y - start[1] - part * along[1])
    return np.clip(thick_px + 0.5 - distance, 0, 1) * (1 - 0.7 * part)


def analytic_matte(seed: int, hw: tuple[int, int] = (480, 360)) -> CleanMatte:
    """Return a textured foreground composed over a textured background with an exact alpha."""
    rng = np.random.default_rng([2024, seed])
    alpha = analytic_alpha(rng, hw)
    colours = rng.uniform(0.15, 0.85, size=(2, 3)).astype(np.float32)
    if np.linalg.norm(colours[0] - colours[1]) < 0.35:
        colours[1] = np.where(colours[0] > 0.5, colours[0] - 0.35, colours[0] + 0.35)
    front = texture(rng, hw, colours[0], 0.10)
    back = texture(rng, hw, colours[1], 0.10)
    image = alpha[..., None] * front + (1 - alpha[..., None]) * back
    pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return CleanMatte(f"analytic-{seed:02d}", "analytic", pixels, alpha)


def analytic_mattes(count: int = 16, first: int = 0) -> Iterator[CleanMatte]:
    """Yield ``count`` analytic mattes, always the same."""
    for seed in range(first, first + count):
        yield analytic_matte(seed)


def _read(name: str, group: str, image: Path, alpha: Path) -> CleanMatte:
    pixels = cv2.cvtColor(cv2.imread(str(image)), cv2.COLOR_BGR2RGB)
    levels = cv2.imread(str(alpha), cv2.IMREAD_GRAYSCALE)
    is_jpeg = alpha.suffix == ".jpg"
    return CleanMatte(name, group, pixels, levels.astype(np.float32) / 255, is_jpeg)


def _pairs(folder: Path, images: str, alphas: str, group: str) -> Iterator[CleanMatte]:
    by_stem = {path.stem: path for path in sorted((folder / images).glob("*"))}
    for alpha in sorted((folder / alphas).glob("*")):
        if alpha.stem in by_stem:
            yield _read(f"{group}/{alpha.stem}", group, by_stem[alpha.stem], alpha)


def sample_mattes() -> Iterator[CleanMatte]:
    """Yield the portraits of sample_data; the astronaut's alpha is made by hand, not exact."""
    yield from _pairs(ROOT / "sample_data" / "portraits", "images", "alphas", "sample")


def real_mattes() -> Iterator[CleanMatte]:
    """Yield PPM-100, foamliu's crops and mmagic's GT05 where they are; nothing elsewhere."""
    matting = ROOT.parent / "shared" / "data" / "matting"
    if matting.is_dir():
        yield from _pairs(matting / "ppm100", "image", "alpha", "ppm100")
        yield from _pairs(matting / "foamliu_composition_crops", "image", "alpha", "foamliu")
        yield from _pairs(matting / "mmagic_gt05", "merged", "alpha", "mmagic")


def held_out_mattes() -> Iterator[CleanMatte]:
    """Yield mattes that no threshold was chosen on: other analytic ones, P3M's samples, a lemur.

    P3M's alphas are predictions of two models, not ground truth.
    """
    yield from analytic_mattes(24, first=100)
    matting = ROOT.parent / "shared" / "data" / "matting"
    if matting.is_dir():
        folder = matting / "p3m_demo_predictions"
        for model in ("pred_p3mnet", "pred_p3mnet_vitae"):
            yield from _pairs(folder, "image", model, model)
        lemur = matting / "pymatting_lemur"
        yield _read("lemur", "lemur", lemur / "lemur.png", lemur / "lemur_alpha.png")
