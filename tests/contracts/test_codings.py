"""Every coding of one alpha is one answer of every verb that reads it, or one refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import datakit
from datakit.core.images.resizing import Resizing
from datakit.errors import InputError
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels import decoders, images
from datakit.io.pixels.formats import sniff
from datakit.verbs.qc.task import read_subject
from tests.io.pixels.test_decoders import ALPHA, CODINGS, noise

SUFFIXES = {"PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "BMP": ".bmp", "NumPy array": ".npy"}


def write(root: Path, data: bytes) -> Path:
    suffix = SUFFIXES[str(sniff(data))]
    for folder, name, blob in (
        ("images", "a.png", images.encode_png(noise())),
        ("alphas", f"a{suffix}", data),
    ):
        (root / folder).mkdir(parents=True)
        (root / folder / name).write_bytes(blob)
    return root


PICTURES = [name for name in CODINGS if not name.startswith("npy")]


@pytest.fixture(params=PICTURES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write(tmp_path / "src", CODINGS[request.param]())


def test_eval_finds_no_difference(source: Path, tmp_path: Path) -> None:
    truth = write(tmp_path / "truth", images.encode_png(ALPHA))
    found = datakit.eval((source, truth), workers=0)
    assert found.failed == 0 and found.metrics["mad"].mean < 1e-6


@pytest.mark.parametrize(
    ("verb", "more"),
    [
        ("export", {"format": "modnet"}),
        ("augment", {"preset": "light", "include_originals": True}),
        ("trimap", {}),
    ],
)
def test_what_is_written_is_that_alpha(
    source: Path, tmp_path: Path, verb: str, more: dict[str, Any]
) -> None:
    out = tmp_path / "out"
    assert getattr(datakit, verb)(source, out, workers=0, **more).exit_code == 0
    found = [
        decoders.decode_alpha(item.alpha.read(), item.alpha.name)
        for item in open_sources([str(out)]).items()
        if item.alpha is not None and (item.sample is None or item.sample.parent is None)
    ]
    assert len(found) == 1 and np.abs(found[0] - ALPHA / 255).max() < 1e-6


def test_qc_judges_that_alpha(source: Path) -> None:
    [item] = open_sources([str(source)]).items()
    alpha = read_subject(item)[0].alpha
    assert alpha is not None and np.abs(alpha - ALPHA / 255).max() < 1e-6


def test_training_learns_that_alpha(source: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    from datakit.training import PortraitDataset

    # At its own size nothing is resampled.
    [sample] = PortraitDataset(source, size_px=ALPHA.shape[0])
    wanted = Resizing((ALPHA.shape[1], ALPHA.shape[0]), (ALPHA.shape[0],) * 2, "stretch")
    found = sample["alpha"][0].numpy()
    assert np.abs(found - wanted.alpha((ALPHA / 255).astype(np.float32))).max() < 1e-5


def test_matte_makes_no_alpha_of_an_alpha(source: Path, tmp_path: Path) -> None:
    summary = datakit.matte(source, tmp_path / "out", workers=0)
    rows = (tmp_path / "out/failures.jsonl").read_text()
    assert summary.exit_code == 3 and "mask" in rows


@pytest.mark.parametrize("verb", ["export", "augment", "trimap", "qc", "eval"])
def test_arrays_beside_photos_are_refused_by_every_verb(tmp_path: Path, verb: str) -> None:
    source = write(tmp_path / "src", CODINGS["npy uint8"]())
    truth = write(tmp_path / "truth", images.encode_png(ALPHA))
    given: tuple[Any, ...] = (source, tmp_path / "out")
    if verb == "eval":
        given = ((source, truth),)
    more = {"export": {"format": "modnet"}, "augment": {"preset": "light"}}.get(verb, {})
    with pytest.raises(InputError, match="expected"):
        getattr(datakit, verb)(*given, workers=0, **more)
