from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from datakit.core.masks import polygons
from datakit.core.masks.polygons import polygon_counts, polygon_counts_each, polygon_mask
from datakit.core.masks.rings import ring_from_flat
from datakit.core.masks.rle import encode_counts
from datakit.core.masks.runs import counts_to_mask
from datakit.errors import InputError

sizes = st.integers(1, 70)
coordinates = st.one_of(
    st.floats(-30, 100),
    st.integers(-20, 80).map(float),
    # Where the rounding to fifths of a pixel ties.
    st.integers(-100, 400).map(lambda n: n / 10),
    st.integers(-100, 400).map(lambda n: n / 5 - 0.1),
    st.floats(-3e3, 3e3),
)
points = st.tuples(coordinates, coordinates)


@st.composite
def rings(draw: st.DrawFn) -> np.ndarray:
    ring = draw(st.lists(points, min_size=3, max_size=12))
    if draw(st.booleans()):
        ring.append(ring[0])
    if draw(st.booleans()):
        at = draw(st.integers(0, len(ring) - 1))
        ring.insert(at, ring[at])
    return np.array(ring, dtype=np.float64)


def reference(polygons: list[np.ndarray], height: int, width: int) -> np.ndarray:
    flat = [ring.ravel().tolist() for ring in polygons]
    return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(flat, height, width)))


@settings(max_examples=200, deadline=None)
@given(st.lists(rings(), min_size=1, max_size=4), sizes, sizes)
def test_union_is_bit_identical_to_pycocotools(
    drawn: list[np.ndarray], height: int, width: int
) -> None:
    expected = reference(drawn, height, width)
    np.testing.assert_array_equal(polygon_mask(drawn, height, width), expected)
    flat = [ring.ravel().tolist() for ring in drawn]
    merged = coco_mask.merge(coco_mask.frPyObjects(flat, height, width))
    assert encode_counts(polygon_counts(drawn, height, width)).encode() == merged["counts"]


@settings(max_examples=100, deadline=None)
@given(st.lists(rings(), min_size=1, max_size=5), sizes, sizes, st.data())
def test_each_owner_alone_and_even_odd(
    drawn: list[np.ndarray], height: int, width: int, data: st.DataObject
) -> None:
    owners = sorted(
        data.draw(st.lists(st.integers(0, 3), min_size=len(drawn), max_size=len(drawn)))
    )
    singles = [reference([ring], height, width) for ring in drawn]
    union = polygon_counts_each(drawn, owners, height, width)
    parity = polygon_counts_each(drawn, owners, height, width, "evenodd")
    assert len(union) == len(parity) == owners[-1] + 1
    both = np.zeros((height, width), np.uint8)
    for owner in range(owners[-1] + 1):
        mine = [mask for mask, of in zip(singles, owners, strict=True) if of == owner]
        any_of = np.bitwise_or.reduce(mine) if mine else 0 * both
        odd_of = np.bitwise_xor.reduce(mine) if mine else 0 * both
        np.testing.assert_array_equal(counts_to_mask(union[owner], height, width), any_of)
        np.testing.assert_array_equal(counts_to_mask(parity[owner], height, width), odd_of)
        both |= odd_of
    np.testing.assert_array_equal(
        polygon_mask(drawn, height, width, "evenodd", owners=owners), both
    )
    np.testing.assert_array_equal(
        polygon_mask(drawn, height, width, "evenodd"), np.bitwise_xor.reduce(singles)
    )


@pytest.mark.slow
def test_a_long_campaign_of_random_polygons() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5_000):
        height, width = (int(n) for n in rng.integers(1, 120, 2))
        drawn = []
        for _ in range(rng.integers(1, 5)):
            ring = rng.uniform(-20, 140, (rng.integers(3, 14), 2)) * 10.0 ** rng.integers(0, 4)
            drawn.append(np.round(ring, int(rng.integers(0, 4))))
        expected = reference(drawn, height, width)
        np.testing.assert_array_equal(polygon_mask(drawn, height, width), expected)


def test_every_polygon_of_the_real_exports(shared_data: Path) -> None:
    compared = 0
    for path in sorted((shared_data / "roboflow").rglob("*.coco.json")):
        coco = json.loads(path.read_bytes())
        images = {image["id"]: image for image in coco["images"]}
        for annotation in coco["annotations"]:
            segmentation = annotation.get("segmentation")
            if not segmentation or isinstance(segmentation, dict):
                continue
            nested = isinstance(segmentation[0], list)
            drawn = [ring_from_flat(part) for part in (segmentation if nested else [segmentation])]
            if min(len(ring) for ring in drawn) < 3:
                continue
            image = images[annotation["image_id"]]
            height, width = image["height"], image["width"]
            flat = [ring.ravel().tolist() for ring in drawn]
            expected = coco_mask.merge(coco_mask.frPyObjects(flat, height, width))["counts"]
            assert encode_counts(polygon_counts(drawn, height, width)).encode() == expected
            compared += 1
    assert compared > 10_000


@pytest.mark.parametrize("repeats", [1, 3])
def test_tiny_and_degenerate_rings_paint_what_the_api_paints(repeats: int) -> None:
    for ring in (
        [[3.0, 3.0]] * 3,
        [[3.1, 3.1], [3.2, 3.1], [3.2, 3.2]],
        [[2.0, 2.0], [5.0, 2.0], [5.0, 2.0]],
        [[2.0, 1.0], [2.0, 6.0], [2.0, 3.0]],
        [[0.0, 0.0], [8.0, 0.0], [8.0, 7.0], [0.0, 7.0]],
        [[-5.0, -5.0], [99.0, -5.0], [99.0, 99.0], [-5.0, 99.0]],
    ):
        drawn = [np.array(ring)] * repeats
        np.testing.assert_array_equal(polygon_mask(drawn, 7, 8), reference(drawn, 7, 8))


def test_no_rings_and_empty_rings_paint_nothing() -> None:
    assert polygon_counts([], 3, 4).tolist() == [12]
    assert polygon_counts([np.empty((0, 2))], 3, 4).tolist() == [12]
    assert polygon_counts_each([], [], 3, 4) == []
    square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    mask = polygon_mask([np.empty((0, 2)), square, np.empty((0, 2))], 3, 4)
    assert mask.sum() == 4


def test_paints_into_a_given_buffer_with_rows_apart() -> None:
    square = np.array([[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0]])
    rows = np.full((5, 7), 9, np.uint8)
    mask = polygon_mask([square], 5, 6, value=255, out=rows[:, 1:])
    assert mask.base is rows
    assert (rows[:, 0] == 9).all()
    np.testing.assert_array_equal(rows[:, 1:], polygon_mask([square], 5, 6, value=255))


def test_coordinates_that_would_overflow_are_refused() -> None:
    for value in (1e9, -1e300, np.inf, np.nan):
        ring = np.array([[0.0, 0.0], [value, 5.0], [5.0, 9.0]])
        with pytest.raises(InputError, match="finite coordinates within 16777216 pixels"):
            polygon_mask([ring], 10, 10)


def test_far_but_allowed_coordinates_are_cut_off() -> None:
    far = polygons.MAX_COORDINATE_PX
    ring = np.array([[-far, -far], [far, -far], [far, far], [-far, far]])
    assert polygon_mask([ring], 10, 12).all()


def test_a_hostile_zigzag_is_refused_before_it_takes_memory() -> None:
    ring = np.zeros((20_000, 2))
    ring[1::2, 0] = 10_000
    ring[:, 1] = np.arange(20_000) % 7
    with pytest.raises(InputError, match="cross columns at most"):
        polygon_mask([ring], 100, 10_000)


def test_wrong_shapes_and_sizes_are_refused() -> None:
    with pytest.raises(InputError, match=r"expected shape \(N, 2\), found \(6,\)"):
        polygon_mask([np.zeros(6)], 5, 5)
    with pytest.raises(InputError, match="mask size"):
        polygon_mask([], 100_000, 100_000)
    with pytest.raises(InputError, match="owners"):
        polygon_counts_each([np.zeros((3, 2))] * 2, [1, 0], 5, 5)
