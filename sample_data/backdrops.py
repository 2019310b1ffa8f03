"""What stands behind the drawn portraits: six backgrounds made of gradients and seeded noise."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def ramp(height: int, width: int, top: tuple[int, ...], bottom: tuple[int, ...]) -> Field:
    """Blend two colours from top to bottom."""
    along = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    line = (1 - along) * np.float32(top) + along * np.float32(bottom)
    return np.repeat(line, width, axis=1)


def cloud(height: int, width: int, cells: int, rng: np.random.Generator) -> Field:
    """Return smooth noise in 0..1 (H, W): random cells, enlarged."""
    coarse = rng.random((cells * height // width + 1, cells)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def studio(height: int, width: int, rng: np.random.Generator) -> Field:
    """Paper backdrop with a light in the middle."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    glow = np.exp(-(((x - 0.6 * width) / 190) ** 2 + ((y - 0.35 * height) / 220) ** 2))
    return np.float32([88, 108, 120]) + glow[..., None] * np.float32([110, 104, 96])


def wall(height: int, width: int, rng: np.random.Generator) -> Field:
    """Bricks, a little out of focus."""
    y, x = np.mgrid[0:height, 0:width]
    row = y // 26
    column = (x + 30 * (row % 2)) // 60
    tone = rng.uniform(0.82, 1.12, (row.max() + 1, column.max() + 1)).astype(np.float32)
    field = np.float32([172, 112, 88]) * tone[row, column][..., None]
    mortar = (y % 26 < 3) | ((x + 30 * (row % 2)) % 60 < 3)
    field[mortar] = (196, 186, 172)
    return cv2.GaussianBlur(field, (0, 0), 1.2)


def foliage(height: int, width: int, rng: np.random.Generator) -> Field:
    """Leaves: noise on four scales between two greens."""
    mix = sum(cloud(height, width, cells, rng) / 2**i for i, cells in enumerate((6, 14, 34, 80)))
    weight = np.clip((mix / mix.max() - 0.25) * 1.6, 0, 1)[..., None]
    return (1 - weight) * np.float32([30, 54, 34]) + weight * np.float32([172, 204, 116])


LIGHTS = ((255, 196, 110), (255, 236, 190), (120, 180, 255), (255, 120, 110))


def bokeh(height: int, width: int, rng: np.random.Generator) -> Field:
    """Street at night with lights out of focus."""
    field = np.ascontiguousarray(ramp(height, width, (24, 30, 58), (66, 52, 72)))
    for _ in range(34):
        light = np.zeros_like(field)
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        colour = LIGHTS[rng.integers(len(LIGHTS))]
        cv2.circle(light, centre, int(rng.integers(8, 26)), colour, -1, cv2.LINE_AA)
        field += 0.3 * light
    return cv2.GaussianBlur(field, (0, 0), 1.6)


def stripes(height: int, width: int, rng: np.random.Generator) -> Field:
    """Wallpaper: hard vertical stripes, a fine texture a matting method can trip over."""
    x = np.arange(width)
    tone = np.where(x % 22 < 9, 1.0, 0.0).astype(np.float32)[None, :, None]
    field = tone * np.float32([84, 112, 132]) + (1 - tone) * np.float32([222, 214, 196])
    return np.repeat(cv2.GaussianBlur(field, (0, 0), 0.7).reshape(1, width, 3), height, axis=0)


def dusk(height: int, width: int, rng: np.random.Generator) -> Field:
    """Evening sky over hills whose colour is close to blond hair."""
    field = np.ascontiguousarray(ramp(height, width, (86, 110, 166), (246, 196, 140)))
    for base, colour in ((250, (150, 120, 100)), (300, (112, 92, 84))):
        x = np.arange(width)
        start = rng.uniform(0, 6, 2)
        line = base + 18 * np.sin(x / 41 + start[0]) + 9 * np.sin(x / 17 + start[1])
        hill = np.concatenate([np.stack([x, line], 1), [[width, height], [0, height]]])
        cv2.fillPoly(field, [np.rint(hill).astype(np.int32)], colour, cv2.LINE_AA)
    return cv2.GaussianBlur(field, (0, 0), 1.0)


BACKDROPS = {f.__name__: f for f in (studio, wall, foliage, bokeh, stripes, dusk)}


def backdrop(name: str, height: int, width: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Paint one background by name, (H, W, 3) uint8."""
    return np.clip(np.rint(BACKDROPS[name](height, width, rng)), 0, 255).astype(np.uint8)
