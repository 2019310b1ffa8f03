"""Drawn head-and-shoulders portraits whose foreground, background and alpha are known exactly.

A figure is painted in hard-edged layers on a canvas that is 8 times larger in each direction
and then averaged down. A pixel's alpha is therefore the share of its 64 sub-pixels that the figure
covers, hair strands of a fraction of a pixel included, seen through a lens that blurs by half a
pixel, and its foreground colour is the mean of the covered sub-pixels. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from backdrops import backdrop
from easel import Easel, Points, curve, rotated, shade
from looks import Look
from numpy.typing import NDArray

WIDTH, HEIGHT = 320, 400
HEAD_CENTRE = (160.0, 158.0)
HEAD_HALF_WH = (58.0, 78.0)


@dataclass(frozen=True)
class Portrait:
    """What a drawn portrait is made of; all (H, W[, 3]) uint8."""

    name: str
    image: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    foreground: NDArray[np.uint8]
    background: NDArray[np.uint8]


class Sitter:
    """Paints one `Look` on an `Easel`, back to front."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.rng = np.random.default_rng(look.seed)
        self.easel = Easel(HEIGHT, WIDTH)
        self.centre = np.array([HEAD_CENTRE[0] + look.shift_x_px, HEAD_CENTRE[1]])
        self.pivot = self.centre - (0.0, -HEAD_HALF_WH[1] - 20)

    def at(self, x: float, y: float) -> Points:
        """Place a point given in head half-sizes from the head's centre, tilted with it."""
        point = self.centre + np.array([x, y]) * HEAD_HALF_WH
        return rotated(point[None], self.pivot, self.look.tilt_deg)[0]

    def face_at(self, x: float, y: float) -> Points:
        """Place a point of the face: like `at`, moved sideways when the head is turned."""
        return self.at(x + 0.22 * self.look.turn * (1 - 0.3 * abs(x)), y)

    def outline(self, knots: Sequence[tuple[float, float]]) -> Points:
        """Close a smooth (Catmull-Rom) outline through knots in head units."""
        ring = np.stack([self.at(*knot) for knot in knots])
        before, after = np.roll(ring, 1, 0), np.roll(ring, -1, 0)
        tangent = (after - before) / 6
        parts = [
            curve(ring[i], ring[i] + tangent[i], after[i] - np.roll(tangent, -1, 0)[i], after[i])
            for i in range(len(ring))
        ]
        return np.concatenate(parts)

    def head_ring(self, grow: float = 1.0) -> Points:
        """Return the skull-to-chin outline: an egg."""
        angles = np.linspace(0, 2 * np.pi, 96, endpoint=False)
        down = np.maximum(np.sin(angles), 0)
        x = np.cos(angles) * (1 - 0.26 * down**2.2) * grow
        return np.stack([self.at(a, b) for a, b in zip(x, np.sin(angles) * grow, strict=True)])

    def torso(self) -> None:
        """Paint shirt, folds, neck and collar."""
        shirt, skin, e = self.look.shirt, self.look.skin, self.easel
        cx, top = self.centre[0] * 0.5 + 80, self.centre[1]
        left = curve(
            (cx - 30, top + 96),
            (cx - 58, top + 118),
            (cx - 128, top + 122),
            (cx - 150, top + 262),
            count=60,
        )
        right = (left * (-1, 1) + (2 * cx, 0))[::-1]
        e.polygon(np.concatenate([left, right]), shirt)
        for side in (-1, 1):
            fold = curve(
                (cx + side * 92, top + 180),
                (cx + side * 84, top + 210),
                (cx + side * 96, top + 250),
            )
            e.strand(fold, (2.5, 1.0), shade(shirt, 0.78))
        neck = np.array([self.at(-0.44, 0.6), self.at(0.44, 0.6)])
        deep = 40 if self.look.collar == "v" else 22
        base = curve(
            (cx + 36, top + 100),
            (cx + 14, top + 100 + deep),
            (cx - 14, top + 100 + deep),
            (cx - 36, top + 100),
        )
        e.polygon(np.concatenate([neck, base]), shade(skin, 0.86))
        e.strand(base, (3.0, 3.0), shade(shirt, 0.7))

    def head(self) -> None:
        """Paint the ears that are in view, and the head."""
        skin, e, tilt = self.look.skin, self.easel, self.look.tilt_deg
        for side in (-1, 1):
            if side * self.look.turn < 0.55:
                e.ellipse(self.at(side * 0.99, 0.08), (8.5, 15.5), shade(skin, 0.9), -tilt)
        e.polygon(self.head_ring(), skin)

    def face(self) -> None:
        """Paint eyes, brows, nose and mouth, and what goes on them."""
        look, e, tilt = self.look, self.easel, -self.look.tilt_deg
        for side in (-1, 1):
            eye = self.face_at(side * 0.4, -0.02)
            e.ellipse(eye - (0, 1.5), (11.5, 7.0), shade(look.skin, 0.8), tilt)
            e.ellipse(eye, (10, 5.2), (244, 240, 236), tilt)
            iris = eye - (-1.5 * look.turn, 0)
            e.ellipse(iris, (4.9, 4.9), (84, 66, 48))
            e.ellipse(iris, (2.3, 2.3), (14, 12, 12))
            e.ellipse(iris - (1.6, 1.6), (1.1, 1.1), (255, 255, 255))
            brow = np.stack(
                [
                    self.face_at(side * x, y)
                    for x, y in ((0.18, -0.19), (0.42, -0.28), (0.64, -0.18))
                ]
            )
            e.strand(curve(*brow), (4.2, 1.6), shade(look.hair, 0.9))
            lid = [self.face_at(side * x, y) for x, y in ((0.21, 0.0), (0.4, -0.11), (0.6, -0.01))]
            e.strand(curve(*lid), (1.8, 1.2), shade(look.skin, 0.42))
        nose = [
            self.face_at(x, y) for x, y in ((0.06, 0.02), (0.1, 0.22), (0.17, 0.32), (-0.1, 0.35))
        ]
        e.strand(curve(*nose), (1.6, 2.6), shade(look.skin, 0.74))
        if look.beard:
            self.beard()
        mouth = [self.face_at(x, y) for x, y in ((-0.27, 0.56), (0.0, 0.67), (0.27, 0.56))]
        lower = [self.face_at(x, y) for x, y in ((0.27, 0.56), (0.0, 0.78), (-0.27, 0.56))]
        e.polygon(np.concatenate([curve(*mouth), curve(*lower)]), (186, 92, 88))
        e.strand(curve(*mouth), (1.4, 1.4), (110, 48, 48))
        if look.glasses:
            self.glasses()

    def beard(self) -> None:
        """Paint a beard whose hairs leave the chin."""
        ring = [
            (-0.98, 0.12),
            (-0.86, 0.62),
            (-0.5, 1.02),
            (0.0, 1.12),
            (0.5, 1.02),
            (0.86, 0.62),
            (0.98, 0.12),
            (0.8, 0.3),
            (0.42, 0.5),
            (0.0, 0.43),
            (-0.42, 0.5),
            (-0.8, 0.3),
        ]
        self.easel.polygon(self.outline(ring), self.look.hair)
        for _ in range(420):
            x = self.rng.uniform(-0.88, 0.88)
            low = 1.05 - 0.75 * abs(x) ** 2.2
            root = self.at(x, low - self.rng.uniform(0.0, 0.22))
            out = self.at(x * 1.05, low + self.rng.uniform(0.0, 0.12))
            side = self.rng.normal(0, 1.6, 2)
            tone = shade(self.look.hair, self.rng.uniform(0.7, 1.5))
            self.easel.strand(curve(root, (root + out) / 2 + side, out, count=5), (0.8, 0.25), tone)

    def glasses(self) -> None:
        """Paint thin round glasses."""
        for side in (-1, 1):
            rim = np.linspace(0, 2 * np.pi, 40)
            ring = np.stack([17 * np.cos(rim), 13.5 * np.sin(rim)], axis=1)
            self.easel.strand(ring + self.face_at(side * 0.41, 0.0), (1.7, 1.7), (36, 34, 40))
            arm = np.stack([self.face_at(side * 0.7, -0.03), self.at(side * 1.0, -0.02)])
            self.easel.strand(arm, (1.7, 1.7), (36, 34, 40))
        bridge = np.stack(
            [self.face_at(x, y) for x, y in ((-0.12, -0.02), (0, -0.07), (0.12, -0.02))]
        )
        self.easel.strand(bridge, (1.7, 1.7), (36, 34, 40))

    def lock(
        self,
        root: tuple[float, float],
        bend: tuple[float, float],
        tip: tuple[float, float],
        spread: float,
        count: int,
        width_px: float = 1.1,
    ) -> None:
        """Paint a bundle of tapering strands from root over bend to tip."""
        for _ in range(count):
            jitter = self.rng.normal(0, spread, (3, 2)) * ((0.6,), (1.0,), (1.7,))
            wanted = np.array([root, bend, tip]) + jitter
            knots = [self.at(*knot) for knot in wanted]
            tone = shade(self.look.hair, self.rng.uniform(0.72, 1.42))
            wide = width_px * self.rng.uniform(0.5, 1.3)
            self.easel.strand(curve(*knots, count=14), (wide, 0.2), tone)

    def hair_behind(self) -> None:
        """Paint the hair that falls behind the head."""
        hair, e = self.look.hair, self.easel
        if self.look.style == "long":
            ring = [
                (0, -1.2),
                (0.8, -1.05),
                (1.2, -0.4),
                (1.22, 0.5),
                (1.28, 1.3),
                (0.9, 1.62),
                (0, 1.3),
                (-0.9, 1.62),
                (-1.28, 1.3),
                (-1.22, 0.5),
                (-1.2, -0.4),
                (-0.8, -1.05),
            ]
            e.polygon(self.outline(ring), shade(hair, 0.85))
            for side in (-1, 1):
                for y in np.linspace(-0.6, 1.1, 9):
                    self.lock(
                        (side * 0.95, y - 0.3),
                        (side * 1.24, y + 0.2),
                        (side * 1.24, y + 0.75),
                        0.07,
                        26,
                    )
        elif self.look.style == "wind":
            ring = [
                (0, -1.22),
                (0.85, -1.0),
                (1.18, -0.3),
                (1.1, 0.5),
                (0.9, 0.9),
                (-0.6, 0.9),
                (-1.5, 0.75),
                (-1.75, 0.3),
                (-1.35, -0.5),
                (-0.85, -1.05),
            ]
            e.polygon(self.outline(ring), shade(hair, 0.85))
            for y in np.linspace(-0.85, 0.8, 14):
                self.lock((-0.7, y - 0.15), (-1.5, y - 0.25), (-2.25, y + 0.05), 0.1, 26)
        elif self.look.style == "curly":
            self.curls(620)
        elif self.look.style == "bun":
            e.ellipse(self.at(0.12, -1.28), (33, 27), shade(hair, 0.92), -12)
            for turn in np.linspace(0, 2 * np.pi, 26):
                x, y = 0.12 + 0.52 * np.cos(turn), -1.28 + 0.3 * np.sin(turn)
                far = (0.12 + 0.7 * np.cos(turn + 0.5), -1.28 + 0.42 * np.sin(turn + 0.5))
                self.lock((0.12, -1.25), (x, y), far, 0.05, 6, 0.8)

    def curls(self, count: int) -> None:
        """Paint an afro: rings of curls around the skull, thinning outwards."""
        turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        ring = [(1.42 * np.cos(a), -0.32 + 1.1 * np.sin(a)) for a in turn]
        self.easel.polygon(self.outline(ring), self.look.hair)
        for _ in range(count):
            angle = self.rng.uniform(0, 2 * np.pi)
            reach = self.rng.uniform(0.75, 1.1)
            middle = self.at(1.42 * reach * np.cos(angle), -0.32 + 1.1 * reach * np.sin(angle))
            radius = self.rng.uniform(3.5, 7.5)
            arc = self.rng.uniform(0, 2 * np.pi) + np.linspace(0, 5.2, 16)
            loop = middle + radius * np.stack([np.cos(arc), np.sin(arc)], axis=1)
            tone = shade(self.look.hair, self.rng.uniform(0.7, 1.9))
            self.easel.strand(loop, (1.2, 0.3), tone)

    def hair_in_front(self) -> None:
        """Paint the hair on the head, with a parting and flying strands."""
        style, hair, e = self.look.style, self.look.hair, self.easel
        if style == "bald":
            return
        low = {"long": -0.42, "wind": -0.5, "short": -0.52, "bun": -0.6, "curly": -0.6}[style]
        high = -1.1 if style == "short" else -1.16
        part = -0.3 if style in ("long", "bun") else 0.35
        ring = [
            (0, high),
            (0.72, high + 0.2),
            (1.1, -0.42),
            (1.1, 0.02),
            (0.98, -0.12),
            (0.86, low + 0.06),
            (part + 0.15, low - 0.2),
            (part, low - 0.26),
            (part - 0.15, low - 0.18),
            (-0.86, low + 0.06),
            (-0.98, -0.12),
            (-1.1, 0.02),
            (-1.1, -0.42),
            (-0.72, high + 0.2),
        ]
        e.polygon(self.outline(ring), hair)
        for x in np.linspace(-0.85, 0.85, 18):
            side = 1 if x > part else -1
            lift = high - 0.05 + 0.5 * x**2
            self.lock(
                (part + 0.2 * (x - part), low - 0.34),
                (x, (low + lift) / 2 - 0.12),
                (x + side * 0.16, low + 0.02 + 0.22 * abs(x)),
                0.05,
                9,
                1.0,
            )
            fly, count = (-0.1, 9) if style in ("short", "bun") else (-0.06, 5)
            self.lock(
                (x * 0.9, lift + 0.25), (x, lift), (x * 1.25 + 0.12, lift + fly), 0.05, count, 0.8
            )


def lit(foreground: NDArray[np.float32], sitter: Sitter) -> NDArray[np.float32]:
    """Light the flat colours from the upper left and darken under the chin."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    cx, cy = sitter.centre
    side = 1.1 - 0.26 / (1 + np.exp(-(x - cx - 18) / 34)) - 0.06 * (y - cy) / HEIGHT
    chin = sitter.at(0.05, 1.2)
    under = np.exp(-(((x - chin[0]) / 46) ** 2 + ((y - chin[1]) / 15) ** 2))
    result = foreground * (side * (1 - 0.3 * under))[..., None]
    for cheek in (-0.52, 0.52):
        spot = sitter.face_at(cheek, 0.32)
        blush = np.exp(-(((x - spot[0]) / 15) ** 2 + ((y - spot[1]) / 11) ** 2))
        result += blush[..., None] * np.array([10, -7, -6], np.float32)
    return np.clip(result, 0, 255).astype(np.float32)


def draw(look: Look) -> Portrait:
    """Draw one portrait: image = alpha * foreground + (1 - alpha) * background, rounded."""
    sitter = Sitter(look)
    sitter.hair_behind()
    sitter.torso()
    if look.style in ("long", "wind"):
        for side in (-1, 1) if look.style == "long" else ():
            sitter.lock((side * 0.98, 0.1), (side * 1.1, 0.9), (side * 0.86, 1.75), 0.09, 90, 1.4)
    sitter.head()
    sitter.face()
    sitter.hair_in_front()
    colour, alpha = sitter.easel.averaged()
    quantised = np.rint(alpha * 255).astype(np.uint8)
    foreground = np.rint(lit(colour, sitter)).astype(np.uint8) * (quantised > 0)[..., None]
    background = backdrop(look.behind, HEIGHT, WIDTH, sitter.rng)
    weight = quantised[..., None].astype(np.float64) / 255
    image = np.rint(weight * foreground + (1 - weight) * background).astype(np.uint8)
    return Portrait(look.name, image, quantised, foreground.astype(np.uint8), background)
