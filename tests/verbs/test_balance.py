"""Splits that look different are said to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")

import cv2
import msgspec

import datakit
from datakit.errors import InputError
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_photo
from datakit.verbs.stats.balance import tone_totals


def test_a_darker_split_is_said_to_be_darker(tmp_path: Path, sample_data: Path) -> None:
    data = (sample_data / "portraits/images/astronaut.jpg").read_bytes()
    face = cv2.resize(decode_photo(data, "x"), (160, 160), interpolation=cv2.INTER_AREA)
    for split, light in (("train", 1.0), ("val", 0.4)):
        for n in range(5):
            path = tmp_path / "src" / split / "images" / f"{split}-{n}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            made = (face * (light - n / 50)).astype(np.uint8)
            path.write_bytes(images.encode_png(made))
    found = datakit.stats(
        tmp_path / "src", out=tmp_path / "out", balance=True, skin_tone=True, workers=0
    )
    train, val = found.balance["brightness"]["train"], found.balance["brightness"]["val"]
    assert train.samples == val.samples == 5
    assert train.mean > 2 * val.mean
    assert val.shift < -0.5 < 0.5 < train.shift
    assert any("val differs in brightness" in note for note in found.notes)
    assert found.balance["face_size"]["train"].mean > 0.1
    assert found.balance["colourfulness"]["train"].mean > found.balance["colourfulness"]["val"].mean
    # Totals alone are written: five faces of a split, in some class, and no sample's class.
    assert {sum(totals.values()) for totals in found.skin_tones.values()} == {5}
    assert any("skin tones are estimated" in note for note in found.notes)
    written = msgspec.json.decode((tmp_path / "out/stats.json").read_bytes())
    assert written["skin_tones"] == found.skin_tones
    assert b"val-0" not in (tmp_path / "out/stats.json").read_bytes()
    assert datakit.stats(tmp_path / "src", workers=0).balance == {}


def test_skin_tone_is_asked_for_with_balance_and_few_faces_are_no_total() -> None:
    with pytest.raises(InputError, match="expected --balance"):
        datakit.stats("anywhere", skin_tone=True)
    totals = tone_totals({"train": Counter({"tan": 7, "dark": 4})})["train"]
    assert (totals["tan"], totals["dark"], totals["light"]) == (7, None, 0)
