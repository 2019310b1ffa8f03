"""What a training says of itself: better beyond chance, within chance, nothing, or no use."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.training.verdict import verdict_of


def rows(
    iou: np.ndarray, mse: np.ndarray | None = None, found: float = 0.3, true: float = 0.3
) -> list[dict[str, float]]:
    errors = 1 - iou if mse is None else mse
    return [
        {
            "iou": float(value),
            "mse": float(error),
            "boundary_iou": float(value) / 2,
            "foreground": found,
            "true_foreground": true,
        }
        for value, error in zip(iou, errors, strict=True)
    ]


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


@pytest.mark.parametrize(
    ("iou", "found", "true", "words"),
    [
        (0.0, 0.0, 0.3, "predicts nothing (0.00% of the pixels are predicted as foreground"),
        (0.001, 0.0003, 0.3, "predicts nothing"),
        (0.3, 1.0, 0.3, "predicts everything"),
        (0.3, 0.998, 0.3, "predicts everything"),
        (0.0, 0.2, 0.3, "predicts the wrong pixels"),
    ],
)
def test_a_model_that_finds_no_subject_is_of_no_use_however_its_error_fell(
    iou: float, found: float, true: float, words: str
) -> None:
    before = rows(np.full(4, 0.0), np.full(4, 0.25))
    after = rows(np.full(4, iou), np.full(4, 0.1), found, true)
    said = verdict_of(before, after, 0)
    assert said.startswith("of no use yet: the best epoch ")
    assert "has not learned" in said
    assert words in said and "improved" not in said and "--epochs" in said


def test_subjects_that_fill_their_photos_are_not_taken_for_everything() -> None:
    full = rows(np.full(4, 1.0), np.full(4, 0.0), 1.0, 1.0)
    assert verdict_of(rows(np.full(4, 0.5), found=0.5, true=1.0), full, 0).startswith("improved")


def test_a_smaller_error_does_not_hide_a_worse_overlap() -> None:
    before = rows(np.full(4, 0.4), np.full(4, 0.25))
    said = verdict_of(before, rows(np.full(4, 0.1), np.full(4, 0.1)), 0)
    assert said.startswith("mixed on the 4 held-out samples: MSE 0.2500 -> 0.1000")
    assert "worse is IoU 0.4000 -> 0.1000" in said
