"""The pipeline object: what it returns, what it leaves alone, and that it can be repeated."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable

import albumentations as A  # noqa: N812
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from datakit.core.matting.alpha_trimap import trimap_of_alpha
from datakit.errors import InputError
from datakit.transforms import Pipeline, load_pipeline
from datakit.transforms.build import build_transforms, known_transforms
from datakit.transforms.document import parse_document, preset_names

H, W = 120, 150


def load(*steps: str) -> Pipeline:
    return Pipeline(parse_document("transforms:\n" + "".join(f"- {s}\n" for s in steps), "test"))


def portrait() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (H, W, 3), dtype=np.uint8), (0, 0), 2)
    rows, columns = np.mgrid[:H, :W]
    alpha = np.clip((35 - np.hypot(rows - 60, columns - 75)) / 6 + 0.5, 0, 1).astype(np.float32)
    return image, alpha


@pytest.mark.parametrize("name", preset_names())
def test_presets_repeat_with_the_same_generator_and_differ_with_another(name: str) -> None:
    image, alpha = portrait()
    pipeline = load_pipeline(name)
    run = [pipeline(image=image, alpha=alpha, rng=np.random.default_rng(s)) for s in (1, 2, 3, 1)]
    assert np.array_equal(run[0]["image"], run[3]["image"])
    assert np.array_equal(run[0]["alpha"], run[3]["alpha"])
    assert run[0]["applied"] == run[3]["applied"]
    assert len({out["image"].tobytes() for out in run}) == 3


@pytest.mark.parametrize("name", preset_names())
def test_presets_keep_types_and_ranges(name: str) -> None:
    image, alpha = portrait()
    mask = alpha >= 0.5
    trimap = trimap_of_alpha(alpha, 4)
    pipeline = load_pipeline(name)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        out = pipeline(image=image, mask=mask, alpha=alpha, trimap=trimap, rng=rng)
        assert out["image"].dtype == np.uint8
        assert out["image"].shape == image.shape
        assert out["mask"].dtype == np.bool_
        assert out["alpha"].dtype == np.float32
        assert 0 <= out["alpha"].min() <= out["alpha"].max() <= 1
        assert set(np.unique(out["trimap"])) <= {0, 128, 255}
        assert (out["alpha"][out["trimap"] == 255] > 0.9).all()
        assert (out["alpha"][out["trimap"] == 0] < 0.1).all()
        json.dumps(out["applied"], allow_nan=False)


def test_without_a_generator_two_calls_differ() -> None:
    image, alpha = portrait()
    pipeline = load("AdditiveNoise: {p: 1}")
    one, two = (pipeline(image=image, alpha=alpha) for _ in range(2))
    assert not np.array_equal(one["image"], two["image"])


def test_survives_pickling() -> None:
    image, alpha = portrait()
    pipeline = load_pipeline("heavy")
    copy = pickle.loads(pickle.dumps(pipeline))
    out = [p(image=image, alpha=alpha, rng=np.random.default_rng(5)) for p in (pipeline, copy)]
    assert np.array_equal(out[0]["image"], out[1]["image"])
    assert np.array_equal(out[0]["alpha"], out[1]["alpha"])


def test_inputs_are_not_changed() -> None:
    image, alpha = portrait()
    before = image.copy(), alpha.copy()
    for name in preset_names():
        load_pipeline(name)(image=image, alpha=alpha, rng=np.random.default_rng(0))
    assert np.array_equal(image, before[0])
    assert np.array_equal(alpha, before[1])


PHOTOMETRIC = sorted(
    name
    for name, kind in known_transforms().items()
    if issubclass(kind, A.ImageOnlyTransform)
    and name
    not in {"FDA", "FromFloat", "HistogramMatching", "Normalize", "PixelDistributionAdaptation"}
    | {"TextImage", "ToFloat", "ToRGB", "ToGray", "ToTensorV2", "ToTensor3D"}
)


@pytest.mark.parametrize("name", PHOTOMETRIC)
@pytest.mark.filterwarnings("ignore")  # some divide by zero on flat patches; pixels are not ours
def test_photometric_transforms_never_touch_labels(name: str) -> None:
    image, alpha = portrait()
    mask = alpha >= 0.5
    polygon = np.array([[20.0, 20.0], [60.0, 20.0], [60.0, 70.0]])
    out = load(f"{name}: {{p: 1}}")(
        image=image, mask=mask, alpha=alpha, polygons=[polygon], rng=np.random.default_rng(1)
    )
    assert np.array_equal(out["alpha"], alpha)
    assert np.array_equal(out["mask"], mask)
    assert np.allclose(out["polygons"][0], polygon, atol=1e-4)
    assert out["visible"] == 1.0


@pytest.mark.parametrize("name", ["CoarseDropout", "GridDropout", "PixelDropout", "XYMasking"])
def test_occlusion_leaves_the_label(name: str) -> None:
    params = {
        "XYMasking": "num_masks_x: 1, num_masks_y: 1, mask_x_length: 9, mask_y_length: 9, p: 1"
    }
    image, alpha = portrait()
    out = load(f"{name}: {{{params.get(name, 'p: 1')}}}")(
        image=image, alpha=alpha, rng=np.random.default_rng(1)
    )
    assert not np.array_equal(out["image"], image)
    assert np.array_equal(out["alpha"], alpha)
    assert out["visible"] == 1.0


def soft_alpha(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the alpha of a person-like blob with an edge some 6 px wide, at any coordinates."""
    head = 40 - np.hypot(x - 151.7, y - 99.4)
    body = 70 - np.hypot((x - 149.2) * 0.8, y - 205.6)
    exact: npt.NDArray[np.float64] = 1 / (1 + np.exp(-np.maximum(head, body) / 1.5))
    return exact


@pytest.mark.parametrize(
    "step",
    [
        "Rotate: {limit: [-40, 40], p: 1}",
        "Affine: {scale: [0.6, 1.6], p: 1}",
        "Affine: {rotate: [-30, 30], scale: [0.7, 1.4], shear: [-8, 8], p: 1}",
    ],
)
def test_soft_edges_follow_the_analytic_warp(step: str) -> None:
    rows, columns = np.mgrid[:300, :310].astype(np.float64)
    alpha = soft_alpha(columns, rows).astype(np.float32)
    image = np.zeros((300, 310, 3), np.uint8)
    for seed in range(4):
        out = load(step)(image=image, alpha=alpha, rng=np.random.default_rng(seed))
        matrix = np.array(out["applied"][0]["params"]["matrix"])
        places = np.stack([columns, rows, np.ones_like(rows)])
        x, y, w = np.einsum("ij,jhw->ihw", np.linalg.inv(matrix), places)
        exact = soft_alpha(x / w, y / w)
        inside = (x > 0) & (x < 309) & (y > 0) & (y < 299)
        band = inside & (exact > 0.02) & (exact < 0.98)
        assert band.sum() > 500
        assert np.abs(out["alpha"] - exact)[band].mean() <= 0.01


def test_a_pipeline_that_hides_the_person_says_so() -> None:
    image, alpha = portrait()
    shifted = "Affine: {translate_px: {x: [75, 75], y: [0, 0]}, p: 1}"
    out = load(shifted)(image=image, alpha=alpha, rng=np.random.default_rng(0))
    assert 0.35 < out["visible"] < 0.65
    away = "Affine: {translate_px: {x: [149, 149], y: [0, 0]}, p: 1}"
    out = load(away)(image=image, alpha=alpha, rng=np.random.default_rng(0))
    assert out["visible"] == 0.0
    assert not out["alpha"].any()
    smaller = "Resize: {height: 30, width: 40, p: 1}"
    assert load(smaller)(image=image, alpha=alpha)["visible"] == 1.0


def test_masks_of_objects_keep_their_numbers() -> None:
    image, alpha = portrait()
    mask = np.where(alpha >= 0.5, 40_000, 0).astype(np.uint16)
    out = load_pipeline("heavy")(image=image, mask=mask, rng=np.random.default_rng(2))
    assert out["mask"].dtype == np.uint16
    assert set(np.unique(out["mask"])) <= {0, 40_000}


def test_a_lone_trimap_moves_by_nearest() -> None:
    image, alpha = portrait()
    trimap = trimap_of_alpha(alpha, 4)
    out = load("Rotate: {limit: [20, 20], p: 1}")(image=image, trimap=trimap)
    assert set(np.unique(out["trimap"])) == {0, 128, 255}


def test_boxes_outside_have_no_area_and_none_stay_none() -> None:
    image, _ = portrait()
    crop = load("Crop: {x_min: 0, y_min: 0, x_max: 40, y_max: 40, p: 1}")
    out = crop(image=image, boxes=np.array([[50.0, 50, 90, 90], [10, 10, 60, 20]]))
    assert out["boxes"].tolist() == [[40, 40, 40, 40], [10, 10, 40, 20]]
    assert crop(image=image, boxes=np.zeros((0, 4)), polygons=[])["boxes"].shape == (0, 4)
    assert "alpha" not in out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda i, a: {"image": i[..., 0], "alpha": a}, "image: expected"),
        (lambda i, a: {"image": i, "alpha": a[:-1]}, "alpha: expected the image's size"),
        (lambda i, a: {"image": i, "mask": a[:, 1:] > 0}, "mask: expected the image's size"),
        (lambda i, a: {"image": i, "alpha": a * 255}, r"expected float32 in \[0, 1\]"),
        (lambda i, a: {"image": i, "alpha": a.astype(np.float64)}, "expected float32"),
        (lambda i, a: {"image": i, "alpha": a * np.float32("nan")}, "expected float32"),
        (lambda i, a: {"image": i, "mask": a}, "mask: expected bool, uint8 or uint16"),
        (lambda i, a: {"image": i, "trimap": a}, "trimap: expected uint8"),
    ],
)
def test_wrong_arrays_are_refused(
    change: Callable[..., dict[str, npt.NDArray[np.uint8]]], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        load_pipeline("p3m")(**change(*portrait()))


def test_a_target_that_is_not_known_is_refused() -> None:
    image, alpha = portrait()
    with pytest.raises(TypeError, match=r"expected targets among mask, alpha, .*; found matte"):
        load_pipeline("p3m")(image=image, matte=alpha)  # type: ignore[call-arg]


def test_what_albumentations_cannot_do_on_this_image_names_the_image() -> None:
    image, alpha = portrait()
    with pytest.raises(InputError, match="test on an image of 150x120: "):
        load("RandomCrop: {height: 999, width: 999, p: 1}")(image=image, alpha=alpha)
    with pytest.raises(InputError, match="expected a mask or an alpha"):
        load("CropNonEmptyMaskIfExists: {height: 50, width: 50, p: 1}")(image=image)
    with pytest.raises(InputError, match="expected it to return 8-bit RGB"):
        load("ToGray: {num_output_channels: 1, p: 1}")(image=image, alpha=alpha)


def test_the_presets_elastic_moves_pixels_visibly() -> None:
    """By its defaults ElasticTransform moves half a per cent of the pixels; ours moves the lot."""
    document = load_pipeline("p3m").document
    (elastic,) = [t for t in build_transforms(document) if type(t).__name__ == "FastElastic"]
    elastic.set_random_seed(0)
    maps = elastic.get_params_dependent_on_data({"shape": (512, 512, 3)}, {})
    shift = maps["map_x"] - np.arange(512, dtype=np.float32)
    assert 3 < shift.std() < 6
    assert (np.abs(shift) > 1).mean() > 0.7
