"""What is special to single segmenters; what all have in common is in tests/contracts."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import pytest

from datakit.core.images import network_input
from datakit.errors import InputError, ModelError
from datakit.models.factory import Settings
from datakit.models.prediction import Hint
from datakit.models.segmenters.base import build, identify, segment_one
from datakit.models.weights.provenance import WEIGHTS_VARIABLE
from datakit.verbs.weights import run as weights_verb


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def ball() -> tuple[np.ndarray, np.ndarray]:
    """A red disc off the middle of a blue field, with noise."""
    rng = np.random.default_rng(4)
    solid = np.zeros((120, 160), np.uint8)
    cv2.circle(solid, (60, 70), 40, 1, -1)
    image = np.where(solid[..., None] > 0, [210, 60, 50], [40, 70, 160])
    image = np.clip(image + rng.normal(0, 12, image.shape), 0, 255).astype(np.uint8)
    return image, solid.astype(bool)


def iou(found: np.ndarray, true: np.ndarray) -> float:
    solid = found > 0.5
    return float((solid & true).sum() / (solid | true).sum())


def test_mediapipe_sees_the_person(sample_data: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    folder = sample_data / "portraits"
    image = cv2.cvtColor(cv2.imread(str(folder / "images" / "astronaut.jpg")), cv2.COLOR_BGR2RGB)
    alpha = cv2.imread(str(folder / "alphas" / "astronaut.png"), cv2.IMREAD_GRAYSCALE) > 127
    segmenter = build("mediapipe-selfie")
    assert iou(segment_one(segmenter, image), alpha) > 0.85
    assert segmenter.identity.licence == "Apache-2.0"
    assert segmenter.identity.runtime == f"LiteRT {version('ai-edge-litert')}, cpu"


@pytest.mark.parametrize("name", ["grabcut", "kmeans", "gmm", "meanshift", "otsu"])
def test_colours_are_enough_for_a_ball(name, ball) -> None:
    image, true = ball
    segmenter = build(name)
    boxed = segmenter.segment([image], [Hint(box_xyxy=(15.0, 25.0, 105.0, 115.0))])[0]
    assert boxed.hint == "annotation"
    assert iou(boxed.to_image_size(), true) > 0.9
    square = np.array([[15, 25], [105, 25], [105, 115], [15, 115]], np.float64)
    outlined = segmenter.segment([image], [Hint(polygons=(square,), source="option")])[0]
    assert outlined.hint == "option"
    assert iou(outlined.to_image_size(), true) > 0.9
    assert segmenter.segment([image])[0].hint == "centre box"


@pytest.mark.parametrize("name", ["grabcut", "kmeans", "gmm", "meanshift", "otsu"])
@pytest.mark.parametrize("hint", [(0.0, 0.0, 160.0, 120.0), (50.0, 50.0, 50.0, 50.0)])
def test_nothing_to_learn_from_is_an_empty_draft(name, hint, ball) -> None:
    found = build(name).segment([ball[0]], [Hint(box_xyxy=hint)])[0]
    assert not found.probability.any()
    assert found.raw_max == 0


@pytest.mark.parametrize("name", ["grabcut", "kmeans", "gmm", "meanshift", "otsu"])
def test_one_colour_is_no_error(name) -> None:
    found = build(name).segment([np.full((50, 60, 3), 128, np.uint8)])[0]
    assert np.isfinite(found.probability).all()


def test_an_ensemble_is_the_mean(ball) -> None:
    image, _ = ball
    parts = [segment_one(build(name), image) for name in ("kmeans", "otsu")]
    ensemble = build("ensemble", Settings(members=("kmeans", "otsu")))
    found = ensemble.segment([image])[0]
    np.testing.assert_allclose(found.to_image_size(), np.mean(parts, axis=0), atol=1e-6)
    assert found.sides is not None
    assert found.sides.shape == (2, 120, 160)
    assert [member.name for member in ensemble.identity.members] == ["kmeans", "otsu"]
    assert ensemble.takes_hints


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), "two or more"),
        (Settings(members=("otsu",)), "two or more"),
        (Settings(members=("otsu", "ensemble")), "two or more"),
        (Settings(members=("otsu", "gmm"), weights=("a",)), "one file for each"),
        (Settings(members=("otsu", "gmm"), weights=("a", "-")), "no use for"),
        (Settings(members=("otsu", "u3net")), "choose one of"),
    ],
)
def test_wrong_ensembles(settings, words) -> None:
    with pytest.raises(InputError, match=words):
        identify("ensemble", settings)


def test_a_unet_file_is_read_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from datakit.models.networks.unet import UNet, UNetConfig
    from datakit.models.networks.unet_weights import write_unet
    from datakit.models.segmenters import unet_segmenter

    path = cache / "unet.safetensors"
    path.write_bytes(write_unet(UNet(UNetConfig(width=2, depth=1, size_px=32))))
    read: list[object] = []
    plain = unet_segmenter.open_weights

    def counted(settings: Settings, known: None, name: str) -> object:
        read.append(settings.weights)
        return plain(settings, known, name)

    monkeypatch.setattr(unet_segmenter, "open_weights", counted)
    segmenter = build("unet", Settings(weights=(path,)))
    assert len(read) == 1
    assert segmenter.identity.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_noncommercial_model_taints_its_ensemble(cache) -> None:
    pytest.importorskip("torch")
    from datakit.models.networks.unet import UNet, UNetConfig
    from datakit.models.networks.unet_weights import write_unet

    file = cache / "mine.safetensors"
    file.write_bytes(write_unet(UNet(UNetConfig(width=2, depth=1, size_px=32))))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    alone = identify("unet", Settings(weights=(file,)))
    assert (alone.licence, alone.noncommercial, alone.sha256) == ("unknown", False, digest)
    options = weights_verb.Options(action="add", subject=str(file), licence="CC BY-NC-SA 4.0")
    weights_verb.run(options)
    restricted = identify("unet", Settings(weights=(file,)))
    assert restricted.noncommercial
    settings = Settings(members=("otsu", "unet"), weights=("-", file))
    both = identify("ensemble", settings)
    assert both.noncommercial
    assert both.licence == "CC BY-NC-SA 4.0"
    assert build("ensemble", settings).identity.sha256 == both.sha256


def test_u2net_from_the_shared_file(shared_data, sample_data, cache) -> None:
    pytest.importorskip("onnxruntime")
    file = shared_data / "weights/u2netp_fp16_onnx/u2netp-fp16.onnx"
    image = cv2.imread(str(sample_data / "portraits/images/astronaut.jpg"))[..., ::-1].copy()
    segmenter = build("u2netp", Settings(weights=(file,), device="cpu"))
    assert segmenter.identity.runtime.startswith("onnxruntime")
    assert segmenter.identity.licence == "Apache-2.0"
    found = segmenter.segment([image])[0]
    assert found.sides is not None
    assert found.sides.shape == (6, 320, 320)
    alpha = cv2.imread(str(sample_data / "portraits/alphas/astronaut.png"), cv2.IMREAD_GRAYSCALE)
    assert iou(found.to_image_size(), alpha > 127) > 0.8
    # Nobody is invented where nobody is.
    grey = np.full((200, 200, 3), 128, np.uint8)
    empty = segmenter.segment([grey])[0]
    assert empty.raw_max < 0.5 or (empty.to_image_size() > 0.5).mean() < 0.02
    with pytest.raises(ModelError, match="use the other size"):
        build("u2net", Settings(weights=(file,), device="cpu"))


def test_without_torch_onnxruntime_serves_where_it_can(tmp_path, cache, monkeypatch) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from datakit.models.segmenters import u2net_segmenter
    from tests.models import weight_makers

    file = tmp_path / "u2netp.onnx"
    file.write_bytes(weight_makers.brightness_onnx())
    found = u2net_segmenter.find_spec
    monkeypatch.setattr(
        u2net_segmenter, "find_spec", lambda name: None if name == "torch" else found(name)
    )
    assert identify("u2netp", Settings(weights=(file,), device="cpu")).sha256
    for settings in (
        Settings(weights=(file,), device="cuda"),
        Settings(weights=(file,), device="cpu", precision="bfloat16"),
    ):
        with pytest.raises(ModelError, match=r"torch is needed .* install it"):
            identify("u2netp", settings)


def test_weights_are_found_through_the_environment(shared_data, cache, monkeypatch) -> None:
    folder = shared_data / "weights/u2netp_fp16_onnx"
    with pytest.raises(ModelError, match=r"u2netp\.onnx"):
        identify("u2netp")
    (cache / "here").mkdir()
    (cache / "here/u2netp.onnx").write_bytes((folder / "u2netp-fp16.onnx").read_bytes())
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(cache / "here"))
    assert identify("u2netp").release == "u2netp (rembg's in fp16)"


@pytest.mark.parametrize("fit", ["stretch", "letterbox", "multiple"])
def test_the_way_back_is_the_inverse_of_the_way_in(fit, ball) -> None:
    image, true = ball
    for size in ((64, 96), (200, 100), (33, 47)):
        place = network_input.place(true.shape, size, fit, 8)
        small = network_input.to_input(image, place, (255, 255, 255))
        assert small.shape[:2] == place.input_hw
        red = (small[..., 0] > small[..., 2]).astype(np.float32)
        assert iou(network_input.to_image_size(red, place), true) > 0.9
        # A map of another resolution covers the same input.
        half = cv2.resize(red, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        assert iou(network_input.to_image_size(half, place), true) > 0.8


def test_a_strip_does_not_become_a_huge_input() -> None:
    place = network_input.place((10, 40_000), (512, 512), "multiple", 32)
    assert place.input_hw == (512, 2048)
    with pytest.raises(InputError, match="above 0"):
        network_input.place((0, 4), (8, 8), "stretch")
