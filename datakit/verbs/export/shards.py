"""A source in shards: samples in the order, and in the groups, in which archives hold them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection, Derived
from datakit.io.layouts.writer import Shard


def sharded(source: Collection, shard_samples: int, seed: int | None = None) -> Collection:
    """Return a source whose items are its samples in shards of ``shard_samples``.

    Parameters
    ----------
    source : Collection
    shard_samples : int
        Samples per shard; the last one of a split may have fewer.
    seed : int, optional
        Mix the samples by the hash of seed and id; the source's order when None.
    """
    totals = _shard_totals(source, shard_samples)
    return Derived(
        source,
        lambda: _shards(source, shard_samples, seed, totals),
        sum(totals.values()),
        source.failures,
    ).collection()


def _shards(
    source: Collection, shard_samples: int, seed: int | None, totals: dict[str, int]
) -> Iterator[Shard]:
    """Yield the shards as their last sample comes by, or in order when they are mixed."""
    waiting: dict[str, list[Item]] = {}
    number: Counter[str] = Counter()

    def shard(split: str) -> Shard:
        made = Shard(split, number[split], totals[split], tuple(waiting.pop(split)))
        number[split] += 1
        return made

    for item in _ordered(source, seed):
        split = item.split or "train"
        waiting.setdefault(split, []).append(item)
        if len(waiting[split]) == shard_samples:
            yield shard(split)
    for split in sorted(waiting):
        yield shard(split)


def _shard_totals(source: Collection, shard_samples: int) -> dict[str, int]:
    sizes = Counter(item.split or "train" for item in source.items())
    return {split: -(-size // shard_samples) for split, size in sizes.items()}


def _ordered(source: Collection, seed: int | None) -> Iterator[Item]:
    if seed is None:
        return source.items()

    def rank(item: Item) -> bytes:
        return hashlib.sha256(f"{seed}\0{item.key}".encode("utf-8", "surrogatepass")).digest()

    return iter(sorted(source.items(), key=rank))
