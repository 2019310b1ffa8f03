"""Drafts: from what models say to a label."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from datakit.core.images import network_input
from datakit.models.prediction import Prediction
from datakit.verbs.prelabel.drafts import Cleaning, ModelOutputs, make_label
from tests.planted.base import hand_at

HW = (90, 120)


def predicted(values: np.ndarray, fit: network_input.InputFit = "stretch") -> Prediction:
    values = values.astype(np.float32)
    placed = network_input.place(HW, values.shape, fit)  # type: ignore[arg-type]
    return Prediction(values, placed, raw_max=float(values.max()))


def disc(side: int = 60, radius: float = 18, top: float = 1.0) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    distance = np.hypot(x - side / 2 + 0.5, y - side / 2 + 0.5)
    return (top * np.clip((radius - distance) / 4 + 0.5, 0, 1)).astype(np.float32)


def photo() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 255, (*HW, 3), dtype=np.uint8)


@pytest.mark.parametrize(("depth", "top"), [(8, 255), (16, 65535)])
def test_the_alpha_is_the_map_enlarged(depth: int, top: int) -> None:
    label = make_label(photo(), ModelOutputs(predicted(disc())), Cleaning(), depth)
    expected = cv2.resize(disc(), HW[::-1], interpolation=cv2.INTER_LINEAR)
    assert np.abs(label.alpha / top - expected).max() <= 0.51 / top
    assert set(np.unique(label.mask)) == {0, 255}
    assert ((label.mask > 0) == (label.alpha > top // 2)).all()
    assert label.raw is None


def test_padding_is_cut_away() -> None:
    values = np.zeros((60, 60), np.float32)
    values[7:52] = 1
    label = make_label(photo(), ModelOutputs(predicted(values, "letterbox")), Cleaning(), 8)
    assert (label.mask == 255).all()
    assert label.parts["border"] == 1


def test_without_a_subject_the_label_is_empty_and_the_map_is_kept() -> None:
    label = make_label(photo(), ModelOutputs(predicted(disc(top=0.45))), Cleaning(), 8)
    assert not label.alpha.any()
    assert not label.mask.any()
    assert label.raw is not None
    assert label.raw.shape == (60, 60)
    assert label.raw.max() == round(0.45 * 65535)
    assert label.parts["faint"] == pytest.approx(0.55, abs=1e-6)


def test_a_hand_that_the_draft_lacks_is_measured_and_has_its_place() -> None:
    outside, inside = hand_at((105.0, 30.0), 16.0), hand_at((60.0, 45.0), 16.0)
    arm = replace(outside, arm_xy=np.array([[60.0, 60.0], [70.0, 45.0]]))
    for hands, share in (([arm, inside], 1.0), ([inside], 0.0)):
        found = replace(predicted(disc()), hands=hands)
        label = make_label(photo(), ModelOutputs(found), Cleaning(), 8)
        assert label.parts["hand"] == pytest.approx(share, abs=0.1)
        assert (label.missing_hand is not None) == bool(share)
    assert "hand" not in make_label(photo(), ModelOutputs(predicted(disc())), Cleaning(), 8).parts


def test_stretching_invents_a_subject_and_is_off_by_default() -> None:
    outputs = ModelOutputs(predicted(disc(top=0.1)))
    assert not make_label(photo(), outputs, Cleaning(), 8).mask.any()
    stretched = make_label(photo(), outputs, Cleaning(min_max=True), 8)
    assert stretched.alpha.max() == 255
    assert stretched.raw is not None
    assert stretched.parts["faint"] == pytest.approx(0.9, abs=1e-6)


def test_every_step_keeps_what_the_model_said() -> None:
    outputs = ModelOutputs(predicted(np.maximum(disc(radius=12), disc(radius=2)[::-1].T * 0)))
    for cleaning in (
        Cleaning(refine=True),
        Cleaning(largest=1),
        Cleaning(min_area=0.001),
        Cleaning(matting=True),
    ):
        label = make_label(photo(), outputs, cleaning, 8)
        assert label.raw is not None
        assert label.mask.any()
        assert label.alpha.shape == HW


def test_parts_go() -> None:
    values = disc(radius=12)
    values[2:6, 2:6] = 1
    label = make_label(photo(), ModelOutputs(predicted(values)), Cleaning(largest=1), 8)
    assert not label.mask[:12, :15].any()
    assert label.parts["components"] > 0


def test_matting_needs_both_sides() -> None:
    for full in (np.ones((20, 20)), np.zeros((20, 20))):
        label = make_label(photo(), ModelOutputs(predicted(full)), Cleaning(matting=True), 8)
        assert label.mask.any() == full.any()


def test_disagreement_is_measured_where_the_picture_is() -> None:
    first = predicted(disc())
    mirrored = predicted(np.ascontiguousarray(disc()[:, ::-1]))
    other = Prediction(cv2.resize(disc(), HW[::-1]), network_input.identity(HW), raw_max=1.0)
    same = make_label(
        photo(), ModelOutputs(first, flipped=mirrored, second=other), Cleaning(), 8
    ).parts
    assert same["flip"] == 0
    assert same["second"] < 0.1
    shifted = predicted(np.roll(disc(), 10, axis=1))
    parts = make_label(
        photo(), ModelOutputs(first, flipped=shifted, second=shifted), Cleaning(), 8
    ).parts
    assert parts["flip"] > 0.3
    assert parts["second"] > 0.3


def test_large_maps_are_measured_small() -> None:
    huge, usual = (disc(side, side / 3) for side in (1280, 320))
    found = make_label(photo(), ModelOutputs(predicted(huge)), Cleaning(), 8).parts
    expected = make_label(
        photo(),
        ModelOutputs(predicted(cv2.resize(huge, (320, 320), interpolation=cv2.INTER_AREA))),
        Cleaning(),
        8,
    ).parts
    assert found == expected
    assert (
        found["band"]
        < make_label(photo(), ModelOutputs(predicted(usual)), Cleaning(), 8).parts["band"]
    )
