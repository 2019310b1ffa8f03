"""Label errors that are planted come before labels that are right."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.core.quality.label_errors import (
    Confidence,
    confidence_of,
    label_histogram,
    suspect_box,
    suspicion,
)

Y, X = np.mgrid[:96, :96]
DISTANCE = np.hypot(Y - 48, X - 48)


def disc(radius: float, softness: float = 4) -> np.ndarray:
    return np.clip((radius - DISTANCE) / softness + 0.5, 0, 1).astype(np.float32)


def test_planted_errors_come_first_and_say_of_which_kind_they_are() -> None:
    rng = np.random.default_rng(0)
    predicted = [disc(r, 10) * 0.95 for r in range(20, 40)]
    labels = [disc(r + rng.normal(0, 0.7)) for r in range(20, 40)]
    labels[3], labels[7] = disc(17), disc(33)
    labels[11] = labels[11] * (Y < 60)
    labels[15] = np.maximum(labels[15], (X > 85).astype(np.float32))
    found = [label_histogram(a, p) for a, p in zip(labels, predicted, strict=True)]
    sure = confidence_of(sum(found))
    scored = [suspicion(histogram, sure) for histogram in found]
    worst = sorted(range(20), key=lambda n: -scored[n].score)[:4]
    assert set(worst) == {3, 7, 11, 15}
    assert [scored[n].kind for n in (3, 7, 11, 15)] == ["missing", "extra", "missing", "extra"]
    box = suspect_box(labels[15], predicted[15], sure, "extra")
    assert box == (86, 0, 96, 96)


def test_a_model_that_is_never_sure_is_measured_by_its_own_sureness() -> None:
    label, unsure = disc(30), 0.3 + 0.4 * disc(30)
    sure = confidence_of(label_histogram(label, unsure))
    assert sure.foreground == pytest.approx(0.68, abs=0.03)
    shifted = np.roll(label, 20, axis=1)
    assert suspicion(label_histogram(shifted, unsure), sure).score > 0.1
    assert suspicion(label_histogram(label, unsure), sure).score < 0.01


def test_what_nobody_knows_does_not_count() -> None:
    label, seen = np.zeros((96, 96), np.float32), disc(30)
    sure = Confidence(0.9, 0.9)
    assert suspicion(label_histogram(label, seen, DISTANCE > 40), sure).score == 0
    assert suspicion(label_histogram(label, seen), sure).score > 0.8
    assert suspect_box(label, label, sure, "missing") is None
