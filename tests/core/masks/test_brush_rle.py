"""Label Studio's brush masks, against a slow decoder and encoder written from the format."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from datakit.core.masks import brush_rle
from datakit.core.masks.brush_rle import decode_brush, encode_brush
from datakit.errors import InputError
from tests.core.sample_masks import blobs

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=20))


def slow_decode(code: list[int]) -> list[int]:
    """Decode bit by bit, as rle-pack's description says."""
    bits = "".join(f"{byte:08b}" for byte in code)
    position = 0

    def take(count: int) -> int:
        nonlocal position
        assert position + count <= len(bits)
        position += count
        return int(bits[position - count : position], 2)

    number, word = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    out: list[int] = []
    while len(out) < number:
        is_run = take(1)
        length = take(sizes[take(2)]) + 1
        out += [take(word)] * length if is_run else [take(word) for _ in range(length)]
    return out


def pack(number: int, tokens: list[tuple[bool, int, list[int]]]) -> list[int]:
    """Encode tokens (is a run, index of the length field, values) as another tool may."""
    sizes = (3, 4, 8, 16)
    bits = f"{number:032b}" + f"{7:05b}" + "".join(f"{size - 1:04b}" for size in sizes)
    for is_run, field, values in tokens:
        bits += f"{int(is_run)}{field:02b}" + f"{len(values) - 1:0{sizes[field]}b}"
        bits += "".join(f"{value:08b}" for value in (values[:1] if is_run else values))
    bits += "0" * (8 - len(bits) % 8)
    return [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]


@given(MASKS)
def test_what_is_encoded_is_rgba_by_the_format(mask: np.ndarray) -> None:
    assert slow_decode(encode_brush(mask)) == (mask.repeat(4) * 255).tolist()


@given(MASKS)
def test_masks_come_back(mask: np.ndarray) -> None:
    assert (decode_brush(encode_brush(mask), *mask.shape) == mask).all()


@pytest.mark.parametrize("fill", [False, True])
def test_runs_longer_than_a_token(fill: bool) -> None:
    mask = np.full((300, 400), fill)
    mask[299, 399] = not fill
    code = encode_brush(mask)
    assert slow_decode(code) == (mask.repeat(4) * 255).tolist()
    assert (decode_brush(code, 300, 400) == mask).all()


@pytest.mark.parametrize("at_once", [1, 97, 1 << 20])
def test_a_picture_of_many_runs(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brush_rle, "_PIXELS_AT_ONCE", at_once)
    mask = blobs(5, 20, 30) if at_once == 1 else blobs(5, 200, 300)
    assert (decode_brush(encode_brush(mask), *mask.shape) == mask).all()


@settings(max_examples=50)
@given(st.data())
def test_tokens_of_other_tools_are_read(data: st.DataObject) -> None:
    """Colours, values one by one, runs that end within a pixel."""
    colours = st.integers(0, 255)
    tokens = []
    flat: list[int] = []
    while len(flat) < 40:
        length = data.draw(st.integers(1, 8))
        is_run = data.draw(st.booleans())
        values = [data.draw(colours)] * length
        if not is_run:
            values = [data.draw(colours) for _ in range(length)]
        tokens.append((is_run, data.draw(st.integers(0, 3)), values))
        flat += values
    alpha = np.array(flat[:40]).reshape(2, 5, 4)[:, :, 3]
    assert (decode_brush(pack(40, tokens), 2, 5) == (alpha >= 128)).all()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ([], "more than 7 bytes"),
        ([0] * 7, "more than 7 bytes"),
        ([256] * 20, "numbers from 0 to 255"),
        (["a"] * 20, "numbers from 0 to 255"),
        (encode_brush(np.ones((3, 3))), "belongs to another picture"),
        (encode_brush(np.eye(4))[:-4], "ends before"),
        ([255] * 30, "belongs to another picture"),
    ],
)
def test_a_damaged_code_is_refused(code: list[int], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        decode_brush(code, 4, 4)


@given(st.lists(st.integers(0, 255), max_size=40))
def test_any_bytes_are_a_mask_or_an_error(tail: list[int]) -> None:
    code = encode_brush(np.ones((4, 4)))[:7] + tail
    with suppress(InputError):
        assert decode_brush(code, 4, 4).shape == (4, 4)
