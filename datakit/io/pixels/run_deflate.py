"""Deflate streams written straight from runs: what a mask holds is where its bytes change.

A deflate library searches for matches, by heuristics that are its own and may differ between
processors. A label needs no search: its bytes repeat the sample before, except where they change.
So the only matches here are of the distance of one sample, the code is one of a few that are fixed
in this file, and the stream is a function of the bytes alone, on every machine.

The codes (RFC 1951, one block with dynamic codes) are laid out so that the longest match, which is
most of a mask, is two zero bits: runs of any length then cost no work, only room.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.uint64]

_LONGEST: Final = 258
_END: Final = 256
_N_LITERALS: Final = 256
_MANY_LITERALS: Final = 16
"""Pictures with more values than this share one code for all 256."""
_ZLIB_HEADER: Final = b"\x78\x01"
_ADLER: Final = 65521
_WIDTH: Final = np.uint64(48)
_WORD: Final = np.uint64((1 << 48) - 1)

# Lengths of match (RFC 1951, 3.2.5): the shortest of each symbol from 257 on; the extra bits.
_SHORTEST: Final = (
    *(3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31),
    *(35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258),
)
_EXTRA_BITS: Final = (*(0,) * 8, *(bits for bits in range(1, 6) for _ in range(4)), 0)

# A quarter of the code space is for the end and for lengths below 258, by their frequency in the
# masks of figures (benchmarks/synthetic.py), of Roboflow exports and of photographed hair.
_END_BITS: Final = 9
_LENGTH_BITS: Final = (
    *(7, 7, 7, 8, 8, 8, 8, 9, 8, 8, 8, 8, 8, 7),
    *(7, 7, 6, 7, 7, 7, 6, 7, 6, 6, 5, 6, 7, 6),
    1,
)
# Code of the code lengths, symbols 0 to 18; all are in it, so that any code can be written.
_META_BITS: Final = (4, 5, 4, 3, 5, 5, 4, 3, 3, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5)
_META_ORDER: Final = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


@dataclass(frozen=True)
class _Code:
    """A block's header, and what to write for each run.

    Attributes
    ----------
    header, header_bits : int
    row : (256,) int64
        Where in ``table`` the runs of a byte begin.
    table : (258 * literals,) uint64
        By byte and by length, less 1 and modulo 258: the bits to write, and how many from bit
        `_WIDTH` on.
    end : int
    """

    header: int
    header_bits: int
    row: Ints
    table: Bits
    end: int


def deflate_runs(starts: Ints, values: Bytes, n_bytes: int) -> bytes:
    r"""Return a zlib stream of bytes that are given by their runs.

    Parameters
    ----------
    starts : (K,) int64
        Where each run begins: ascending from 0.
    values : (K,) uint8
        The byte of each run.
    n_bytes : int
        Of all runs; more than the last start.

    Examples
    --------
    >>> stream = deflate_runs(np.array([0, 2]), np.array([0, 255], np.uint8), 5)
    >>> zlib.decompress(stream)
    b'\x00\x00\xff\xff\xff'
    """
    body = _pack(_code(_literal_set(values), 1), starts, values, n_bytes)
    return _ZLIB_HEADER + body + _adler(starts, values, n_bytes).to_bytes(4, "big")


def deflate_samples(raw: Bytes, changes: Ints, sample_bytes: int) -> bytes:
    """Return a zlib stream of bytes that mostly repeat those of the sample before.

    Parameters
    ----------
    raw : (N,) uint8
    changes : (K,) int64
        Ascending: every place at which ``raw`` differs from ``sample_bytes`` before, and all
        places of the first sample.
    sample_bytes : int

    Examples
    --------
    >>> raw = np.frombuffer(b"abababab", np.uint8)
    >>> zlib.decompress(deflate_samples(raw, np.array([0, 1]), 2))
    b'abababab'
    """
    # There are no matches of one or two bytes: what is left of a run is literals.
    rest = (np.diff(changes, append=len(raw)) - 1) % _LONGEST
    one, two = changes[(rest == 1) | (rest == 2)], changes[rest == 2]
    starts = np.sort(np.concatenate((changes, one + 1, two + 2)))
    values = raw[starts]
    body = _pack(_code(_literal_set(values), sample_bytes), starts, values, len(raw))
    return _ZLIB_HEADER + body + zlib.adler32(raw.data).to_bytes(4, "big")


def _literal_set(values: Bytes) -> bytes:
    """Return the distinct bytes; all 256 where they are many, so that codes can be kept."""
    (used,) = np.bincount(values, minlength=_N_LITERALS).nonzero()
    if len(used) > _MANY_LITERALS:
        used = np.arange(_N_LITERALS)
    return used.astype(np.uint8).tobytes()


def _pack(code: _Code, starts: Ints, values: Bytes, n_bytes: int) -> bytes:
    """Write each run as its literal, a match of what is left, and matches of 258 (zero bits)."""
    gaps = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=gaps[:-1])
    gaps[-1] = n_bytes - starts[-1]
    gaps -= 1
    longest = gaps // _LONGEST
    place = code.row[values]
    place += gaps
    place -= longest * _LONGEST
    words = code.table[place]
    bits = (words >> _WIDTH).view(np.int64)
    words &= _WORD
    longest += longest
    bits += longest
    ends = bits.cumsum()
    n_bits = code.header_bits + int(ends[-1])
    ends -= bits
    ends += code.header_bits
    stream = _scatter(words, ends, n_bits)
    _put(stream, code.header, 0)
    _put(stream, code.end, n_bits)
    return stream.tobytes()[: (n_bits + _END_BITS + 7) // 8]


def _scatter(words: Bits, places: Ints, n_bits: int) -> Bits:
    """Lay words of at most 48 bits at ascending bit offsets, which do not overlap."""
    stream: Bits = np.zeros(n_bits // 64 + 2, "<u8")
    slot = places >> 6
    places &= 63
    shift = places.view(np.uint64)
    (last,) = (slot[1:] != slot[:-1]).nonzero()
    begin = np.zeros(len(last) + 1, np.int64)
    np.add(last, 1, out=begin[1:])
    stream[slot[begin]] = np.bitwise_or.reduceat(words << shift, begin)
    # Only the last word of a slot reaches into the next one. NumPy shifts by 64 to zero.
    begin[:-1], begin[-1] = last, len(slot) - 1
    stream[slot[begin] + 1] |= words[begin] >> (np.uint64(64) - shift[begin])
    return stream


def _put(stream: Bits, number: int, place: int) -> None:
    slot, shift = divmod(place, 64)
    number <<= shift
    while number:
        stream[slot] |= np.uint64(number & 0xFFFFFFFFFFFFFFFF)
        number >>= 64
        slot += 1


def _adler(starts: Ints, values: Bytes, n_bytes: int) -> int:
    """Return the Adler-32 checksum (RFC 1950) from where the bytes change, and by how much."""
    left = n_bytes - starts
    step = values.astype(np.int64)
    step[1:] -= values[:-1]
    low = 1 + int(step @ left)
    left *= left + 1
    left >>= 1
    left %= _ADLER
    high = n_bytes + int(step @ left)
    return (high % _ADLER) << 16 | low % _ADLER


@lru_cache(maxsize=64)
def _code(literals: bytes, sample_bytes: int) -> _Code:
    """Return the code of pictures with these bytes."""
    lengths = _code_lengths(literals)
    # One bit for the distance, its code 0; a second one only makes the code complete.
    distances = [0] * (sample_bytes - 1) + [1, 1]
    codes = _canonical(lengths)
    header, header_bits = _header(lengths, distances)
    match = np.zeros(_LONGEST, np.uint64)
    match_bits = np.zeros(_LONGEST, np.uint64)
    for length in range(3, _LONGEST):
        symbol = sum(shortest <= length for shortest in _SHORTEST) - 1
        bits = lengths[_END + 1 + symbol]
        match[length] = codes[_END + 1 + symbol] | (length - _SHORTEST[symbol]) << bits
        match_bits[length] = bits + _EXTRA_BITS[symbol] + 1
    row = np.zeros(_N_LITERALS, np.int64)
    rows = []
    for rank, value in enumerate(literals):
        word, bits = codes[value], lengths[value]
        row[value] = rank * _LONGEST
        rows.append(
            (match << np.uint64(bits))
            + (np.uint64(word) + ((match_bits + np.uint64(bits)) << _WIDTH))
        )
        for n in (1, 2, 3):
            repeated = sum(word << bits * k for k in range(n))
            rows[-1][n - 1] = repeated | n * bits << int(_WIDTH)
    return _Code(header, header_bits, row, np.concatenate(rows), codes[_END])


def _code_lengths(literals: bytes) -> list[int]:
    """Return the bits of each symbol: a quarter of the code space is shared by the literals.

    Half of that is for 0, to which most runs return, and half for all others alike.
    """
    lengths = [0] * _N_LITERALS
    others = [value for value in literals if value]
    lengths[0] = 3 if others else 2
    deep = max(len(others) - 1, 0).bit_length()
    n_shallow = (1 << deep) - len(others)
    for rank, value in enumerate(others):
        lengths[value] = 3 + deep - (rank < n_shallow)
    return [*lengths, _END_BITS, *_LENGTH_BITS]


def _canonical(lengths: list[int]) -> list[int]:
    """Return the canonical code of each symbol (RFC 1951, 3.2.2), its first bit lowest."""
    codes = [0] * len(lengths)
    code = 0
    for bits in range(1, max(lengths) + 1):
        code <<= 1
        for symbol, length in enumerate(lengths):
            if length == bits:
                codes[symbol] = int(f"{code:0{bits}b}"[::-1], 2)
                code += 1
    return codes


def _header(lengths: list[int], distances: list[int]) -> tuple[int, int]:
    """Return the header of a last block with these codes, and its bits (RFC 1951, 3.2.7)."""
    fields = [(1, 1), (2, 2), (len(lengths) - 257, 5), (len(distances) - 1, 5), (19 - 4, 4)]
    fields += [(_META_BITS[symbol], 3) for symbol in _META_ORDER]
    meta = _canonical(list(_META_BITS))
    for symbol, extra, extra_bits in _run_length_coded(lengths + distances):
        fields += [(meta[symbol], _META_BITS[symbol]), (extra, extra_bits)]
    header = place = 0
    for number, bits in fields:
        header |= number << place
        place += bits
    return header, place


def _run_length_coded(lengths: list[int]) -> list[tuple[int, int, int]]:
    """Return code lengths as symbols with their extra bits: runs of zeros are written as one."""
    symbols: list[tuple[int, int, int]] = []
    place = 0
    while place < len(lengths):
        zeros = 0
        while place + zeros < len(lengths) and not lengths[place + zeros] and zeros < 138:
            zeros += 1
        if zeros >= 11:
            symbols.append((18, zeros - 11, 7))
        elif zeros >= 3:
            symbols.append((17, zeros - 3, 3))
        else:
            zeros = 1
            symbols.append((lengths[place], 0, 0))
        place += zeros
    return symbols
