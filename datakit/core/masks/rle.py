"""The one converter of COCO run-length encodings: compressed string, list of counts, mask.

The compressed string (`rleToString` in cocoapi's maskApi.c) writes each count, from the fourth on
as its difference to the count two before, as groups of 5 bits, least significant first, in
characters 48 to 111: bit 5 of a character says that more follow, bit 4 of the last one is the
sign. Both directions are vectorised and equal to pycocotools' byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from datakit.core.masks.runs import (
    Counts,
    canonical,
    check_size,
    counts_to_mask,
    mask_to_counts,
)
from datakit.errors import InputError

MAX_CHARACTERS_PER_COUNT = 7
"""35 bits: enough for the difference of any two 32-bit counts; a longer group is malformed."""
_FIRST_CHARACTER, _LAST_CHARACTER = 48, 111
_MORE, _SIGN, _BITS = 0x20, 0x10, 5


def rle_to_counts(
    counts: str | bytes | Sequence[int] | npt.NDArray[np.generic], height: int, width: int
) -> Counts:
    """Read a COCO segmentation's `counts`, compressed or not, as canonical counts.

    Parameters
    ----------
    counts : str, bytes, or sequence of int
        The compressed string or the plain list.
    height, width : int
        The segmentation's `size`, in that order.

    Raises
    ------
    InputError
        Malformed or truncated, negative, or a sum that is not height x width.

    Examples
    --------
    >>> rle_to_counts("123", 2, 3).tolist()
    [1, 2, 3]
    >>> rle_to_counts([1, 2, 2], 2, 3)
    Traceback (most recent call last):
        ...
    datakit.errors.InputError: RLE: expected counts that sum to 6 (3x2), found 5
    """
    check_size(height, width)
    text = isinstance(counts, str | bytes)
    numbers = decode_counts(counts) if isinstance(counts, str | bytes) else _as_counts(counts)
    if len(numbers) and int(numbers.min()) < 0:
        word = "the string is damaged" if text else "the list is damaged"
        raise InputError(f"RLE: expected counts of 0 or more, found {int(numbers.min())}; {word}")
    # A float sum cannot wrap round, and is exact below 2**53.
    found = numbers.sum(dtype=np.float64)
    if found != height * width:
        raise InputError(
            f"RLE: expected counts that sum to {height * width} ({width}x{height}), "
            f"found {found:.0f}"
        )
    return canonical(numbers)


def rle_to_mask(
    counts: str | bytes | Sequence[int] | npt.NDArray[np.generic], height: int, width: int
) -> npt.NDArray[np.uint8]:
    """Read a COCO segmentation's `counts` as a (height, width) uint8 mask of 0 and 1.

    Raises `InputError` as `rle_to_counts` does.

    Examples
    --------
    >>> rle_to_mask("123", 2, 3).tolist()
    [[0, 1, 0], [1, 0, 0]]
    """
    return counts_to_mask(rle_to_counts(counts, height, width), height, width)


def mask_to_rle(mask: npt.NDArray[np.generic]) -> str:
    """Write an (H, W) mask, non-zero inside, as COCO's compressed string.

    Examples
    --------
    >>> mask_to_rle(np.array([[0, 1, 0], [1, 0, 0]]))
    '123'
    """
    return encode_counts(mask_to_counts(mask))


def decode_counts(text: str | bytes) -> Counts:
    """Decode a compressed string into counts, unchecked against any size.

    Raises
    ------
    InputError
        A character outside 48 … 111, a string that ends within a count, a count of more than
        `MAX_CHARACTERS_PER_COUNT` characters, or an empty string.

    Examples
    --------
    >>> decode_counts(b"0T3").tolist()
    [0, 100]
    """
    code = np.frombuffer(_ascii(text), dtype=np.uint8)
    if not len(code):
        raise InputError("RLE: expected a compressed string, found an empty one")
    if code.min() < _FIRST_CHARACTER or code.max() > _LAST_CHARACTER:
        raise InputError(
            "RLE: expected characters '0' to 'o' in the compressed string, found others; "
            "it is no COCO RLE"
        )
    code = code - np.uint8(_FIRST_CHARACTER)
    last = np.flatnonzero((code & _MORE) == 0)
    if not len(last) or last[-1] != len(code) - 1:
        raise InputError("RLE: expected a whole compressed string, found one that is cut off")
    lengths = np.diff(last, prepend=-1)
    if int(lengths.max()) > MAX_CHARACTERS_PER_COUNT:
        raise InputError(
            f"RLE: expected at most {MAX_CHARACTERS_PER_COUNT} characters a count, "
            f"found {int(lengths.max())}; the string is damaged"
        )
    return _undo_differences(_read_groups(code, last, lengths))


def _read_groups(
    code: npt.NDArray[np.uint8], last: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> Counts:
    """Put the 5-bit groups that end at `last` together, with their sign."""
    value = (code[last] & 0x1F).astype(np.int64)
    value -= (value & _SIGN) << 1
    for back in range(1, int(lengths.max())):
        (longer,) = np.nonzero(lengths > back)
        value[longer] = (value[longer] << _BITS) | (code[last[longer] - back] & 0x1F)
    return value


def _undo_differences(value: Counts) -> Counts:
    """Add each number from the fourth on to the count two before, in place."""
    np.cumsum(value[1::2], out=value[1::2])
    np.cumsum(value[2::2], out=value[2::2])
    return value


def encode_counts(counts: Counts) -> str:
    """Encode counts as COCO's compressed string.

    Parameters
    ----------
    counts : (N,) int64
        Not negative; see `mask_to_counts` and `polygon_counts`.

    Examples
    --------
    >>> encode_counts(np.array([0, 100]))
    '0T3'
    """
    value = np.array(counts, dtype=np.int64)
    value[3:] -= counts[1:-2]
    # A group can end where what is left of the number is only copies of its sign bit.
    lengths = np.ones(len(value), dtype=np.int64)
    for n in range(1, MAX_CHARACTERS_PER_COUNT):
        left = value >> (_BITS * n - 1)
        lengths += (left != 0) & (left != -1)
    ends = np.cumsum(lengths)
    count = np.repeat(np.arange(len(value)), lengths)
    group = np.arange(len(count)) - (ends - lengths)[count]
    code = (value[count] >> (_BITS * group)) & 0x1F
    code += _MORE * (group < lengths[count] - 1) + _FIRST_CHARACTER
    return code.astype(np.uint8).tobytes().decode("ascii")


def _ascii(text: str | bytes) -> bytes:
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise InputError(
            "RLE: expected characters '0' to 'o' in the compressed string, found others; "
            "it is no COCO RLE"
        ) from None


def _as_counts(counts: Sequence[int] | npt.NDArray[np.generic]) -> Counts:
    """Take a plain list of whole numbers as int64; a whole number written 3.0 is one."""
    try:
        numbers = np.asarray(counts)
    except (ValueError, OverflowError):
        numbers = np.empty((0, 0))
    whole = numbers.dtype.kind in "iu" or (
        numbers.dtype.kind == "f"
        and bool((np.abs(numbers) < 2**53).all())
        and bool((numbers == np.floor(numbers)).all())
    )
    if numbers.ndim != 1 or len(numbers) == 0 or not whole:
        raise InputError(
            "RLE: expected a list of whole numbers or a compressed string, "
            f"found {type(counts).__name__} of {numbers.dtype} with shape {numbers.shape}"
        )
    return numbers.astype(np.int64)
