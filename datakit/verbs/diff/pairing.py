"""Matching samples of two datasets, also after renaming."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from datakit.io.layouts.base import Item
from datakit.io.store.reads import sha256

Name = Callable[[Item], Hashable | None]


@dataclass(frozen=True)
class Pair:
    """One sample as both have it."""

    key: str
    before: Item
    after: Item


def pair_up(before: Sequence[Item], after: Sequence[Item]) -> tuple[list[Pair], set[int], set[int]]:
    """Find each sample again: by id, place, source, file name, the picture's bytes, or stem.

    A name counts only where exactly one sample of each side has it.

    Returns
    -------
    pairs : list of Pair
        In the order of A.
    removed, added : set of int
        Places in A and in B that have no partner.
    """
    left, right = set(range(len(before))), set(range(len(after)))
    found: dict[int, int] = {}
    for name in (_key, _rel, _source, _file, _digest, _stem):
        if not left or not right:
            break
        ones, others = _named(before, left, name), _named(after, right, name)
        for value, places in ones.items():
            if len(places) == 1 and len(others.get(value, ())) == 1:
                found[places[0]] = others[value][0]
                left.discard(places[0])
                right.discard(others[value][0])
    pairs = [Pair(before[a].key, before[a], after[b]) for a, b in sorted(found.items())]
    return pairs, left, right


def _named(items: Sequence[Item], places: set[int], name: Name) -> dict[Hashable, list[int]]:
    found: dict[Hashable, list[int]] = defaultdict(list)
    for at in sorted(places):
        value = name(items[at])
        if value is not None:
            found[value].append(at)
    return found


def _key(item: Item) -> Hashable:
    return item.key


def _rel(item: Item) -> Hashable:
    return item.rel


def _source(item: Item) -> Hashable | None:
    if item.sample is None or item.sample.parent is not None:
        return None
    return item.sample.source.name, item.sample.source.sha256


def _file(item: Item) -> Hashable:
    return PurePosixPath(item.rel).name


def _digest(item: Item) -> Hashable | None:
    return None if item.image is None else sha256(item.image.read())


def _stem(item: Item) -> Hashable:
    return PurePosixPath(item.rel).stem
