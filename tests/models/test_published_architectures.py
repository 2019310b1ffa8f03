"""The shipped contracts on networks of other packages, built with random weights.

None of these packages is needed by datakit: with
``pip install torchvision segmentation-models-pytorch transformers onnxscript`` and ``make slow``
these tests run. BiRefNet, IS-Net, MODNet, RVM and P3M-Net have no package on PyPI that builds them:
`tests/models/test_shipped_contracts.py` runs models of their shape.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datakit.models.factory import Settings
from datakit.models.segmenters.base import build
from datakit.models.segmenters.people import identity_of_people

torch = pytest.importorskip("torch", reason="torch is not installed")

pytestmark = [
    pytest.mark.slow,
    # Of the packages' own code and of torch's exporters.
    pytest.mark.filterwarnings("ignore"),
]

PICTURE = np.random.default_rng(0).integers(0, 256, (70, 100, 3), np.uint8)
_OPERATORS = "torchvision._meta_registrations"


def package(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a package, or skip.

    Beside a torch without CUDA the operators of PyPI's torchvision (boxes, no convolutions) cannot
    be loaded; it is imported without them.
    """
    if not torch.cuda.is_available():
        monkeypatch.setitem(sys.modules, _OPERATORS, types.ModuleType(_OPERATORS))
    return pytest.importorskip(name, reason=f"{name} is not installed")


def lively(model: Any, shape: tuple[int, ...]) -> None:
    """Give a network weights by which its map follows the picture: as made, it is near constant."""
    for part in model.modules():
        if isinstance(part, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(part.weight)
        elif isinstance(part, torch.nn.BatchNorm2d):
            part.reset_parameters()
            part.momentum = None
    with torch.no_grad():
        model.train()(torch.rand(shape))
    model.eval()


def exported(model: Any, shape: tuple[int, ...], path: Path, **options: Any) -> Path:
    given = (torch.zeros(shape),)
    torch.export.save(torch.export.export(model.eval(), given, strict=False, **options), path)
    return path


def test_deeplab_of_torchvision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package("torchvision", monkeypatch)
    from torchvision.models.segmentation import deeplabv3_mobilenet_v3_large

    torch.manual_seed(0)
    model = deeplabv3_mobilenet_v3_large(weights=None, weights_backbone=None, aux_loss=True)
    lively(model, (2, 3, 520, 520))
    path = exported(model, (1, 3, 520, 520), tmp_path / "deeplab.pt2")
    settings = Settings(weights=(path,), contract="deeplabv3", device="cpu")
    [found] = build("torch-export", settings).segment([PICTURE])
    assert found.probability.shape == (520, 520)
    with torch.inference_mode():
        logits = model(torch.from_numpy(_prepared(PICTURE, (520, 520))))["out"]
    np.testing.assert_allclose(found.probability, logits.softmax(1)[0, 15], atol=1e-4)


def test_unet_of_segmentation_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smp = package("segmentation_models_pytorch", monkeypatch)
    torch.manual_seed(0)
    model = smp.Unet("resnet18", encoder_weights=None, classes=1)
    free = torch.export.Dim.AUTO
    path = exported(
        model, (1, 3, 512, 768), tmp_path / "smp.pt2", dynamic_shapes=({2: free, 3: free},)
    )
    segmenter = build("torch-export", Settings(weights=(path,), contract="smp", device="cpu"))
    [found] = segmenter.segment([PICTURE])
    assert found.probability.shape == (512, 736)
    with torch.inference_mode():
        logits = model(torch.from_numpy(_prepared(PICTURE, (512, 736))))
    np.testing.assert_allclose(found.probability, torch.sigmoid(logits)[0, 0], atol=1e-4)


def test_vitmatte_of_transformers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package("torchvision", monkeypatch)
    pytest.importorskip("transformers", reason="transformers is not installed")
    pytest.importorskip("onnx", reason="onnx is not installed")
    from transformers import VitDetConfig, VitMatteConfig
    from transformers.models.vitmatte.modeling_vitmatte import VitMatteForImageMatting

    torch.manual_seed(0)
    backbone = VitDetConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_channels=4,
        image_size=512, window_size=4, window_block_indices=[0], residual_block_indices=[1],
        out_features=["stage2"],
    )  # fmt: skip
    whole = VitMatteForImageMatting(
        VitMatteConfig(
            backbone_config=backbone,
            hidden_size=32,
            convstream_hidden_sizes=[8, 16, 24],
            fusion_hidden_sizes=[32, 16, 8, 4],
        )
    )

    lively(whole, (2, 4, 512, 512))

    class Alphas(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.whole = whole.eval()

        def forward(self, pixels: Any) -> Any:
            return self.whole(pixels).alphas

    path = tmp_path / "vitmatte.onnx"
    torch.onnx.export(Alphas(), (torch.zeros(1, 4, 512, 512),), path, dynamo=False,
        input_names=["pixel_values"], output_names=["alphas"],
        dynamic_axes={"pixel_values": {2: "h", 3: "w"}, "alphas": {2: "h", 3: "w"}},
    )  # fmt: skip
    segmenter = build("onnx", Settings(weights=(path,), contract="vitmatte", device="cpu"))
    [found] = segmenter.segment([PICTURE])
    assert found.probability.shape == (512, 736)
    # What drew the trimap has a part in the identity.
    assert set(identity_of_people().members) < set(segmenter.identity.members)
    # Of noise nobody is drafted: all of it is background.
    pixels = np.concatenate(
        [_prepared(PICTURE, (512, 736), 0.5, 0.5), np.zeros((1, 1, 512, 736), np.float32)], axis=1
    )
    with torch.inference_mode():
        alphas = Alphas()(torch.from_numpy(pixels))
    np.testing.assert_allclose(found.probability, alphas[0, 0], atol=1e-3)


def _prepared(
    image: np.ndarray,
    size_hw: tuple[int, int],
    mean: Any = (0.485, 0.456, 0.406),
    std: Any = (0.229, 0.224, 0.225),
) -> np.ndarray:
    import cv2

    small = cv2.resize(image, size_hw[::-1], interpolation=cv2.INTER_LINEAR)
    values = (small / np.float32(255) - np.float32(mean)) / np.float32(std)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None], np.float32)
