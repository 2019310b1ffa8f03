"""Polygons that keep a mask's IoU and boundary IoU, as painted by pycocotools."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from datakit.core.masks.contours import bridge_holes, count_points, trace_parts
from datakit.core.masks.polygonize import LEAST_BOUNDARY_IOU, LEAST_IOU, Outline, fit_outline
from datakit.core.metrics.mask_metrics import boundary_iou, iou
from datakit.errors import InputError
from tests.core.sample_masks import blobs


def painted_by_coco(outline: Outline, height: int, width: int) -> np.ndarray:
    if not outline.parts:
        return np.zeros((height, width), np.uint8)
    flat = [bridge_holes(part).ravel().tolist() for part in outline.parts]
    return np.asarray(coco.decode(coco.merge(coco.frPyObjects(flat, height, width))))


@settings(max_examples=60, deadline=None)
@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=24)))
def test_any_mask_comes_back_within_the_bounds(mask: np.ndarray) -> None:
    check(mask, fit_outline(mask))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1, 9))
def test_blobs_come_back_within_the_bounds(seed: int, sigma_px: float) -> None:
    mask = blobs(seed, 120, 90, sigma_px)
    check(mask, fit_outline(mask))


def check(mask: np.ndarray, outline: Outline) -> None:
    painted = painted_by_coco(outline, *mask.shape)
    assert iou(painted, mask) == outline.iou >= LEAST_IOU
    assert boundary_iou(painted, mask) == outline.boundary_iou >= LEAST_BOUNDARY_IOU


def test_a_smooth_mask_takes_few_points() -> None:
    disc = np.hypot(*np.ogrid[-150:151, -150:151]) < 120
    outline = fit_outline(disc)
    assert outline.tolerance_px > 1
    assert outline.n_points * 10 < count_points(trace_parts(disc))
    assert not outline.has_holes


@pytest.mark.parametrize("start_px", [0.2, 1.0, 8.0, 1000.0])
def test_the_start_hardly_matters(start_px: float) -> None:
    disc = np.hypot(*np.ogrid[-90:91, -90:91]) < 70
    found = fit_outline(disc, start_px=start_px)
    assert found.tolerance_px == pytest.approx(fit_outline(disc).tolerance_px, rel=0.2)


def test_looser_bounds_take_no_more_points() -> None:
    mask = blobs(3, 200, 200, 9)
    tight = fit_outline(mask)
    loose = fit_outline(mask, least_iou=0.95, least_boundary_iou=0.8)
    assert loose.n_points <= tight.n_points
    assert loose.tolerance_px >= tight.tolerance_px


@pytest.mark.parametrize("options", [{"start_px": 0.0}, {"least_iou": 1, "least_boundary_iou": 1}])
def test_the_exact_outline_can_be_asked_for(options: dict[str, float]) -> None:
    mask = blobs(1, 60, 60)
    outline = fit_outline(mask, **options)
    assert (outline.iou, outline.boundary_iou) == (1, 1)
    assert (painted_by_coco(outline, 60, 60) == mask).all()


def test_an_object_is_placed_in_its_image() -> None:
    disc = np.hypot(*np.ogrid[-40:41, -40:41]) < 38
    image = np.zeros((300, 400), bool)
    image[100:181, 200:281] = disc
    outline = fit_outline(disc, origin_xy=(200, 100), image_hw=(300, 400))
    painted = painted_by_coco(outline, 300, 400)
    assert iou(painted, image) == outline.iou
    assert boundary_iou(painted, image) == outline.boundary_iou


def test_an_empty_mask_has_an_empty_outline() -> None:
    assert fit_outline(np.zeros((5, 5), bool)) == Outline((), 0.0, 1.0, 1.0)


@pytest.mark.parametrize("options", [{"least_iou": 1.1}, {"start_px": -1.0}, {"start_px": np.nan}])
def test_impossible_bounds_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="outline: expected"):
        fit_outline(np.ones((5, 5), bool), **options)
