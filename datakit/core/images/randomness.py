"""One random generator per copy of a sample, whoever computes it and whatever else is computed."""

from __future__ import annotations

import hashlib

import numpy as np

from datakit.errors import InputError

MAX_SEED = 2**64 - 1


def derive_rng(seed: int, sample_id: str, copy: int, attempt: int = 0) -> np.random.Generator:
    """Return the generator that belongs to one copy of one sample under one seed.

    It depends on the arguments alone: not on the worker, on the order of the samples, or on which
    other samples exist. Python's own ``hash`` is salted per process and cannot serve here; the
    arguments are hashed by BLAKE2b into the 256 bits of a `numpy.random.SeedSequence` instead.

    Parameters
    ----------
    seed : int
        The run's seed, 0 to 2**64 - 1.
    sample_id : str
        The sample's id; any text.
    copy : int
        Which copy of the sample, from 0.
    attempt : int
        Which try at this copy, from 0; another try is another stream.

    Returns
    -------
    numpy.random.Generator
        PCG64, at the start of its stream.

    Raises
    ------
    InputError
        If seed, copy or attempt is negative or larger than 2**64 - 1.

    Examples
    --------
    >>> derive_rng(7, "anna", 1).integers(1000, size=3).tolist()
    [612, 16, 710]
    >>> derive_rng(7, "anna", 2).integers(1000, size=3).tolist()
    [837, 1, 484]
    """
    numbers = {"seed": seed, "copy": copy, "attempt": attempt}
    digest = hashlib.blake2b(digest_size=32)
    for name, number in numbers.items():
        if not 0 <= number <= MAX_SEED:
            raise InputError(f"{name}: expected an integer from 0 to 2**64 - 1, found {number}")
        digest.update(number.to_bytes(8, "little"))
    # Numbers have a fixed width and the text comes last: no two arguments share one byte string.
    digest.update(sample_id.encode("utf-8", "surrogatepass"))
    entropy = np.frombuffer(digest.digest(), dtype="<u4").astype(np.uint32)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
