"""How much memory one picture may take in this process, known before any of it is decoded."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datakit.errors import InputError

USABLE: Final = 0.8
"""Share of a machine's memory that pictures may take; the rest is for libraries and the system."""

_CGROUP_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@dataclass(frozen=True, slots=True)
class Budget:
    """What the work on one picture takes, and may take.

    Attributes
    ----------
    bytes_per_pixel : int
        At its peak, all that is made of the picture together.
    limit_bytes : int
    """

    bytes_per_pixel: int
    limit_bytes: int


_budget: Budget | None = None


@contextmanager
def within(budget: Budget) -> Iterator[None]:
    """Hold the pictures of this process to a budget, in all its threads."""
    global _budget
    before, _budget = _budget, budget
    try:
        yield
    finally:
        _budget = before


def check_memory(size_wh: tuple[int, int], name: str) -> None:
    """Refuse a picture that would take more memory than this process may use for it.

    Raises
    ------
    InputError
        With what it would take, and the ways out.

    Examples
    --------
    >>> with within(Budget(bytes_per_pixel=40, limit_bytes=1 << 30)):
    ...     check_memory((13000, 13000), "big.png")
    Traceback (most recent call last):
    datakit.errors.InputError: big.png: its 13000x13000 pixels would take 6.3 GiB at 40 bytes per \
pixel, expected at most 1.0 GiB per worker; take fewer --workers, or raise --max-memory
    """
    if _budget is None:
        return
    width, height = size_wh
    needed = width * height * _budget.bytes_per_pixel
    if needed > _budget.limit_bytes:
        raise InputError(
            f"{name}: its {width}x{height} pixels would take {_size(needed)} at "
            f"{_budget.bytes_per_pixel} bytes per pixel, expected at most "
            f"{_size(_budget.limit_bytes)} per worker; take fewer --workers, or raise --max-memory"
        )


def machine_bytes() -> int:
    """Return the memory of this machine, or of the container that this process is in."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        stated = _CGROUP_LIMIT.read_text().strip()
    except OSError:
        return total
    return min(total, int(stated)) if stated.isdecimal() else total


def parse_bytes(text: str) -> int:
    """Return a number of bytes, which may have a unit of 1,024.

    Raises
    ------
    InputError
        If it is not one.

    Examples
    --------
    >>> parse_bytes("4G"), parse_bytes("1.5 MiB"), parse_bytes("800000")
    (4294967296, 1572864, 800000)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if found is None or float(found[1]) <= 0:
        raise InputError(f"--max-memory {text!r}: expected a size such as 800M or 4G")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _size(n_bytes: int) -> str:
    if n_bytes < 1 << 30:
        return f"{n_bytes / (1 << 20):.1f} MiB"
    return f"{n_bytes / (1 << 30):.1f} GiB"
