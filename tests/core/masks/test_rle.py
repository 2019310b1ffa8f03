from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from datakit.core.masks import rle
from datakit.errors import InputError

masks = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40),
    elements=st.integers(0, 1),
)


@settings(max_examples=200, deadline=None)
@given(masks, st.integers(1, 60), st.integers(1, 60))
def test_strings_are_those_of_pycocotools(mask: np.ndarray, down: int, across: int) -> None:
    mask = mask.repeat(down, axis=0).repeat(across, axis=1)  # long runs: long groups
    height, width = mask.shape
    expected = coco_mask.encode(np.asfortranarray(mask))["counts"]
    assert rle.mask_to_rle(mask).encode() == expected
    np.testing.assert_array_equal(rle.rle_to_mask(expected, height, width), mask)
    np.testing.assert_array_equal(rle.rle_to_mask(expected.decode(), height, width), mask)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 1 << 27), min_size=1, max_size=40))
def test_any_counts_survive_the_string(numbers: list[int]) -> None:
    counts = np.array(numbers, dtype=np.int64)
    text = rle.encode_counts(counts)
    assert rle.decode_counts(text).tolist() == numbers
    assert rle.decode_counts(text.encode()).tolist() == numbers


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20).filter(lambda n: sum(n) > 0))
def test_plain_lists_with_empty_runs(numbers: list[int]) -> None:
    total = sum(numbers)
    expected = np.repeat(np.arange(len(numbers)) % 2, numbers).reshape(1, total)
    np.testing.assert_array_equal(rle.rle_to_mask(numbers, 1, total), expected)
    np.testing.assert_array_equal(rle.rle_to_mask([float(n) for n in numbers], 1, total), expected)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=40), st.text(max_size=40)))
def test_arbitrary_strings_raise_or_give_a_mask(text: str | bytes) -> None:
    try:
        mask = rle.rle_to_mask(text, 4, 5)
    except InputError:
        return
    assert mask.shape == (4, 5)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ("", "found an empty one"),
        ("1 3", "characters '0' to 'o'"),
        ("1é", "characters '0' to 'o'"),
        ("12P", "one that is cut off"),
        ("P" * 9 + "0", "at most 7 characters a count, found 10"),
        ("12N", "expected counts of 0 or more, found -2; the string is damaged"),
        ([1, -2, 7], "expected counts of 0 or more, found -2; the list is damaged"),
        ([1, 2, 2], r"sum to 6 \(3x2\), found 5"),
        ([2**62, 2**62, 2**62, 2**62, 6], "found 18446744073709551622|found 184467"),
        ([2**63], "expected counts of 0 or more"),
        ([2**80], "whole numbers"),
        ([], "whole numbers"),
        ([[6]], "whole numbers"),
        ([1.5, 4.5], "whole numbers"),
        ([float("nan")], "whole numbers"),
        (["6"], "whole numbers"),
        ([None], "whole numbers"),
        ([[1], [2, 3]], "whole numbers"),
    ],
)
def test_wrong_counts_are_named(counts: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rle.rle_to_counts(counts, 2, 3)  # type: ignore[arg-type]


def test_a_string_for_a_gigantic_image_allocates_nothing() -> None:
    with pytest.raises(InputError, match="mask size"):
        rle.rle_to_mask("0", 100_000, 100_000)
    tracemalloc.start()
    with pytest.raises(InputError, match="sum to 6"):
        rle.rle_to_mask("oooooo?" * 1000, 2, 3)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_every_rle_of_the_real_exports(shared_data: Path) -> None:
    compared = 0
    for path in sorted((shared_data / "roboflow").rglob("*.coco.json")):
        for annotation in json.loads(path.read_bytes())["annotations"]:
            segmentation = annotation.get("segmentation")
            if not isinstance(segmentation, dict):
                continue
            height, width = segmentation["size"]
            counts = segmentation["counts"]
            if isinstance(counts, list):
                packed = coco_mask.frPyObjects(segmentation, height, width)
            else:
                packed = {"size": [height, width], "counts": counts.encode()}
            # Uniting with itself writes pycocotools' own canonical string.
            expected = coco_mask.merge([packed, packed])["counts"]
            found = rle.rle_to_counts(counts, height, width)
            assert rle.encode_counts(found).encode() == expected
            if compared % 50 == 0:
                mask = rle.rle_to_mask(counts, height, width)
                np.testing.assert_array_equal(mask, coco_mask.decode(packed))
            compared += 1
    assert compared > 1000
