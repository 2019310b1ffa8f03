from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.masks.coverage import SCANLINES, coverage_to_uint8, polygon_coverage
from datakit.core.masks.polygons import polygon_mask
from datakit.core.masks.rings import ring_area
from datakit.errors import InputError

SAMPLES = 48
sizes = st.integers(1, 16)
coordinates = st.one_of(
    st.floats(-8, 30), st.integers(-4, 24).map(float), st.integers(-16, 96).map(lambda n: n / 4)
)
outlines = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=7).map(np.array)
boxes = st.tuples(coordinates, coordinates, coordinates, coordinates).map(
    lambda b: np.array([(b[0], b[1]), (b[2], b[1]), (b[2], b[3]), (b[0], b[3])])
)
rings = st.one_of(outlines, boxes)


def sampled(ring: np.ndarray, height: int, width: int) -> np.ndarray:
    """Which of SAMPLES x SAMPLES points per pixel lie inside (even-odd), without shared code."""
    y, x = np.meshgrid(
        (np.arange(height * SAMPLES) + 0.5) / SAMPLES,
        (np.arange(width * SAMPLES) + 0.5) / SAMPLES,
        indexing="ij",
    )
    inside = np.zeros(y.shape, bool)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y0 != y1:
            # As (y - y0) / (y1 - y0) <= 1 between the ends, this cannot overflow there.
            between = (y0 <= y) != (y1 <= y)
            inside[between] ^= x[between] > x0 + (y[between] - y0) / (y1 - y0) * (x1 - x0)
    return inside


def share(inside: np.ndarray) -> np.ndarray:
    height, width = inside.shape[0] // SAMPLES, inside.shape[1] // SAMPLES
    return inside.reshape(height, SAMPLES, width, SAMPLES).mean(axis=(1, 3))


def close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    # An outline passes a pixel up to seven times here, and each time the samples may be off by
    # about half their distance.
    assert np.abs(found - expected).max() <= 4 / SAMPLES


@settings(max_examples=150, deadline=None)
@given(rings, sizes, sizes)
def test_one_ring_of_any_shape(ring: np.ndarray, height: int, width: int) -> None:
    close(polygon_coverage([ring], height, width), share(sampled(ring, height, width)))


@settings(max_examples=100, deadline=None)
@given(st.lists(rings, min_size=2, max_size=4), sizes, sizes, st.data())
def test_several_rings(drawn: list, height: int, width: int, data: st.DataObject) -> None:
    drawn.append(drawn[0])  # an outline that lies on another
    owners = data.draw(st.lists(st.integers(0, 2), min_size=len(drawn), max_size=len(drawn)))
    inside = [sampled(ring, height, width) for ring in drawn]
    union = polygon_coverage(drawn, height, width)
    close(union, share(np.logical_or.reduce(inside)))
    parity = polygon_coverage(drawn, height, width, "evenodd")
    close(parity, share(np.logical_xor.reduce(inside)))
    owned = polygon_coverage(drawn, height, width, "evenodd", owners)
    each = [
        np.logical_xor.reduce([one for one, of in zip(inside, owners, strict=True) if of == owner])
        for owner in set(owners)
    ]
    close(owned, share(np.logical_or.reduce(each)))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0.01, 6.28), min_size=3, max_size=40, unique=True), st.data())
def test_the_sum_over_pixels_is_the_area_of_a_simple_ring(
    angles: list[float], data: st.DataObject
) -> None:
    radii = data.draw(st.lists(st.floats(1, 14), min_size=len(angles), max_size=len(angles)))
    angle = np.sort(angles)
    if np.diff(angle, append=angle[0] + 2 * np.pi).max() >= np.pi:
        return  # the centre is not inside: the ring may cross itself
    ring = 15 + np.array(radii)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    coverage = polygon_coverage([ring], 30, 30)
    # Where the outline nears itself a pixel is computed from lines; elsewhere it is exact.
    assert abs(coverage.sum(dtype=np.float64) - ring_area(ring)) <= 1e-4 + 4 / SCANLINES
    for turned in (ring[::-1], np.roll(ring, 1, axis=0), np.concatenate([ring, ring[:1]])):
        np.testing.assert_allclose(polygon_coverage([turned], 30, 30), coverage, atol=1e-6)


def test_a_convex_ring_is_exact() -> None:
    angle = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    ring = 50.3 + 40 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    coverage = polygon_coverage([ring], 100, 101)
    assert abs(coverage.sum(dtype=np.float64) - ring_area(ring)) < 1e-3
    flipped = polygon_coverage([ring[:, ::-1]], 101, 100)
    np.testing.assert_allclose(flipped.T, coverage, atol=1e-6)


def test_exact_fractions() -> None:
    triangle = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    np.testing.assert_array_equal(polygon_coverage([triangle], 2, 3), [[0.75, 0.25, 0], [0, 0, 0]])
    box = np.array([[0.25, 0.5], [2.0, 0.5], [2.0, 1.75], [0.25, 1.75]])
    expected = np.outer([0.5, 0.75], [0.75, 1, 0])
    np.testing.assert_array_equal(polygon_coverage([box], 2, 3), expected)


def test_rings_that_share_a_border_leave_no_seam_and_doubled_ones_no_edge() -> None:
    left = np.array([[1.0, 1.0], [4.3, 1.0], [6.7, 9.0], [1.0, 9.0]])
    right = np.array([[9.0, 1.0], [4.3, 1.0], [6.7, 9.0], [9.0, 9.0]])
    joined = np.zeros((10, 10))
    joined[1:9, 1:9] = 1
    np.testing.assert_allclose(polygon_coverage([left, right], 10, 10), joined, atol=1e-6)
    alone = polygon_coverage([left], 10, 10)
    twice = polygon_coverage([left, left], 10, 10)
    np.testing.assert_allclose(twice, alone, atol=1 / SCANLINES)


def test_thresholded_at_a_half_it_is_nearly_the_binary_mask() -> None:
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    ring = 64 + (30 + 20 * np.cos(3 * angle))[:, None] * np.stack(
        [np.cos(angle), np.sin(angle)], axis=1
    )
    soft = polygon_coverage([ring], 128, 128) > 0.5
    binary = polygon_mask([ring], 128, 128) > 0
    assert (soft ^ binary).sum() <= 0.02 * binary.sum()


def test_extreme_slopes_and_distances_do_not_overflow() -> None:
    tiny = 5e-324
    ring = np.array([[2.0, 2.0], [8.0, 2.0 + tiny], [8.0, tiny], [-tiny, 0.0], [1e7, 3.0]])
    coverage = polygon_coverage([ring], 6, 9)
    assert np.isfinite(coverage).all()
    far = 1e7
    everything = np.array([[-far, -far], [far, -far], [far, far], [-far, far]])
    assert (polygon_coverage([everything], 6, 9) == 1).all()


def test_nothing_to_paint() -> None:
    assert not polygon_coverage([], 3, 4).any()
    assert not polygon_coverage([np.empty((0, 2)), np.ones((1, 2)), np.ones((5, 2))], 3, 4).any()
    outside = np.array([[10.0, 10.0], [12.0, 10.0], [12.0, 13.0]])
    assert not polygon_coverage([outside, -outside], 3, 4).any()


def test_buffers_are_written_and_wrong_ones_refused() -> None:
    ring = np.array([[0.5, 0.5], [3.0, 0.5], [3.0, 2.5]])
    buffer = np.full((3, 4), 9, np.float32)
    assert polygon_coverage([ring], 3, 4, out=buffer) is buffer
    np.testing.assert_array_equal(buffer, polygon_coverage([ring], 3, 4))
    rows = np.full((3, 5), 9, np.uint8)
    coverage_to_uint8(buffer, out=rows[:, 1:])
    np.testing.assert_array_equal(rows[:, 1:], coverage_to_uint8(buffer))
    assert (rows[:, 0] == 9).all()
    with pytest.raises(InputError, match="out: expected"):
        polygon_coverage([ring], 3, 4, out=np.zeros((4, 3), np.float32))
    with pytest.raises(InputError, match="out: expected"):
        coverage_to_uint8(buffer, out=np.zeros((4, 3), np.uint8))


def test_every_level_of_8_bits_is_reached_and_rounded_to_the_nearest() -> None:
    values = np.linspace(0, 1, 10_001, dtype=np.float32)[None]
    gray = coverage_to_uint8(values)
    assert np.abs(gray - values.astype(np.float64) * 255).max() <= 0.5001
    assert len(np.unique(gray)) == 256


def test_wrong_rings_are_refused() -> None:
    for ring, message in (
        (np.array([[0, 0], [np.nan, 1], [3, 3]]), "finite"),
        (np.array([[0, 0], [1e9, 1], [3, 3]]), "finite"),
        (np.zeros(6), "shape"),
    ):
        with pytest.raises(InputError, match=message):
            polygon_coverage([ring.astype(float)], 5, 5)
    zigzag = np.zeros((20_000, 2))
    zigzag[1::2] = 10_000
    with pytest.raises(InputError, match="pass through at most"):
        polygon_coverage([zigzag], 10_000, 10_000)
