"""FastElastic against albumentations.ElasticTransform: same field, moments tested side by side."""

from __future__ import annotations

import inspect

import albumentations as A  # noqa: N812
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from datakit.transforms.elastic import FastElastic
from tests.core.images.test_displacement import correlation_length

Fields = npt.NDArray[np.float32]


def fields(transform: A.DualTransform, shape_hw: tuple[int, int], draws: int) -> Fields:
    """Return displacements (draws, 2, H, W)."""
    height, width = shape_hw
    found = []
    for seed in range(draws):
        transform.set_random_seed(seed)
        maps = transform.get_params_dependent_on_data({"shape": (*shape_hw, 3)}, {})
        dx = maps["map_x"] - np.arange(width, dtype=np.float32)
        dy = maps["map_y"] - np.arange(height, dtype=np.float32)[:, None]
        found.append(np.stack([dx, dy]))
    return np.stack(found)


@pytest.mark.parametrize(
    "params",
    [
        {"alpha": 800, "sigma": 16},
        {"alpha": 800, "sigma": 16, "noise_distribution": "uniform"},
        {"alpha": 100, "sigma": 4},
        {"alpha": 800, "sigma": 16, "approximate": True},
        {"alpha": 800, "sigma": 16, "same_dxdy": True},
    ],
    ids=str,
)
def test_field_has_the_deviation_and_correlation_length_of_the_original(
    params: dict[str, object],
) -> None:
    shape_hw = (360, 400)
    slow = fields(A.ElasticTransform(**params), shape_hw, 12)
    fast = fields(FastElastic(**params), shape_hw, 12)
    sigma = int(params["sigma"])  # type: ignore[call-overload]
    margin = 4 * sigma
    inner = np.s_[:, :, margin:-margin, margin:-margin]
    assert fast[inner].std() == pytest.approx(slow[inner].std(), rel=0.08)
    # The border counts too: the deviation over the whole field is dominated by it.
    assert fast.std() == pytest.approx(slow.std(), rel=0.1)
    for axis in (0, 1):
        reach = 6 * sigma
        lengths = [
            np.mean([correlation_length(draw[axis], reach) for draw in drawn[inner]])
            for drawn in (slow, fast)
        ]
        assert lengths[1] == pytest.approx(lengths[0], rel=0.1)
    assert abs(float(fast.mean())) < 0.2 * float(fast.std())


def test_same_dxdy_moves_both_axes_alike() -> None:
    dx, dy = fields(FastElastic(alpha=500, sigma=10, same_dxdy=True), (64, 80), 1)[0]
    assert np.allclose(dx, dy, atol=1e-4)


def test_stationary_field_is_as_strong_at_the_border_as_inside() -> None:
    drawn = fields(FastElastic(alpha=800, sigma=16, stationary=True), (200, 220), 60)
    deviation = drawn.std(axis=(0, 1))
    assert deviation[0].mean() == pytest.approx(deviation[100].mean(), rel=0.12)


def test_takes_every_parameter_of_the_original_with_its_default() -> None:
    theirs = inspect.signature(A.ElasticTransform.__init__).parameters
    ours = inspect.signature(FastElastic.__init__).parameters
    for name, parameter in theirs.items():
        assert ours[name].default == parameter.default


@pytest.mark.parametrize("params", [{"alpha": -1, "sigma": 0.5}, {"border_mode": 99}])
def test_wrong_parameters_raise_as_in_the_original(params: dict[str, object]) -> None:
    for kind in (A.ElasticTransform, FastElastic):
        with pytest.raises(ValueError, match="validation error"):
            kind(**params)


@pytest.mark.parametrize("channels", [1, 3, 6])
def test_warps_like_the_original_given_its_maps(channels: int) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (60, 70, channels), dtype=np.uint8)
    fast = FastElastic(alpha=300, sigma=8, p=1)
    slow = A.ElasticTransform(alpha=300, sigma=8, p=1)
    maps = fast.get_params_dependent_on_data({"shape": image.shape}, {})
    assert np.array_equal(fast.apply(image, **maps), slow.apply(image, **maps).reshape(image.shape))
    mask = image[..., 0].copy()
    assert np.array_equal(fast.apply_to_mask(mask, **maps), slow.apply_to_mask(mask, **maps))


def test_fills_with_the_given_colour() -> None:
    fast = FastElastic(fill=(10, 20, 30), p=1)
    image = np.full((8, 9, 3), 200, np.uint8)
    # Two arrays: OpenCV 5.0.0 takes one that is both maps for pairs of x and y.
    map_x, map_y = np.full((2, 8, 9), -50, np.float32)
    assert (fast.apply(image, map_x=map_x, map_y=map_y) == (10, 20, 30)).all()


def test_runs_in_a_compose_with_every_target() -> None:
    compose = A.Compose(
        [FastElastic(alpha=300, sigma=8, p=1)],
        keypoint_params=A.KeypointParams(format="xy", remove_invisible=False),
        bbox_params=A.BboxParams(format="pascal_voc", label_fields=["labels"]),
        seed=3,
    )
    image = np.zeros((80, 90, 3), np.uint8)
    out = compose(
        image=image,
        mask=image[..., 0],
        bboxes=[[10, 10, 50, 60]],
        labels=[1],
        keypoints=[(20.0, 30.0)],
    )
    assert len(out["keypoints"]) == 1
    assert np.asarray(out["bboxes"]).shape == (1, 4)


def test_soft_edge_follows_the_analytic_warp() -> None:
    """The alpha of a disc, evaluated exactly at the warped coordinates, is what is expected."""
    height, width = 300, 340
    rows, columns = np.mgrid[:height, :width].astype(np.float64)

    def alpha_at(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Fields:
        inside = (90 - np.hypot(x - 165.3, y - 148.7)) / 6
        return (1 / (1 + np.exp(-2 * inside))).astype(np.float32)

    alpha = alpha_at(columns, rows)
    fast = FastElastic(alpha=2200, sigma=30, stationary=True, mask_interpolation=cv2.INTER_LINEAR)
    for seed in range(3):
        fast.set_random_seed(seed)
        maps = fast.get_params_dependent_on_data({"shape": (height, width, 3)}, {})
        moved = fast.apply_to_mask(alpha, **maps)
        exact = alpha_at(maps["map_x"].astype(np.float64), maps["map_y"].astype(np.float64))
        band = (exact > 0.02) & (exact < 0.98)
        assert np.abs(moved - exact)[band].mean() <= 0.01
