"""PNGs from runs: every reader sees the pixels, and the same pixels are the same bytes always."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from datakit.core.masks.row_runs import row_toggles
from datakit.core.masks.runs import counts_to_spans, mask_to_counts
from datakit.core.masks.span_mask import SpanMask
from datakit.errors import InputError
from datakit.io.pixels import decoders, images, png
from datakit.io.pixels.run_deflate import deflate_runs, deflate_samples

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=300)


def blocky(seed: int, dtype: type = np.uint8, n_values: int = 2) -> np.ndarray:
    """A picture of flat rectangles and one disc, of a random size."""
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 500, 2)
    top = 65535 if dtype is np.uint16 else 255
    values = rng.integers(1, top + 1, n_values)
    pixels = np.zeros((height, width), dtype)
    for value in values[: rng.integers(0, n_values + 1)]:
        y, x = rng.integers(0, height), rng.integers(0, width)
        pixels[y : y + rng.integers(1, 300), x : x + rng.integers(1, 300)] = value
    centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
    cv2.circle(pixels, centre, int(rng.integers(1, 200)), int(values[-1]), -1)
    return pixels


def spans_of(mask: np.ndarray) -> SpanMask:
    return SpanMask.of_counts(mask_to_counts(mask), *mask.shape)


def readers(data: bytes) -> list[np.ndarray]:
    with Image.open(BytesIO(data)) as image:
        image.load()
        return [
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED),
            np.asarray(image).astype(np.uint16 if image.mode.startswith("I") else np.uint8),
        ]


@pytest.mark.parametrize("n_values", [1, 2, 3, 15, 16, 40])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_reader_sees_the_pixels(dtype: type, n_values: int) -> None:
    for seed in range(8):
        pixels = blocky(seed, dtype, n_values)
        for seen in readers(images.encode_png(pixels)):
            assert np.array_equal(seen, pixels)


@given(
    SHAPES.flatmap(
        lambda shape: st.sampled_from([np.uint8, np.uint16]).flatmap(
            lambda dtype: hnp.arrays(dtype, shape, fill=st.just(0) | st.just(255))
        )
    )
)
@settings(max_examples=80, deadline=None)
def test_mostly_flat_pictures_come_back(pixels: np.ndarray) -> None:
    for seen in readers(images.encode_png(pixels)):
        assert np.array_equal(seen, pixels)


@given(
    hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40)),
    st.integers(1, 255),
)
@settings(max_examples=150, deadline=None)
def test_spans_are_encoded_as_the_mask_they_are(mask: np.ndarray, value: int) -> None:
    data = images.encode_span_mask(spans_of(mask), value)
    for seen in readers(data):
        assert np.array_equal(seen, mask * np.uint8(value))


@pytest.mark.parametrize("seed", range(20))
def test_runs_and_pixels_give_the_same_file(seed: int) -> None:
    pixels = np.where(blocky(seed) > 0, 255, 0).astype(np.uint8)
    assert png.encode_spans(spans_of(pixels), 255) == images.encode_png(pixels)


def test_noise_of_spans_is_encoded_as_noise_of_pixels() -> None:
    noise = np.random.default_rng(0).random((90, 70)) < 0.5
    assert png.encode_spans(spans_of(noise), 255) is None
    pixels = noise * np.uint8(255)
    assert images.encode_span_mask(spans_of(noise)) == images.encode_png(pixels)


def test_empty_and_touching_spans_are_no_change() -> None:
    starts, ends = np.array([0, 1, 3, 3]), np.array([1, 3, 3, 6])
    (whole_start,), (whole_end,) = counts_to_spans(np.array([0, 6]))
    want = row_toggles(np.array([whole_start]), np.array([whole_end]), 2, 4)
    assert row_toggles(starts, ends, 2, 4).tolist() == want.tolist()


def test_an_impossible_size_is_refused() -> None:
    with pytest.raises(InputError, match="mask size: expected positive"):
        png.encode_spans(SpanMask(np.array([0]), np.array([0]), 0, 4), 255)


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(1, 700)), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
@settings(max_examples=150, deadline=None)
def test_runs_of_any_length_and_value_inflate(
    runs: list[tuple[int, int]], rng: random.Random
) -> None:
    values = np.array([value for value, _ in runs], np.uint8)
    lengths = np.array([length for _, length in runs])
    raw = values.repeat(lengths)
    stream = deflate_runs(np.cumsum(lengths) - lengths, values, len(raw))
    assert zlib.decompress(stream) == raw.tobytes()
    for sample_bytes in (1, 2, 3):
        changes = np.flatnonzero(raw[sample_bytes:] != raw[:-sample_bytes]) + sample_bytes
        starts = np.concatenate((np.arange(min(sample_bytes, len(raw))), changes))
        assert zlib.decompress(deflate_samples(raw, starts, sample_bytes)) == raw.tobytes()


def test_a_picture_of_noise_is_left_to_the_library() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 65), dtype=np.uint8)
    assert png.encode_lines(noise, 1) is None
    assert np.array_equal(decoders.decode_stored(images.encode_png(noise)), noise)


def test_a_mask_of_a_figure_is_small() -> None:
    mask = np.zeros((640, 640), np.uint8)
    cv2.ellipse(mask, (300, 200), (80, 100), 10, 0, 360, 255, -1)
    cv2.ellipse(mask, (310, 480), (150, 220), -5, 0, 360, 255, -1)
    assert len(images.encode_png(mask)) < 2500


def digests(seed: int) -> list[str]:
    """Digests of a hundred pictures, among memory that is taken and given back at random."""
    rng = random.Random(seed)
    held: list[bytearray] = []
    found = []
    for picture in range(100):
        held.append(bytearray(rng.randrange(1 << 18)))
        if rng.random() < 0.5:
            del held[rng.randrange(len(held))]
        pixels = blocky(picture, np.uint16 if picture % 3 == 0 else np.uint8, 2 + picture % 30)
        found.append(hashlib.sha256(images.encode_png(pixels)).hexdigest())
    return found


def test_one_picture_is_one_file_whatever_the_heap_and_the_process() -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        others = pool.map(digests, range(1, 7))
    assert all(other == digests(0) for other in others)


def steps(n_values: int, dtype: type) -> np.ndarray:
    """Slanted bands of many values, by integer arithmetic alone."""
    rows, columns = np.indices((300, 400))
    return ((rows // 3 + columns // 2) // 40 % n_values * 37).astype(dtype)


# A change of the code changes every mask of every dataset: these digests are for good.
KEPT = {
    "mask": (2, np.uint8, "95d0c330bb37d288"),
    "classes": (6, np.uint8, "f5fa6a667ed63189"),
    "instances": (30, np.uint16, "c94e84c16e61e364"),
}


@pytest.mark.parametrize("kind", sorted(KEPT))
def test_the_bytes_are_those_of_every_other_machine(kind: str) -> None:
    n_values, dtype, digest = KEPT[kind]
    data = images.encode_png(steps(n_values, dtype))
    assert hashlib.sha256(data).hexdigest()[:16] == digest


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_colours_with_opacity_are_read_back_from_any_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(1, 60, 2))
    pixels = np.zeros((height, width, 4), np.uint8)
    top = int(rng.integers(0, height))
    bottom = int(rng.integers(top, height + 1))
    pixels[top:bottom, int(rng.integers(0, width)) :] = rng.integers(0, 256, 4)
    found = png.encode_rgba(pixels[top:bottom], top, height)
    assert found is None or (decoders.decode_stored(found) == pixels).all()


def test_flat_colours_with_opacity_are_written_from_their_runs_and_noise_is_not() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 4)).astype(np.uint8)
    assert png.encode_rgba(noise, 0, 40) is None
    assert png.encode_rgba(np.full((9, 400, 4), 7, np.uint8), 391, 400) is not None
