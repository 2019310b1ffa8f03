"""`eval --kind plate`: restored backgrounds with photos of the empty scene."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from datakit.io.pixels import images
from tests.verbs.pairs import photo_and_alpha, write_set


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plates")
    source = write_set(folder / "src", "alphas")
    datakit.inpaint(source, folder / "plates", model="telea", workers=0)
    return folder / "plates"


def write_truth(folder: Path, brighter: int) -> Path:
    folder.mkdir()
    for seed in range(3):
        photo = photo_and_alpha(seed)[0]
        empty = np.full_like(photo, photo[0, 0] + np.uint8(brighter))
        (folder / f"p{seed}.png").write_bytes(images.encode_png(empty))
    return folder


def test_plates_near_the_truth_score_high(plates: Path, tmp_path: Path) -> None:
    near = datakit.eval((plates, write_truth(tmp_path / "a", 0)), kind="plate", workers=0)
    far = datakit.eval((plates, write_truth(tmp_path / "b", 40)), kind="plate", workers=0)
    assert near.samples == far.samples == 3
    assert near.metrics["psnr"].mean > 40
    # 40 levels off everywhere are 16 dB.
    assert far.metrics["psnr"].mean == pytest.approx(16.1, abs=0.7)
    assert near.metrics["ssim"].mean > far.metrics["ssim"].mean


def test_a_network_of_ones_own_measures_how_plates_look(plates: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    from tests.models.inpainting.test_perceptual import mean_difference

    network = mean_difference(tmp_path / "net.onnx")
    truth = write_truth(tmp_path / "truth", 40)
    found = datakit.eval((plates, truth), kind="plate", lpips=str(network), workers=0)
    # The surroundings of the hole are 40 levels off, of 255 that are 2 to the network.
    assert found.metrics["lpips"].mean == pytest.approx(80 / 255, abs=0.03)
    assert any("lpips by lpips (sha256 " in note for note in found.notes)
    with pytest.raises(InputError, match="add --kind plate"):
        datakit.eval((plates, truth), lpips=str(network), workers=0)


def test_photos_are_no_plates(plates: Path, tmp_path: Path) -> None:
    truth = write_truth(tmp_path / "truth", 0)
    with pytest.raises(InputError, match="expected plates that"):
        datakit.eval((truth, truth), kind="plate", workers=0)
    with pytest.raises(InputError, match="expected photos of the empty scenes"):
        datakit.eval((plates, plates), kind="plate", workers=0)
