"""--max-memory: a picture that would take too much is a failure that says so, undecoded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from tests.verbs.exports import Export, box, jpeg, photo, png

SMALL, LARGE = 64, 512


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    for name, side in (("large", LARGE), ("small", SMALL)):
        for folder, pixels in (
            ("images", photo(side, side)),
            ("masks", np.eye(side, dtype=np.uint8) * 255),
        ):
            path = tmp_path / f"src/{folder}/{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(pixels))
    return tmp_path / "src"


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("verb", ["export", "augment", "trimap"])
def test_a_large_picture_is_a_row(pairs: Path, tmp_path: Path, verb: str, workers: int) -> None:
    out = tmp_path / "out"
    more = {"export": {"format": "modnet"}, "augment": {"preset": "light"}}.get(verb, {})
    if verb == "augment":
        for folder in ("images", "masks"):
            (pairs / "train").mkdir(exist_ok=True)
            (pairs / folder).rename(pairs / "train" / folder)
    summary = getattr(datakit, verb)(pairs, out, max_memory="1M", workers=workers, **more)
    assert summary.exit_code == 3 and summary.counts["samples"] == 1
    [failure] = map(json.loads, (out / "failures.jsonl").read_text().splitlines())
    assert "512x512 pixels would take" in failure["error"] and "--max-memory" in failure["error"]
    assert "large" in failure["id"]


def test_what_is_only_painted_is_bounded_too(tmp_path: Path) -> None:
    export = Export(tmp_path / "coco")
    for name, side in (("large.jpg", LARGE), ("small.jpg", SMALL)):
        export.annotate(export.image(name, wh=(side, side)), [box(2, 2, 9, 9)])
    export.write()
    summary = datakit.coco2mask(tmp_path / "coco", tmp_path / "out", max_memory="256K", workers=0)
    assert summary.counts["samples"] == 1 and summary.failed == 1


def test_the_default_is_the_machines_and_no_run_is_left_bounded(
    pairs: Path, tmp_path: Path
) -> None:
    assert datakit.validate(pairs, max_memory="256K", workers=0).exit_code == 1
    assert datakit.validate(pairs, workers=0).problems == ()
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/a.jpg").write_bytes(jpeg(photo(LARGE, LARGE)))
    assert datakit.stats(tmp_path / "plain", workers=0).failed == 0


def test_a_size_is_a_size() -> None:
    for text in ("", "much", "-4G", "0"):
        with pytest.raises(InputError, match="max-memory"):
            datakit.validate("x", max_memory=text)
