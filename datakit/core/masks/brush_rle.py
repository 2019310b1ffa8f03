"""Label Studio's brush masks: RGBA bytes, row by row, as run-lengths packed into bits.

The format is `rle-pack` (thi.ng), as label-studio-converter's `brush.py` writes and reads it: 32
bits with the number of bytes, 5 bits with the word size less one, four times 4 bits with the sizes
(less one) of the length fields, then tokens. A token is a bit (1: a run of one value, 0: values
one by one), 2 bits that choose the length field, the length less one, and the value or values.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from datakit.core.masks.runs import check_size, mask_to_counts
from datakit.errors import InputError

MAX_BYTES = 1 << 24
"""Longest code that is read."""

_CHANNELS = 4
_WORD_BITS = 8
_LENGTH_BITS = (3, 4, 8, 16)
_HEADER_BITS = 32 + 5 + 4 * len(_LENGTH_BITS)
_HEADER_BYTES = 7
_FLAG_BITS = 3
_PIXELS_AT_ONCE = 1 << 20
_LONGEST = 1 << 16


def encode_brush(mask: npt.NDArray[np.generic]) -> list[int]:
    """Write an (H, W) mask, non-zero inside, as the bytes of a brush label.

    Examples
    --------
    >>> encode_brush(np.array([[0, 1]]))
    [0, 0, 0, 8, 57, 27, 252, 96, 17, 255, 128]
    """
    counts = mask_to_counts(mask.T) * _CHANNELS
    values = np.where(np.arange(len(counts)) % 2, 255, 0)
    counts, values = counts[counts > 0], values[counts > 0]
    # A run too long for a token takes several; only its last one is not full.
    pieces = -(-counts // _LONGEST)
    last = np.cumsum(pieces) - 1
    lengths = np.full(int(pieces.sum()), _LONGEST)
    lengths[last] = counts - (pieces - 1) * _LONGEST
    field = np.searchsorted([1 << bits for bits in _LENGTH_BITS], lengths)
    length_bits = np.array(_LENGTH_BITS)[field]
    token = (1 << 2) | field
    token = (token << length_bits) | (lengths - 1)
    token = (token << _WORD_BITS) | values.repeat(pieces)
    header = [(mask.size * _CHANNELS, 32), (_WORD_BITS - 1, 5)]
    header += [(bits - 1, 4) for bits in _LENGTH_BITS]
    numbers = np.concatenate(([number for number, _ in header], token))
    sizes = np.concatenate(([bits for _, bits in header], length_bits + _FLAG_BITS + _WORD_BITS))
    packed: list[int] = np.packbits(_bits(numbers, sizes)).tolist()
    return packed


def _bits(numbers: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return the bits of numbers, one after the other, the highest first."""
    ends = np.cumsum(sizes)
    shift = ends.repeat(sizes) - 1 - np.arange(int(ends[-1]))
    return (numbers.repeat(sizes) >> shift & 1).astype(bool)


def decode_brush(code: list[int] | bytes, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Read a brush label as an (H, W) mask: inside is where its alpha is at least one half.

    Parameters
    ----------
    code : list of int or bytes
        Each 0 to 255.
    height, width : int
        Of the picture, in pixels.

    Raises
    ------
    InputError
        If the code is no such code, is cut off, or speaks of another size.

    Examples
    --------
    >>> decode_brush([0, 0, 0, 8, 57, 27, 252, 96, 17, 255, 128], 1, 2).tolist()
    [[False, True]]
    """
    check_size(height, width)
    data = _as_bytes(code)
    header = (
        int.from_bytes(data[:_HEADER_BYTES].tobytes(), "big") >> _HEADER_BYTES * 8 - _HEADER_BITS
    )
    n_bytes, word = header >> 21, (header >> 16 & 31) + 1
    fields = [(header >> shift & 15) + 1 for shift in (12, 8, 4, 0)]
    if word != _WORD_BITS or n_bytes != height * width * _CHANNELS:
        raise InputError(
            f"brush: expected {height * width * _CHANNELS} bytes ({width}x{height} RGBA) of "
            f"{_WORD_BITS} bits, found {n_bytes} of {word}; it belongs to another picture"
        )
    starts, lengths, is_run = _walk(data.tobytes(), fields, n_bytes)
    bits, ends = np.unpackbits(data), np.cumsum(lengths)
    step = np.where(is_run, 0, _WORD_BITS)
    inside = np.empty(height * width, bool)
    for begin in range(0, height * width, _PIXELS_AT_ONCE):
        some = inside[begin : begin + _PIXELS_AT_ONCE]
        alpha = np.arange(begin, begin + len(some)) * _CHANNELS + _CHANNELS - 1
        token = np.searchsorted(ends, alpha, side="right")
        # Of a run it is the same word again and again, of others the next one.
        word_at = starts[token] + step[token] * (alpha - ends[token] + lengths[token])
        # At least half: the highest bit of the word is set.
        np.equal(bits[word_at], 1, out=some)
    return inside.reshape(height, width)


def _walk(
    data: bytes, fields: list[int], n_bytes: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return of each token the bit where its values start, their number, whether it is a run."""
    starts, lengths, runs = [], [], []
    position, done, n_bits = _HEADER_BITS, 0, 8 * len(data)
    while done < n_bytes:
        window = int.from_bytes(data[position >> 3 : (position >> 3) + 5].ljust(5, b"\0"), "big")
        window = window << (position & 7) & 0xFFFFFFFFFF
        is_run = bool(window >> 39)
        size = fields[window >> 37 & 3]
        length = (window >> 37 - size & (1 << size) - 1) + 1
        position += _FLAG_BITS + size
        starts.append(position)
        lengths.append(length)
        runs.append(is_run)
        position += _WORD_BITS if is_run else _WORD_BITS * length
        done += length
        if position > n_bits:
            raise InputError(f"brush: expected {n_bytes} bytes, found a code that ends before")
    return np.array(starts), np.array(lengths), np.array(runs)


def _as_bytes(code: list[int] | bytes) -> npt.NDArray[np.uint8]:
    if len(code) > MAX_BYTES:
        raise InputError(f"brush: expected at most {MAX_BYTES} bytes of code, found {len(code)}")
    try:
        data = bytes(code)
    except (TypeError, ValueError):
        raise InputError("brush: expected numbers from 0 to 255, found others") from None
    if len(data) <= _HEADER_BYTES:
        raise InputError(f"brush: expected more than {_HEADER_BYTES} bytes, found {len(data)}")
    return np.frombuffer(data, np.uint8)
