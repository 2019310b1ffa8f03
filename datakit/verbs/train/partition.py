"""The samples that a training learns from, and those it is scored on."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.records.counts import counted


@dataclass(frozen=True)
class Partition:
    """The samples of a training.

    Attributes
    ----------
    train, val : tuple of Item
    notes : tuple of str
        What was decided about them.
    """

    train: tuple[Item, ...]
    val: tuple[Item, ...]
    notes: tuple[str, ...] = ()


def partition(source: Collection, val_share: float, seed: int) -> Partition:
    """Return which samples are learnt from and which are held out; ``test`` is never touched.

    Parameters
    ----------
    source : Collection
    val_share : float
        Share of the groups that are held out when no sample is in split ``val``.
    seed : int
        Which groups.

    Raises
    ------
    InputError
        If one of the two would be empty.
    """
    labelled = [item for item in source.items() if item.alpha or item.mask]
    notes: list[str] = []
    val = [item for item in labelled if item.split == "val"]
    rest = [item for item in labelled if item.split in (None, "train")]
    if not val:
        val, rest = _held_out(rest, val_share, seed)
        notes.append(
            f"SRC has no split val: {len(val)} of {counted(len(val) + len(rest), 'samples')} were "
            "held out, whole groups (--val-share)"
        )
    unlabelled = len(source) - len(labelled)
    if unlabelled:
        notes.append(f"{counted(unlabelled, 'samples')} without a label took no part")
    if not rest or not val:
        raise InputError(_too_few(labelled, unlabelled, (len(rest), len(val))))
    return Partition(tuple(rest), tuple(val), tuple(notes))


def _too_few(labelled: list[Item], unlabelled: int, found: tuple[int, int]) -> str:
    """Say what is missing, where the labelled samples are, and the way out."""
    said = (
        "train: expected labelled samples to learn from and to hold out, found "
        f"{found[0]} and {found[1]}"
    )
    if not labelled:
        none = f": none of {counted(unlabelled, 'samples')} has a label" if unlabelled else ""
        return f"{said}{none}; label some (`datakit prelabel`, `datakit review`)"
    counts = Counter(item.split for item in labelled)
    if set(counts) <= {None, "train"}:
        return f"{said}, as they are all of one group; label more"
    listed = ", ".join(
        f"{count:,} {f'in split {split}' if split else 'in no split'}"
        for split, count in counts.items()
    )
    return (
        f"{said}: of {counted(len(labelled), 'labelled samples')} {listed}, and only train, val "
        "and samples without a split take part; split anew with `datakit split SRC -o PARTS`"
    )


def _held_out(items: list[Item], val_share: float, seed: int) -> tuple[list[Item], list[Item]]:
    """Hold out whole groups, in an order drawn by the seed, until the share is reached."""

    def rank(group: str) -> bytes:
        text = f"{seed}\0{group}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).digest()

    groups = sorted({item.group or item.key for item in items}, key=rank)
    wanted = max(1, round(val_share * len(groups)))
    chosen = set(groups[:wanted])
    val = [item for item in items if (item.group or item.key) in chosen]
    return val, [item for item in items if (item.group or item.key) not in chosen]
