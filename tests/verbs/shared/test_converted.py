"""Every verb that decodes photos says which of them it had to change, on every engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import datakit

DEEP = "1 photo of more than 8 bits a channel, read as 8 bits"
CLEAR = "2 photos transparent, put before the mean colour of the border (see --transparency)"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Four photos with masks: two transparent, one of 16 bits, one plain."""
    root = tmp_path / "src"
    rng = np.random.default_rng(3)
    for name in ("clear", "half", "deep", "plain"):
        pixels: Any = rng.integers(0, 255, (48, 64, 3)).astype(np.uint8)
        if name == "deep":
            pixels = pixels.astype(np.uint16) * 257
        elif name != "plain":
            opacity = np.full((48, 64, 1), 255, np.uint8)
            opacity[:20] = 0 if name == "clear" else 120
            pixels = np.concatenate([pixels, opacity], axis=2)
        mask = np.zeros((48, 64), np.uint8)
        cv2.circle(mask, (32, 26), 14, 255, -1)
        for folder, picture in (("images", pixels), ("masks", mask)):
            (root / folder).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / folder / f"{name}.png"), picture)
    return root


def said(notes: tuple[str, ...]) -> list[str]:
    return [note for note in notes if "photo" in note and ("8 bits" in note or "border" in note)]


WAYS = [{"workers": 0}, {"workers": 2}, {"engine": "ray", "workers": 2}]


@pytest.mark.parametrize("way", WAYS, ids=["here", "processes", "ray"])
def test_engines_tell_the_same(
    pairs: Path, tmp_path: Path, way: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    if way.get("engine") == "ray":
        pytest.importorskip("ray")
        request.getfixturevalue("ray_cluster")
    done = datakit.export(pairs, tmp_path / "out", format="modnet", **way)
    assert said(done.notes) == [f"{CLEAR} (such as images/clear.png)", f"{DEEP} (images/deep.png)"]
    card = json.loads((tmp_path / "out/dataset.json").read_text())
    assert said(tuple(card["notes"])) == [CLEAR, DEEP]


@pytest.mark.parametrize("verb", ["validate", "qc", "dedup", "split", "trimap", "augment"])
def test_every_verb_tells(pairs: Path, tmp_path: Path, verb: str) -> None:
    more: dict[str, Any] = {
        "augment": {"out": tmp_path / "out", "preset": "light", "include_originals": True},
        "split": {"out": tmp_path / "out", "val": 0.5},
        **{name: {"out": tmp_path / "out"} for name in ("qc", "dedup", "trimap")},
    }.get(verb, {})
    done = getattr(datakit, verb)(pairs, workers=0, **more)
    assert said(done.notes)


def test_a_resumed_run_writes_the_card_of_a_whole_one(pairs: Path, tmp_path: Path) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    for out in (whole, torn):
        datakit.export(pairs, out, format="modnet", workers=0)
    # One photo changes: only that one is done again.
    photo = pairs / "images/plain.png"
    for out in (whole, torn):
        if out == torn:
            cv2.imwrite(str(photo), 255 - cv2.imread(str(photo)))
            datakit.export(pairs, out, format="modnet", workers=0, resume=True)
    card = json.loads((torn / "dataset.json").read_text())
    assert said(tuple(card["notes"])) == [CLEAR, DEEP]
