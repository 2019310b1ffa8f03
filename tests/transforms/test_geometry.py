"""Image and labels stay together under every geometric transform.

The image carries its own coordinates as colours: red is the column, green the row, blue is 255
wherever the picture is. After a transform the colours say where each pixel came from, and every
label must agree with them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.transforms.document import parse_document
from datakit.transforms.pipeline import Pipeline

H, W = 150, 200

GEOMETRIC = [
    "HorizontalFlip: {p: 1}",
    "VerticalFlip: {p: 1}",
    "Transpose: {p: 1}",
    "D4: {p: 1}",
    "SquareSymmetry: {p: 1}",
    "RandomRotate90: {p: 1}",
    "Rotate: {limit: [-45, 45], p: 1}",
    "SafeRotate: {limit: [-45, 45], p: 1}",
    "Affine: {rotate: [-40, 40], scale: [0.6, 1.6], shear: [-8, 8], p: 1}",
    "Affine: {rotate: [-40, 40], fit_output: true, p: 1}",
    "ShiftScaleRotate: {p: 1}",
    "Perspective: {scale: [0.05, 0.15], p: 1}",
    "FastElastic: {alpha: 600, sigma: 12, p: 1}",
    "FastElastic: {alpha: 600, sigma: 12, stationary: true, p: 1}",
    "ElasticTransform: {alpha: 600, sigma: 12, p: 1}",
    "GridDistortion: {distort_limit: [-0.3, 0.3], p: 1}",
    "OpticalDistortion: {distort_limit: [-0.3, 0.3], p: 1}",
    "ThinPlateSpline: {scale_range: [0.05, 0.2], p: 1}",
    # Seconds a call: the one transform that is as slow as its warning says.
    pytest.param("PiecewiseAffine: {scale: [0.01, 0.03], p: 1}", marks=pytest.mark.slow),
    "RandomCrop: {height: 80, width: 90, p: 1}",
    "CenterCrop: {height: 80, width: 90, p: 1}",
    "Crop: {x_min: 10, y_min: 20, x_max: 120, y_max: 140, p: 1}",
    "CropAndPad: {percent: [-0.2, 0.2], p: 1}",
    "RandomCropFromBorders: {p: 1}",
    "CropNonEmptyMaskIfExists: {height: 80, width: 90, p: 1}",
    "RandomResizedCrop: {size: [100, 120], p: 1}",
    "RandomSizedCrop: {min_max_height: [60, 120], size: [100, 120], p: 1}",
    "Resize: {height: 120, width: 160, p: 1}",
    "RandomScale: {scale_limit: [-0.3, 0.3], p: 1}",
    "LongestMaxSize: {max_size: 240, p: 1}",
    "SmallestMaxSize: {max_size: 120, p: 1}",
    "Pad: {padding: 13, p: 1}",
    "PadIfNeeded: {min_height: 220, min_width: 240, p: 1}",
]
NO_POINTS = ["GridElasticDeform: {num_grid_xy: [4, 4], magnitude: 6, p: 1}", "RandomGridShuffle"]


def load(step: str) -> Pipeline:
    return Pipeline(parse_document(f"transforms:\n- {step}\n", step.split(":")[0]))


def coordinates() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    rows, columns = np.mgrid[:H, :W].astype(np.float32)
    image = np.stack([columns, rows, np.full_like(rows, 255)], axis=2).astype(np.uint8)
    return image, np.stack([columns / (W - 1), rows / (H - 1)])


def run_both(step: str, seed: int) -> tuple[npt.NDArray[np.float64], list[npt.NDArray[np.float32]]]:
    """Return the warped colours and the alphas that carry columns and rows, in pixels."""
    image, alphas = coordinates()
    everywhere = np.ones((H, W), bool)  # what a mask-driven crop goes by
    outs = [
        load(step)(image=image, mask=everywhere, alpha=a, rng=np.random.default_rng(seed))
        for a in alphas
    ]
    assert np.array_equal(outs[0]["image"], outs[1]["image"])
    moved = [out["alpha"] * side for out, side in zip(outs, (W - 1, H - 1), strict=True)]
    return outs[0]["image"].astype(np.float64), moved


@pytest.mark.parametrize("step", GEOMETRIC + NO_POINTS)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_alpha_follows_the_image_within_a_pixel(step: str, seed: int) -> None:
    colours, (columns, rows) = run_both(step, seed)
    whole = colours[..., 2] == 255
    assert whole.mean() > 0.1
    assert np.abs(columns - colours[..., 0])[whole].max() <= 1.0
    assert np.abs(rows - colours[..., 1])[whole].max() <= 1.0


@pytest.mark.parametrize("step", GEOMETRIC + NO_POINTS)
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32), edge=st.integers(30, 120))
def test_mask_follows_the_image_within_a_pixel(step: str, seed: int, edge: int) -> None:
    image, _ = coordinates()
    mask = image[..., 0] >= edge
    out = load(step)(image=image, mask=mask, rng=np.random.default_rng(seed))
    colours = out["image"].astype(np.float64)
    whole = colours[..., 2] == 255
    assert out["mask"].dtype == np.bool_
    assert not out["mask"][whole & (colours[..., 0] < edge - 1.5)].any()
    assert out["mask"][whole & (colours[..., 0] > edge + 0.5)].all()


@pytest.mark.parametrize("step", GEOMETRIC + NO_POINTS)
def test_padding_is_background_in_every_label(step: str) -> None:
    image = np.full((H, W, 3), 255, np.uint8)
    full = np.ones((H, W), np.float32)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        out = load(step)(image=image, mask=full.astype(np.uint8), alpha=full, rng=rng)
        padding = out["image"][..., 0] == 0
        # What 8 bits round to nothing: OpenCV 5 knows finer parts of a pixel than OpenCV 4.
        assert (out["alpha"][padding] < 1 / 255).all()
        assert not out["mask"][padding].any()


@pytest.mark.parametrize("step", GEOMETRIC)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_polygon_points_follow_the_image_within_a_pixel(step: str, seed: int) -> None:
    image, _ = coordinates()
    ring = np.array([[60.5, 50.5], [130.5, 55.5], [120.5, 110.5], [70.5, 100.5]])
    dense = [np.repeat(point[None], 3, axis=0) for point in ring]  # three equal points: one place
    everywhere = np.ones((H, W), bool)
    rng = np.random.default_rng(seed)
    out = load(step)(image=image, mask=everywhere, polygons=dense, rng=rng)
    colours = out["image"].astype(np.float64)
    height, width = colours.shape[:2]
    checked = 0
    for place, source in zip(out["polygons"], ring, strict=True):
        column, row = np.rint(place[0] - 0.5).astype(int)
        if not (1 <= column < width - 1 and 1 <= row < height - 1):
            continue
        patch = colours[row - 1 : row + 2, column - 1 : column + 2]
        if (patch[..., 2] < 255).any():
            continue
        # The plane through all nine: of single pixels half a level is rounded away.
        slope = np.stack([patch[:, 2] - patch[:, 0], patch[2] - patch[0]]).mean(axis=1)[:, :2] / 2
        shown = patch.mean(axis=(0, 1))[:2] + (place[0] - 0.5 - [column, row]) @ slope
        assert np.abs(shown - (source - 0.5)).max() <= 1.0
        checked += 1
    if step.startswith(("HorizontalFlip", "FastElastic", "Resize")):
        assert checked == 4


@pytest.mark.parametrize("step", GEOMETRIC)
def test_boxes_enclose_what_they_enclosed(step: str) -> None:
    image = np.zeros((H, W, 3), np.uint8)
    mask = np.zeros((H, W), np.uint8)
    mask[40:90, 60:130] = 1
    for seed in range(3):
        rng = np.random.default_rng(seed)
        out = load(step)(image=image, mask=mask, boxes=np.array([[60, 40, 130, 90]]), rng=rng)
        (x0, y0, x1, y1) = out["boxes"][0]
        rows, columns = np.nonzero(out["mask"])
        if len(rows) == 0:
            continue
        found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert np.abs(found - [x0, y0, x1, y1]).max() <= 2.0
