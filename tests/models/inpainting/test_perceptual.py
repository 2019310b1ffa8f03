"""Perceptual distances by contract: what a network of two photos is fed, and what is read of it."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from datakit.errors import ModelError
from datakit.models.inpainting.perceptual import PerceptualDistance, identify_perceptual

torch = pytest.importorskip("torch", reason="the extra 'prelabel' is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'prelabel' is not installed")

from onnx import TensorProto, helper  # noqa: E402

from tests.models.weight_makers import state_dict_bytes  # noqa: E402


def mean_difference(target: Path, inputs: int = 2, size: int = 256) -> Path:
    """Write an ONNX network: the mean absolute difference of two photos."""
    shape = [1, 3, size, size]
    names = ("one", "other", "more")[:inputs]
    graph = helper.make_graph(
        [
            helper.make_node("Sub", list(names[:2]), ["apart"]),
            helper.make_node("Abs", ["apart"], ["far"]),
            helper.make_node("ReduceMean", ["far"], ["out"], axes=[1, 2, 3], keepdims=1),
        ],
        "distance",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 1, 1, 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    target.write_bytes(model.SerializeToString())
    return target


def scene() -> tuple[np.ndarray, np.ndarray]:
    photo = np.random.default_rng(0).integers(40, 200, (60, 400, 3)).astype(np.uint8)
    hole = np.zeros((60, 400), bool)
    hole[20:40, 20:40] = True
    return photo, hole


def test_the_surroundings_of_the_hole_are_compared_in_the_range_of_the_contract(
    tmp_path: Path,
) -> None:
    network = PerceptualDistance(mean_difference(tmp_path / "net.onnx"), "lpips")
    photo, hole = scene()
    assert network.distance(photo, photo, hole) == 0
    # 0 .. 255 become -1 .. 1.
    assert network.distance(photo + np.uint8(10), photo, hole) == pytest.approx(20 / 255, rel=1e-3)
    far = photo.copy()
    far[:, 200:] = 0
    assert network.distance(far, photo, hole) == 0
    assert network.identity.sha256 and "onnxruntime" in network.identity.runtime


def test_a_torchscript_network_of_another_size_and_a_map_of_distances(tmp_path: Path) -> None:
    class Apart(torch.nn.Module):
        def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
            return (one - other).abs().mean(dim=1, keepdim=True)

    (tmp_path / "own.yaml").write_text(
        "name: own\ninput: {size: [32, 32], fit: multiple, multiple: 16, range: [0, 1]}\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Apart()), str(tmp_path / "net.pt"))
    network = PerceptualDistance(tmp_path / "net.pt", tmp_path / "own.yaml")
    photo, hole = scene()
    assert network.distance(photo + np.uint8(10), photo, hole) == pytest.approx(10 / 255, rel=1e-3)
    assert identify_perceptual(tmp_path / "net.pt", tmp_path / "own.yaml").name == "own"


def test_what_is_no_network_of_two_photos_is_refused(tmp_path: Path) -> None:
    three = mean_difference(tmp_path / "three.onnx", inputs=3)
    with pytest.raises(ModelError, match="the contract gives 2 inputs"):
        PerceptualDistance(three, "lpips")
    (tmp_path / "states.pth").write_bytes(state_dict_bytes(torch.nn.Conv2d(3, 3, 3)))
    with pytest.raises(ModelError, match="expected an ONNX or TorchScript network"):
        PerceptualDistance(tmp_path / "states.pth", "lpips")
    with pytest.raises(ModelError, match="found nothing there"):
        identify_perceptual(tmp_path / "none.onnx", "lpips")
    small = PerceptualDistance(mean_difference(tmp_path / "small.onnx", size=64), "lpips")
    photo, hole = scene()
    with pytest.raises(ModelError, match="onnxruntime stopped"):
        small.distance(photo, photo, hole)
