"""Folders of photos with masks and alphas for the tests of eval, matte and trimap."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from datakit.io.pixels import images
from tests.core.sample_mattes import disk

SIDE_PX = 72


def photo_and_alpha(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A soft disk of one colour before another, a little off centre."""
    rng = np.random.default_rng(seed)
    alpha = disk(SIDE_PX, 20 + seed, 6, shift_px=seed - 1)
    front, back = rng.integers(150, 256, 3), rng.integers(0, 90, 3)
    photo = alpha[..., None] * front + (1 - alpha[..., None]) * back
    return np.rint(photo).astype(np.uint8), alpha


def write_alphas(folder: Path, count: int = 3, blur: float = 0.0) -> Path:
    """Alphas alone; with blur they are worse, the more the higher their number."""
    folder.mkdir(parents=True)
    for seed in range(count):
        alpha = photo_and_alpha(seed)[1]
        worse = np.clip(alpha + blur * (seed + 1) * np.sin(40 * alpha), 0, 1)
        write_gray(folder / f"p{seed}.png", worse)
    return folder


def write_set(folder: Path, kind: str, count: int = 3) -> Path:
    """Photos in images/ with masks/ or alphas/."""
    (folder / "images").mkdir(parents=True)
    (folder / kind).mkdir()
    for seed in range(count):
        photo, alpha = photo_and_alpha(seed)
        (folder / "images" / f"p{seed}.png").write_bytes(images.encode_png(photo))
        label = alpha if kind == "alphas" else (alpha > 0.5).astype(np.float32)
        write_gray(folder / kind / f"p{seed}.png", label)
    return folder


def write_gray(path: Path, alpha: np.ndarray, bits: int = 8) -> None:
    stored = np.rint(alpha * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    path.write_bytes(images.encode_png(stored))
