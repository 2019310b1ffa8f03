"""HEIC and JPEG XL by their extras, on samples that other programs wrote (tests/data/pixels).

They were made of a picture of sample_data with pillow-heif 1.4 (x265) and pillow-jxl-plugin 1.3.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datakit.errors import InputError
from datakit.io.pixels.decoders import decode_alpha, decode_photo
from datakit.io.pixels.formats import EXTRAS
from datakit.io.pixels.images import probe

DATA = Path(__file__).resolve().parents[2] / "data/pixels"
WIDTH, HEIGHT = 48, 64
SUFFIX = {"HEIF": ".heic", "JXL": ".jxl"}
ERROR = {"HEIF": 4.0, "JXL": 0.0}
"""Mean difference that a lossy and a lossless encoder leave, in levels."""


@pytest.fixture(params=EXTRAS)
def kind(request: pytest.FixtureRequest) -> str:
    extra, module, _ = EXTRAS[request.param]
    pytest.importorskip(module, reason=f"the extra {extra} is not installed")
    return str(request.param)


def read(stem: str, kind: str) -> bytes:
    return (DATA / f"{stem}{SUFFIX[kind]}").read_bytes()


def test_a_photo_is_read(kind: str) -> None:
    data = read("portrait", kind)
    facts = probe(data)
    assert (facts.format, facts.stored_wh, facts.orientation) == (kind, (WIDTH, HEIGHT), 1)
    truth = decode_photo((DATA / "portrait.png").read_bytes())
    assert np.abs(decode_photo(data).astype(int) - truth).mean() <= ERROR[kind]


def test_its_opacity_is_an_alpha(kind: str) -> None:
    alpha = decode_alpha(read("cutout", kind))
    expected = np.zeros((HEIGHT, WIDTH), np.float32)
    expected[12:60, 12:36] = 1
    assert np.abs(alpha - expected).mean() < 0.02


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_torn_file_is_one_sentence(kind: str, share: float) -> None:
    data = read("portrait", kind)
    with pytest.raises(InputError) as caught:
        decode_photo(data[: int(share * len(data))], "x")
    assert "\n" not in str(caught.value)
