"""Every segmenter of the registry keeps the same promises."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from datakit.errors import InputError, ModelError
from datakit.io.pixels import decoders
from datakit.models.factory import Settings
from datakit.models.prediction import Hint
from datakit.models.segmenters.base import SEGMENTERS, build, identify, segment_one, stream
from datakit.models.weights.provenance import WEIGHTS_VARIABLE

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")
torch = pytest.importorskip("torch", reason="the extra 'prelabel' is not installed")
safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")

from datakit.models.networks.u2net import U2Net  # noqa: E402
from datakit.models.networks.unet import UNet, UNetConfig  # noqa: E402
from datakit.models.networks.unet_weights import write_unet  # noqa: E402
from tests.models import prompt_makers, weight_makers  # noqa: E402


def settings_of(name, folder):
    """What each needs: files of models that are untrained, but run."""
    path = folder / name
    if name in ("u2netp", "u2net"):
        torch.manual_seed(0)
        said = {"architecture": name, "size_px": "64"}
        path.write_bytes(safetensors.save(U2Net(name).state_dict(), said))
    elif name == "unet":
        torch.manual_seed(0)
        path.write_bytes(write_unet(UNet(UNetConfig(width=4, depth=2, size_px=64))))
    elif name == "onnx":
        path.write_bytes(weight_makers.brightness_onnx())
    elif name == "torchscript":
        path.write_bytes(weight_makers.torchscript_bytes(weight_makers.Brightness()))
    elif name == "torch-export":
        path.write_bytes(weight_makers.exported_bytes(weight_makers.Brightness()))
    elif name == "promptable":
        weights, contract = prompt_makers.files(folder)
        return Settings(weights=weights, contract=contract)
    elif name == "ensemble":
        return Settings(members=("mediapipe-selfie", "kmeans"))
    else:
        return Settings()
    if name in ("onnx", "torchscript", "torch-export"):
        return Settings(weights=(path,), contract=weight_makers.contract_file(folder))
    return Settings(weights=(path,))


@pytest.fixture(scope="module", params=list(SEGMENTERS))
def named(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    settings = replace(settings_of(request.param, folder), device="cpu", batch_size=3)
    return request.param, settings


@pytest.fixture(scope="module")
def segmenter(named):
    return build(*named)


@pytest.fixture(scope="module")
def portrait(sample_data):
    image = decoders.decode_photo((sample_data / "portraits/images/astronaut.jpg").read_bytes())
    return cv2.resize(image, (120, 150), interpolation=cv2.INTER_AREA)


def test_the_identity_is_known_before_any_work(named, segmenter):
    name, settings = named
    before = identify(name, settings)
    assert before.name == segmenter.identity.name == name
    assert before.sha256 == segmenter.identity.sha256
    assert before.sha256 is None or len(before.sha256) == 64
    assert before.licence
    assert segmenter.identity.runtime


def test_one_prediction_a_picture_whatever_its_size(segmenter, portrait):
    pictures = [
        portrait,
        np.full((1, 1, 3), 9, np.uint8),
        portrait[:31, :77].copy(),
        np.zeros((40, 3, 3), np.uint8),
        portrait[::-1].copy(),
    ]
    found = segmenter.segment(pictures)
    assert len(found) == len(pictures)
    for picture, prediction in zip(pictures, found, strict=True):
        assert prediction.probability.dtype == np.float32
        assert prediction.placement.image_hw == picture.shape[:2]
        alpha = prediction.to_image_size()
        assert alpha.shape == picture.shape[:2]
        assert alpha.dtype == np.float32
        assert alpha.min() >= 0
        assert alpha.max() <= 1
        assert np.isfinite(prediction.raw_max)
        if prediction.sides is not None:
            assert prediction.sides.ndim == 3
            assert prediction.sides.dtype == np.float32


def test_the_same_picture_gives_the_same_numbers_in_every_batch(segmenter, portrait):
    other = np.ascontiguousarray(portrait[:, ::-1])
    alone = segmenter.segment([portrait])[0].probability
    among = segmenter.segment([other, portrait, other, other])[1].probability
    # Convolutions of another batch size may add in another order.
    assert np.abs(alone - among).max() < 1e-5
    assert np.array_equal(alone, segmenter.segment([portrait])[0].probability)


def test_pictures_are_not_changed(segmenter, portrait):
    picture = portrait.copy()
    picture.setflags(write=False)
    segmenter.segment([picture])
    assert np.array_equal(picture, portrait)


def test_no_picture_is_no_prediction(segmenter):
    assert segmenter.segment([]) == []


def test_a_stream_of_batches_is_the_same(segmenter, portrait):
    other = np.ascontiguousarray(portrait[:, ::-1])
    batches = [[portrait, other], [other], [portrait]]
    streamed = [p.probability for batch in stream(segmenter, batches) for p in batch]
    apart = [p.probability for batch in batches for p in segmenter.segment(batch)]
    assert len(streamed) == 4
    for one, two in zip(streamed, apart, strict=True):
        assert np.array_equal(one, two)


def test_hints_matter_exactly_where_it_says_so(segmenter, portrait):
    plain = segment_one(segmenter, portrait)
    hint = Hint(box_xyxy=(30.0, 90.0, 60.0, 120.0))
    hinted = segment_one(segmenter, portrait, hint)
    assert segmenter.takes_hints != np.array_equal(plain, hinted)


def test_missing_weights_name_the_way_out(named, monkeypatch, tmp_path):
    name, settings = named
    if not settings.weights:
        pytest.skip("runs without a file")
    monkeypatch.setenv(WEIGHTS_VARIABLE, "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match="--weights"):
        identify(name, replace(settings, weights=()))
    with pytest.raises(ModelError, match="nothing"):
        build(name, replace(settings, weights=(tmp_path / "none.pth",)))


def test_what_it_has_no_use_for_is_refused(named):
    name, settings = named
    strange = replace(settings, members=("otsu", "gmm")) if name != "ensemble" else None
    strange = strange or replace(settings, contract="u2net")
    with pytest.raises(InputError, match="no use for"):
        build(name, strange)


def test_cuda_that_is_not_there_is_an_error(named):
    name, settings = named
    if not settings.weights and name != "ensemble":
        with pytest.raises(InputError, match="runs on the CPU only"):
            build(name, replace(settings, device="cuda"))
    elif settings.weights and not torch.cuda.is_available():
        with pytest.raises(ModelError, match="--device cpu"):
            build(name, replace(settings, device="cuda"))
    if name == "ensemble":
        return
    with pytest.raises(InputError, match="--device"):
        build(name, replace(settings, device="gpu"))
