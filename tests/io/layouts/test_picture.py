"""What layouts make of a sample: names that any loader takes, mattes, masks and trimaps."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.core.matting.trimaps import p3m_trimap
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.picture import Picture
from datakit.io.layouts.sample_names import MAX_NAME, flat_name
from datakit.io.pixels import images
from datakit.records.sample import Sample, Source

TEXT = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=150)


@given(st.sets(TEXT, min_size=2, max_size=8))
def test_names_are_safe_short_and_do_not_meet(stems: set[str]) -> None:
    names = {flat_name(stem) for stem in stems}
    assert len(names) == len(stems)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) and len(name) <= MAX_NAME for name in names)


@pytest.mark.parametrize("stem", ["../../etc/passwd", "a/../b", "a b.c", "ß" * 200, "."])
def test_no_name_leads_anywhere(stem: str) -> None:
    assert not set(flat_name(stem)) & set("/.\\ *?[]")


def picture(**arrays: object) -> Picture:
    row = Sample(id="a", width=4, height=4, source=Source(name="a.jpg"))
    item = Item(rel="a.jpg", stem="a", source_name="a.jpg")
    return Picture(item=item, row=row, image=np.zeros((4, 4, 3), np.uint8), **arrays)  # type: ignore[arg-type]


def test_sixteen_bits_are_rounded_to_eight() -> None:
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.rint(every.astype(np.float64) / 65535 * 255).astype(np.uint8)
    assert np.array_equal(picture(alpha=every).matte, expected)
    eight = np.arange(256, dtype=np.uint8)[None]
    assert picture(alpha=eight).matte is eight


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_alpha_is_cut_at_one_half(dtype: type) -> None:
    every = np.arange(np.iinfo(dtype).max + 1).astype(dtype)[None]
    expected = every.astype(np.float64) / np.iinfo(dtype).max >= 0.5
    assert np.array_equal(picture(alpha=every).binary > 0, expected)
    with pytest.raises(InputError, match="a mask or an alpha"):
        _ = picture().binary


def test_a_mask_is_taken_before_an_alpha_and_any_class_is_foreground() -> None:
    mask = np.array([[0, 1, 2, 300]], np.uint16)
    found = picture(mask=mask, alpha=np.full((1, 4), 255, np.uint8))
    assert found.binary.tolist() == [[0, 255, 255, 255]]
    assert picture(mask=mask).matte_role == "mask" and found.matte_role == "alpha"


def test_a_trimap_is_the_samples_own_or_p3ms() -> None:
    alpha = np.zeros((60, 60), np.uint8)
    alpha[20:40, 20:40] = 255
    made, count = picture(alpha=alpha).trimap_or_made()
    assert count == 1 and np.array_equal(made, p3m_trimap(alpha.astype(np.float32) / 255))
    own = np.full((60, 60), 128, np.uint8)
    assert picture(alpha=alpha, trimap=own).trimap_or_made() == (own, 0)


def test_the_sources_bytes_are_kept_where_they_fit() -> None:
    data = images.encode_jpeg(np.zeros((4, 4, 3), np.uint8))
    kept = picture(original=data)
    assert kept.image_file(".jpg") == (data, 0) and kept.image_file(".jpeg") == (data, 0)
    again, count = kept.image_file(".png")
    assert count == 1 and images.probe(again).format == "PNG"
    assert replace(kept, original=None).image_file(".jpg")[1] == 1
