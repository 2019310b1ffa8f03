"""Splits that look different are said to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")

import cv2

import datakit
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_photo


def test_a_darker_split_is_said_to_be_darker(tmp_path: Path, sample_data: Path) -> None:
    data = (sample_data / "portraits/images/astronaut.jpg").read_bytes()
    face = cv2.resize(decode_photo(data, "x"), (160, 160), interpolation=cv2.INTER_AREA)
    for split, light in (("train", 1.0), ("val", 0.4)):
        for n in range(5):
            path = tmp_path / "src" / split / "images" / f"{split}-{n}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            made = (face * (light - n / 50)).astype(np.uint8)
            path.write_bytes(images.encode_png(made))
    found = datakit.stats(tmp_path / "src", balance=True, workers=0)
    train, val = found.balance["brightness"]["train"], found.balance["brightness"]["val"]
    assert train.samples == val.samples == 5
    assert train.mean > 2 * val.mean
    assert val.shift < -0.5 < 0.5 < train.shift
    assert any("val differs in brightness" in note for note in found.notes)
    assert found.balance["face_size"]["train"].mean > 0.1
    assert datakit.stats(tmp_path / "src", workers=0).balance == {}
