"""A pixel is unknown where any file says so: the ignore mask, or the mask's own value for it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from datakit.io.layouts.label_pixels import decode_ignored, decode_label, is_coded
from datakit.io.layouts.sources import open_sources
from datakit.verbs.shared.labelled import carried_bytes, carried_name

BESIDE, IN_MASK = np.s_[20:24, 4:12], np.s_[2:6, 8:20]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two classes, 255 in the masks, and ignore masks beside them that say other pixels."""
    root = tmp_path / "src"
    for folder in ("images", "masks", "ignores"):
        (root / folder).mkdir(parents=True)
    for seed, name in enumerate(("a.png", "b.png")):
        photo = np.random.default_rng(seed).integers(0, 255, (32, 40, 3)).astype(np.uint8)
        mask = np.zeros((32, 40), np.uint8)
        mask[8:20, 4:20], mask[10:30, 24:36] = 1, 2
        mask[IN_MASK] = 255
        ignore = np.zeros_like(mask)
        ignore[BESIDE] = 255
        for folder, pixels in (("images", photo), ("masks", mask), ("ignores", ignore)):
            cv2.imwrite(str(root / folder / name), pixels)
    return root


def unknown() -> np.ndarray:
    wanted = np.zeros((32, 40), bool)
    wanted[BESIDE] = wanted[IN_MASK] = True
    return wanted


def test_both_files_count(source: Path) -> None:
    for item in open_sources((str(source),)).items():
        ignored = decode_ignored(item)
        assert ignored is not None and np.array_equal(ignored > 0, unknown())
        assert item.mask is not None and item.ignore is not None
        assert not decode_label(item, "mask", item.mask)[IN_MASK].any()
        # What is copied must not be the one file alone.
        assert is_coded(item, "ignore")
        carried = cv2.imdecode(
            np.frombuffer(carried_bytes(item, "ignore", item.ignore), np.uint8), 0
        )
        assert np.array_equal(carried > 0, unknown())
        assert carried_name(item, "ignore", item.ignore).endswith(".png")


@pytest.mark.parametrize("verb", ["trimap", "split", "export", "augment"])
def test_every_verb_writes_both(source: Path, tmp_path: Path, verb: str) -> None:
    more = {
        "split": {"val": 0.5},
        "export": {"format": "images-masks"},
        "augment": {"preset": "light", "include_originals": True},
    }.get(verb, {})
    out = tmp_path / "out"
    assert getattr(datakit, verb)(source, out, workers=0, **more).exit_code == 0
    items = [item for item in open_sources((str(out),)).items() if "aug" not in item.rel]
    found = [decode_ignored(item) for item in items]
    wanted = unknown()
    assert sum(one is not None and np.array_equal(one > 0, wanted) for one in found) >= 2


def test_two_sizes_are_a_failure_that_names_both(source: Path) -> None:
    cv2.imwrite(str(source / "ignores/a.png"), np.zeros((16, 20), np.uint8))
    item = next(item for item in open_sources((str(source),)).items() if item.stem == "a")
    with pytest.raises(InputError, match=r"ignores/a.png: .*masks/a.png.*found 20x16"):
        decode_ignored(item)
