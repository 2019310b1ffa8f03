"""Devices: the requested one, the available ones, and batch sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from datakit.core.images.network_input import Placement
from datakit.errors import InputError, ModelError


def parse_device(device: str) -> tuple[str, int]:
    """Return the kind and the number of a device.

    Raises
    ------
    InputError
        If it is none of ``auto``, ``cpu``, ``cuda``, ``cuda:N``.

    Examples
    --------
    >>> parse_device("cuda:1")
    ('cuda', 1)
    """
    found = re.fullmatch(r"(auto|cpu|cuda)(?::(\d{1,3}))?", device)
    if found is None or (found[2] and found[1] != "cuda"):
        raise InputError(f"--device: expected auto, cpu, cuda or cuda:N, found {device!r}")
    return found[1], int(found[2] or 0)


def choose_device(device: str, cuda_devices: int, runtime: str) -> tuple[str, int]:
    """Decide between the CPU and a CUDA device.

    Parameters
    ----------
    device : str
        What was asked for; ``auto`` takes the first CUDA device when there is one.
    cuda_devices : int
        How many the runtime can use.
    runtime : str
        Its name, for the error.

    Raises
    ------
    ModelError
        If CUDA was asked for by name and is not there: it never falls back in silence.

    Examples
    --------
    >>> choose_device("auto", 0, "torch")
    ('cpu', 0)
    """
    kind, number = parse_device(device)
    if kind == "auto":
        return ("cuda", 0) if cuda_devices else ("cpu", 0)
    if kind == "cuda" and number >= cuda_devices:
        raise ModelError(
            f"--device {device}: expected a CUDA device that {runtime} can use, found "
            f"{cuda_devices}; use --device cpu or auto, or install a CUDA build of {runtime}"
        )
    return kind, number


def equal_runs(placements: Sequence[Placement], longest: int) -> Iterator[slice]:
    """Yield runs of pictures whose inputs have one size, each of at most `longest`.

    Examples
    --------
    >>> from datakit.core.images.network_input import identity
    >>> [(run.start, run.stop) for run in equal_runs([identity((2, 2))] * 5, 2)]
    [(0, 2), (2, 4), (4, 5)]
    """
    start = 0
    while start < len(placements):
        stop = start + 1
        size = placements[start].input_hw
        while stop < min(len(placements), start + longest) and placements[stop].input_hw == size:
            stop += 1
        yield slice(start, stop)
        start = stop
