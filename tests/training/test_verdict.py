"""What a training says of itself: better beyond chance, within chance, or nothing."""

from __future__ import annotations

import numpy as np

from datakit.training.verdict import verdict_of


def rows(iou: np.ndarray) -> list[dict[str, float]]:
    return [{"iou": float(v), "mse": float(1 - v), "boundary_iou": float(v) / 2} for v in iou]


def test_a_gain_of_all_samples_is_an_improvement() -> None:
    before = np.linspace(0.6, 0.8, 8)
    said = verdict_of(rows(before), rows(before + 0.05), 0)
    assert said.startswith("improved on the 8 held-out samples: IoU 0.7000 -> 0.7500")


def test_a_gain_of_some_and_a_loss_of_others_is_within_chance() -> None:
    before = np.full(8, 0.7)
    after = before + np.array([0.1, -0.1, 0.1, -0.1, 0.1, -0.1, 0.1, -0.09])
    assert verdict_of(rows(before), rows(after), 0).startswith("not surely improved")


def test_a_loss_is_no_improvement() -> None:
    before = np.full(3, 0.7)
    assert verdict_of(rows(before), rows(before - 0.1), 0).startswith("nothing improved")
    # One sample tells no interval.
    assert verdict_of(rows(before[:1]), rows(before[:1] + 0.1), 0).startswith("not surely")
