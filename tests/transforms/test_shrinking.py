"""Transforms that shrink: a picture that is its own alpha stays its own alpha."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from datakit.core.images.resizing import resample
from datakit.transforms.document import parse_document
from datakit.transforms.pipeline import Pipeline

SHRINKING = {
    "Resize": "Resize: {height: 60, width: 80, p: 1}",
    "Resize, cubic": "Resize: {height: 60, width: 80, interpolation: 2, p: 1}",
    "Resize, one axis": "Resize: {height: 60, width: 400, p: 1}",
    "LongestMaxSize": "LongestMaxSize: {max_size: 90, p: 1}",
    "SmallestMaxSize": "SmallestMaxSize: {max_size: 70, p: 1}",
    "RandomScale": "RandomScale: {scale_limit: [-0.6, -0.5], p: 1}",
    "RandomResizedCrop": "RandomResizedCrop: {size: [64, 64], scale: [0.6, 1], p: 1}",
    "RandomSizedCrop": "RandomSizedCrop: {min_max_height: [150, 200], size: [64, 64], p: 1}",
    "CropAndPad": "CropAndPad: {percent: [0.3, 0.4], p: 1}",
    "Affine": "Affine: {scale: [0.3, 0.4], rotate: [10, 20], p: 1}",
    "Affine, fitted": "Affine: {scale: [0.3, 0.4], rotate: [10, 20], fit_output: true, p: 1}",
    "ShiftScaleRotate": "ShiftScaleRotate: {scale_limit: [-0.7, -0.5], p: 1}",
    "SafeRotate": "SafeRotate: {limit: [40, 50], p: 1}",
    "Perspective": "Perspective: {scale: [0.3, 0.4], fit_output: true, p: 1}",
    "Perspective, kept": "Perspective: {scale: [0.2, 0.3], keep_size: true, p: 1}",
    "Rotate": "Rotate: {limit: [20, 30], p: 1}",
    "ElasticTransform": "FastElastic: {alpha: 80, sigma: 10, p: 1}",
}


def strands(height: int = 240, width: int = 320) -> np.ndarray:
    alpha = np.zeros((height, width), np.uint8)
    for k in range(30):
        cv2.line(alpha, (10 * k, height), (10 * k + 60, 0), 255, 1, cv2.LINE_AA)
    cv2.circle(alpha, (width // 2, height // 2), 50, 255, -1, cv2.LINE_AA)
    return alpha.astype(np.float32) / 255


def pipeline(step: str) -> Pipeline:
    return Pipeline(parse_document(f"transforms:\n- {step}\n", "test.yaml"))


@pytest.mark.parametrize("name", SHRINKING)
def test_a_picture_of_its_alpha_remains_one(name: str) -> None:
    alpha = strands()
    image = np.repeat(np.rint(alpha * 255).astype(np.uint8)[..., None], 3, axis=2)
    ignore = np.where(alpha > 0, np.uint8(255), np.uint8(0))
    mask = (alpha > 0.5).astype(np.uint8)
    rng = np.random.default_rng(4)
    made = pipeline(SHRINKING[name])(image=image, alpha=alpha, mask=mask, ignore=ignore, rng=rng)
    shown = made["image"][..., 0] / 255
    assert made["alpha"].shape == made["mask"].shape == made["ignore"].shape == shown.shape
    band = (made["alpha"] > 0.01) & (made["alpha"] < 0.99)
    assert np.abs(made["alpha"] - shown)[band].mean() <= 0.005
    assert made["alpha"].min() >= 0
    assert made["alpha"].max() <= 1
    assert set(np.unique(made["mask"])) <= {0, 1}
    # Whatever shows something of the subject is touched by what was ignored.
    assert (made["ignore"][made["alpha"] > 0.02] == 255).all()


def test_resize_gives_the_means_of_areas() -> None:
    alpha = strands()
    image = np.zeros((240, 320, 3), np.uint8)
    made = pipeline("Resize: {height: 60, width: 80, p: 1}")(image=image, alpha=alpha)
    assert np.abs(made["alpha"] - resample(alpha, (80, 60))).max() < 1e-6


def test_an_affine_at_a_quarter_misses_no_strand() -> None:
    alpha = strands()
    image = np.zeros((240, 320, 3), np.uint8)
    step = "Affine: {scale: [0.25, 0.25], p: 1}"
    made = pipeline(step)(image=image, alpha=alpha, rng=np.random.default_rng(0))
    # What is drawn four times smaller covers a sixteenth; by points it would be a matter of chance.
    assert abs(float(made["alpha"].sum()) / float(alpha.sum()) * 16 - 1) < 0.01
    truth = np.zeros_like(alpha)
    truth[90:150, 120:200] = resample(alpha, (80, 60))
    assert np.abs(made["alpha"] - truth).mean() < 0.02


def test_a_trimap_without_alpha_is_unknown_where_it_is_not_wholly_known() -> None:
    trimap = np.zeros((240, 320), np.uint8)
    trimap[:, 100:103] = 128
    trimap[:, 103:] = 255
    made = pipeline("Resize: {height: 60, width: 80, p: 1}")(
        image=np.zeros((240, 320, 3), np.uint8), trimap=trimap
    )
    assert np.unique(made["trimap"][:, 25]).tolist() == [128]
    assert set(np.unique(made["trimap"])) == {0, 128, 255}


def test_classes_keep_their_values() -> None:
    classes = (np.arange(240 * 320).reshape(240, 320) // 20 % 5).astype(np.uint8)
    for step in ("Affine: {scale: [0.4, 0.4], p: 1}", "Resize: {height: 60, width: 80, p: 1}"):
        made = pipeline(step)(image=np.zeros((240, 320, 3), np.uint8), mask=classes)
        assert set(np.unique(made["mask"])) <= set(range(5))
