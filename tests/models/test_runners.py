"""Models in batches: one result on every path, memory that runs out, contracts that do not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra 'prelabel' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'prelabel' is not installed")

from datakit.core.images import network_input  # noqa: E402
from datakit.errors import ModelError  # noqa: E402
from datakit.models.factory import Identity, Settings  # noqa: E402
from datakit.models.networks.unet import UNet, UNetConfig  # noqa: E402
from datakit.models.runtimes import torch_runner  # noqa: E402
from datakit.models.runtimes.contract import parse_contract  # noqa: E402
from datakit.models.runtimes.torch_runner import TorchSegmenter  # noqa: E402
from datakit.models.segmenters.base import Submits, build  # noqa: E402
from tests.models import weight_makers as makers  # noqa: E402

IDENTITY = Identity(name="tested")
CPU = Settings(device="cpu", batch_size=4)
CONTRACT = """
name: tested
input: {size: [48, 64], fit: %s, multiple: 16, divide_by: %s, channels: %s,
        mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4], padding: [9, 80, 200]}
output: {activation: sigmoid}
"""


def contract(fit="stretch", divide_by="max", channels="rgb"):
    return parse_contract(CONTRACT % (fit, divide_by, channels), "tested")


@pytest.fixture(scope="module")
def unet():
    torch.manual_seed(5)
    return UNet(UNetConfig(width=4, depth=2)).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(8)
    sizes = [(60, 80), (48, 64), (200, 30), (31, 150), (60, 80), (10, 10), (97, 131)]
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]


class Counted:
    """Counts batches, and has memory for so many pictures only."""

    def __init__(self, model, room=100):
        self.model, self.room, self.batches = model, room, []

    def __call__(self, values):
        self.batches.append(len(values))
        if len(values) > self.room:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. (injected)")
        return self.model(values)


@pytest.mark.parametrize("fit", ["stretch", "letterbox", "multiple"])
@pytest.mark.parametrize(("divide_by", "channels"), [("max", "rgb"), ("255", "bgr")])
def test_resizing_on_the_device_is_resizing_on_the_host(unet, pictures, fit, divide_by, channels):
    made = contract(fit, divide_by, channels)
    host = TorchSegmenter(IDENTITY, unet.logits, made, CPU, resize_on_device=False)
    device = TorchSegmenter(IDENTITY, unet.logits, made, CPU, resize_on_device=True)
    for one, two in zip(host.segment(pictures), device.segment(pictures), strict=True):
        assert one.placement == two.placement
        assert one.probability.shape == one.placement.input_hw
        # One grey level of rounding, here and there.
        assert np.abs(one.probability - two.probability).max() < 0.02
        assert np.abs(one.probability - two.probability).mean() < 1e-3


def test_resize_weights_are_opencvs(pictures):
    for picture in pictures:
        for size in [(48, 64), (300, 200), (20, 400), (7, 5)]:
            rows = network_input.resize_weights(picture.shape[0], size[0])
            columns = network_input.resize_weights(picture.shape[1], size[1])
            narrow = np.tensordot(rows, picture.astype(np.float32), (1, 0))
            found = np.tensordot(narrow, columns, (1, 1)).transpose(0, 2, 1)
            place = network_input.place((picture.shape[0], picture.shape[1]), size, "stretch")
            expected = network_input.to_input(picture, place, (0, 0, 0))
            assert np.abs(np.rint(found) - expected).max() <= 1
            np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)


def test_a_batch_that_does_not_fit_is_halved(unet, pictures):
    calm = TorchSegmenter(IDENTITY, unet.logits, contract(), CPU).segment(pictures)
    model = Counted(unet.logits, room=1)
    segmenter = TorchSegmenter(IDENTITY, model, contract(), CPU)
    found = segmenter.segment(pictures)
    assert segmenter.batch_size == 1
    assert model.batches == [4, 2, 1, 1, 1, 1, 1, 1, 1]
    for one, two in zip(calm, found, strict=True):
        assert np.abs(one.probability - two.probability).max() < 1e-5
        assert one.raw_max == pytest.approx(two.raw_max, abs=1e-5)
    segmenter.segment(pictures[:2])
    assert model.batches[-2:] == [1, 1]


def test_one_picture_that_never_fits_is_a_model_error(unet, pictures):
    segmenter = TorchSegmenter(IDENTITY, Counted(unet.logits, room=0), contract(), CPU)
    with pytest.raises(ModelError, match=r"a batch of 1 does not fit.*--device cpu"):
        segmenter.segment(pictures)


def test_memory_may_run_out_while_a_batch_is_prepared(unet, pictures, monkeypatch):
    segmenter = TorchSegmenter(IDENTITY, unet.logits, contract(), CPU)
    original, calls = torch_runner.to_values, []

    def tight(stacked, made):
        calls.append(len(stacked))
        if len(stacked) > 2:
            raise torch.cuda.OutOfMemoryError("injected")
        return original(stacked, made)

    monkeypatch.setattr(torch_runner, "to_values", tight)
    assert len(segmenter.segment(pictures)) == len(pictures)
    assert calls[:3] == [4, 2, 2]


def test_static_batches_are_filled_up(unet, pictures, monkeypatch):
    compiled = []

    def compile_(model, **options):
        compiled.append(options)
        return model

    monkeypatch.setattr(torch, "compile", compile_)
    model = Counted(unet.logits)
    segmenter = TorchSegmenter(IDENTITY, model, contract(), replace(CPU, compiled=True))
    found = segmenter.segment(pictures)
    assert model.batches == [4, 4]
    assert compiled == [{"mode": "default", "dynamic": False}]
    assert "compiled" in segmenter.identity.runtime
    plain = TorchSegmenter(IDENTITY, unet.logits, contract(), CPU).segment(pictures)
    for one, two in zip(found, plain, strict=True):
        assert np.abs(one.probability - two.probability).max() < 1e-5
    tight = Counted(unet.logits, room=2)
    segmenter = TorchSegmenter(IDENTITY, tight, contract(), replace(CPU, compiled=True))
    assert len(segmenter.segment(pictures)) == len(pictures)
    assert tight.batches == [4, 2, 2, 2, 2]


@pytest.mark.parametrize(("precision", "tolerance"), [("bfloat16", 2e-2), ("float16", 5e-3)])
def test_half_precision_stays_near(unet, pictures, precision, tolerance):
    exact = TorchSegmenter(IDENTITY, unet.logits, contract(), CPU).segment(pictures)
    half = TorchSegmenter(IDENTITY, unet.logits, contract(), replace(CPU, precision=precision))
    assert precision in half.identity.runtime
    for one, two in zip(exact, half.segment(pictures), strict=True):
        assert two.probability.dtype == np.float32
        assert np.abs(one.probability - two.probability).max() < tolerance


@pytest.mark.cuda
@pytest.mark.parametrize(
    ("precision", "compiled", "tolerance"),
    [
        ("float32", False, 1e-3),
        ("bfloat16", False, 2e-2),
        ("float16", False, 5e-3),
        ("float16", True, 5e-3),
    ],
)
def test_cuda_is_the_cpu(unet, pictures, precision, compiled, tolerance):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA here")
    exact = TorchSegmenter(IDENTITY, unet.logits, contract(), CPU).segment(pictures)
    settings = replace(CPU, device="cuda", precision=precision, compiled=compiled)
    model = UNet(unet.config).eval()
    model.load_state_dict(unet.state_dict())
    cuda = TorchSegmenter(IDENTITY, model.logits, contract(), settings)
    assert "cuda:0" in cuda.identity.runtime
    waits = [cuda.submit(pictures) for _ in range(3)]
    for wait in waits:
        for one, two in zip(exact, wait(), strict=True):
            assert np.abs(one.probability - two.probability).max() < tolerance


@pytest.mark.cuda
def test_on_cuda_a_result_does_not_depend_on_its_neighbours(unet, pictures):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA here")
    model = UNet(unet.config).eval()
    model.load_state_dict(unet.state_dict())
    cuda = TorchSegmenter(IDENTITY, model.logits, contract(), replace(CPU, device="cuda"))
    together = cuda.segment(pictures)
    for picture, one in zip(pictures, together, strict=True):
        [alone] = cuda.segment([picture])
        assert np.array_equal(one.probability, alone.probability)


def test_torch_runners_work_ahead(unet):
    assert isinstance(TorchSegmenter(IDENTITY, unet.logits, contract(), CPU), Submits)


def brightness(name, tmp_path, fit="stretch", **changes):
    data = {
        "onnx": lambda: makers.brightness_onnx(**changes),
        "torchscript": lambda: makers.torchscript_bytes(makers.Brightness()),
        "torch-export": lambda: makers.exported_bytes(makers.Brightness(), **changes),
    }[name]()
    path = tmp_path / name
    path.write_bytes(data)
    file = makers.contract_file(tmp_path, fit)
    return Settings(weights=(path,), contract=file, device="cpu", batch_size=3)


@pytest.mark.parametrize("name", ["onnx", "torchscript", "torch-export"])
@pytest.mark.parametrize("fit", ["stretch", "letterbox"])
def test_a_contract_says_what_is_foreground(name, fit, tmp_path):
    segmenter = build(name, brightness(name, tmp_path, fit))
    picture = np.zeros((40, 90, 3), np.uint8)
    picture[:, 45:] = 255
    alpha = segmenter.segment([picture] * 4)[3].to_image_size()
    assert alpha[:, :42].max() < 0.01
    assert alpha[:, 48:].min() > 0.99


@pytest.mark.parametrize("name", ["onnx", "torch-export"])
def test_a_model_of_one_batch_size_gets_it(name, tmp_path, pictures):
    free = build(name, brightness(name, tmp_path)).segment(pictures)
    fixed = build(name, brightness(name, tmp_path, batch=2)).segment(pictures)
    for one, two in zip(free, fixed, strict=True):
        assert np.abs(one.probability - two.probability).max() < 1e-6


def test_any_size_goes_with_multiple(tmp_path):
    settings = brightness("onnx", tmp_path, "multiple", size=("h", "w"))
    text = settings.contract.read_text().replace("divide_by", "multiple: 32\n  divide_by")
    settings.contract.write_text(text)
    found = build("onnx", settings).segment([np.zeros((50, 100, 3), np.uint8)])
    assert found[0].probability.shape == (64, 128)


@pytest.mark.parametrize("name", ["onnx", "torch-export"])
def test_a_contract_that_does_not_fit_names_both_shapes(name, tmp_path):
    settings = brightness(name, tmp_path)
    text = settings.contract.read_text().replace("[64, 64]", "[96, 32]")
    settings.contract.write_text(text)
    with pytest.raises(ModelError, match=r"\(N, 3, 96, 32\).*64, 64.*input\.size"):
        build(name, settings)


@pytest.mark.parametrize("name", ["onnx", "torchscript", "torch-export"])
@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("channel: 1", "channel: 2", r"channel 2.*found \(\d, 2, 64, 64\)"),
        ("activation: softmax", "activation: none", r"expected an output in \[0, 1\]"),
        ("channel: 1", "index: 3", r"reads output.* 1; correct"),
    ],
)
def test_outputs_that_are_not_there(name, before, after, words, tmp_path):
    settings = brightness(name, tmp_path)
    settings.contract.write_text(settings.contract.read_text().replace(before, after))
    with pytest.raises(ModelError, match=words):
        build(name, settings).segment([np.full((9, 9, 3), 255, np.uint8)])


def test_a_torchscript_that_takes_another_shape(tmp_path):
    class Fixed(torch.nn.Module):
        def forward(self, x):
            return x.reshape(-1, 3, 10, 10)

    path = tmp_path / "fixed.pt"
    path.write_bytes(makers.torchscript_bytes(Fixed(), (10, 10)))
    settings = Settings(weights=(path,), contract=makers.contract_file(tmp_path), device="cpu")
    with pytest.raises(ModelError, match=r"shape \(1, 3, 64, 64\)"):
        build("torchscript", settings).segment([np.zeros((9, 9, 3), np.uint8)])


def test_min_max_stretches_and_leaves_constant_maps(tmp_path):
    for name in ("onnx", "torchscript"):
        settings = brightness(name, tmp_path)
        text = settings.contract.read_text()
        settings.contract.write_text(text + "  min_max: true\n")
        segmenter = build(name, settings)
        picture = np.full((64, 64, 3), 100, np.uint8)
        flat = segmenter.segment([picture])[0]
        assert np.isfinite(flat.probability).all()
        assert np.ptp(flat.probability) == 0
        picture[:, :32] = 120
        stretched = segmenter.segment([picture])[0]
        assert stretched.probability.min() == 0
        assert stretched.probability.max() == 1
        # What the model said before is kept: uncertainty reads it.
        assert stretched.raw_max < 0.5


def test_the_background_channel_can_be_inverted(tmp_path):
    settings = brightness("onnx", tmp_path)
    bright = build("onnx", settings)
    text = settings.contract.read_text().replace("channel: 1", "channel: 0\n  invert: true")
    settings.contract.write_text(text)
    picture = [np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)]
    one = bright.segment(picture)[0].probability
    two = build("onnx", settings).segment(picture)[0].probability
    assert np.abs(one - two).max() < 1e-6


def test_onnxruntime_that_fails_gets_fewer_pictures(tmp_path, pictures, monkeypatch):
    segmenter = build("onnx", brightness("onnx", tmp_path))
    calm = segmenter.segment(pictures)
    real, batches = segmenter._session, []

    class Tight:
        def run(self, outputs, inputs):
            (values,) = inputs.values()
            batches.append(len(values))
            if len(values) > room:
                raise RuntimeError("Failed to allocate memory for requested buffer")
            return real.run(outputs, inputs)

    monkeypatch.setattr(segmenter, "_session", Tight())
    room = 1
    for one, two in zip(calm, segmenter.segment(pictures), strict=True):
        assert np.abs(one.probability - two.probability).max() < 1e-6
    assert batches == [3, 1, 1, 1, 1, 1, 1, 1]
    room = 0
    with pytest.raises(ModelError, match="allocate memory"):
        segmenter.segment(pictures)
