"""A stroke is taken at its word, the band at it is solved, and everything else keeps its value."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from datakit.core.interactive.prompts import Stroke, stroke_pixels
from datakit.core.interactive.scribble import harden, scribble
from datakit.errors import InputError
from tests.core.interactive.pictures import figure

IMAGE, TRUTH = figure()
LINE = Stroke(((110.0, 60.0), (116.0, 120.0)), 9)


@pytest.mark.parametrize(("ground", "value"), [("foreground", 1), ("background", 0)])
def test_a_stroke_is_taken_at_its_word(ground: str, value: int) -> None:
    alpha = TRUTH.astype(np.float32)
    solved = scribble(IMAGE, alpha, LINE, ground)
    assert (solved[stroke_pixels(LINE, alpha.shape)] == value).all()


@pytest.mark.parametrize("ground", ["foreground", "background", "unknown"])
def test_what_is_far_keeps_its_value(ground: str) -> None:
    rng = np.random.default_rng(1)
    alpha = cv2.GaussianBlur(TRUTH.astype(np.float32), (0, 0), 2)
    alpha[:, :40] = rng.random((180, 40), np.float32)
    solved = scribble(IMAGE, alpha, LINE, ground)
    assert (solved[:, :80] == alpha[:, :80]).all()
    assert solved.min() >= 0
    assert solved.max() <= 1


def test_unknown_finds_the_edge() -> None:
    wrong = np.roll(TRUTH, 6, axis=1).astype(np.float32)
    solved = scribble(IMAGE, wrong, LINE, "unknown")
    near = stroke_pixels(LINE, TRUTH.shape)
    before = np.abs(wrong - TRUTH)[near].mean()
    assert np.abs(solved - TRUTH)[near].mean() < 0.3 * before


def test_harder_and_softer_edges() -> None:
    alpha = cv2.GaussianBlur(TRUTH.astype(np.float32), (0, 0), 3)
    drawn = stroke_pixels(LINE, alpha.shape)

    def soft(values: np.ndarray) -> int:
        return int(((values > 0.05) & (values < 0.95))[drawn].sum())

    harder, softer = harden(alpha, drawn, 3), harden(alpha, drawn, 0.2)
    assert soft(harder) < soft(alpha) < soft(softer)
    assert (harder[~drawn] == alpha[~drawn]).all()
    with pytest.raises(InputError, match="factor"):
        harden(alpha, drawn, 0)


def test_what_cannot_be_is_refused() -> None:
    alpha = TRUTH.astype(np.float32)
    with pytest.raises(InputError, match="expected one of"):
        scribble(IMAGE, alpha, LINE, "hair")
    with pytest.raises(InputError, match="outside"):
        scribble(IMAGE, alpha, Stroke(((900.0, 900.0),), 2), "unknown")
    with pytest.raises(InputError, match="alpha of"):
        scribble(IMAGE, alpha[1:], LINE, "unknown")


@pytest.mark.parametrize(
    "name", ["dark_long_hair.png", "grey_short_glasses.jpg", "red_wind_blown.png"]
)
def test_hair_that_is_painted_over_comes_nearer_to_the_truth(sample_data: Path, name: str) -> None:
    image = cv2.imread(str(sample_data / "portraits/images" / name))[..., ::-1].copy()
    alpha = sample_data / f"portraits/alphas/{Path(name).stem}.png"
    truth = cv2.imread(str(alpha), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    mask = (truth > 0.5).astype(np.float32)
    top = int(np.flatnonzero(mask.any(axis=1))[0])
    points = tuple(
        (float(np.flatnonzero(mask[top + down])[0]), float(top + down)) for down in (60, 30)
    )
    stroke = Stroke(points, 14)
    drawn = stroke_pixels(stroke, mask.shape)
    solved = scribble(image, mask, stroke, "unknown")
    assert ((solved - truth)[drawn] ** 2).mean() < 0.5 * ((mask - truth)[drawn] ** 2).mean()
