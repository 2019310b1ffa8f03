"""The samples that a training learns from, and those it is scored on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
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
    untaught : tuple of Item
        Photos without a label, of no group that is held out: a teacher may label them.
    notes : tuple of str
        What was decided about them.
    """

    train: tuple[Item, ...]
    val: tuple[Item, ...]
    untaught: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()


def partition(source: Collection, val_share: float, seed: int, *, taught: bool) -> Partition:
    """Return which samples are learnt from and which are held out; ``test`` is never touched.

    Parameters
    ----------
    source : Collection
    val_share : float
        Share of the groups that are held out when no sample is in split ``val``; 0: none is.
    seed : int
        Which groups.
    taught : bool
        Whether a teacher labels the photos that have no label.

    Raises
    ------
    InputError
        If one of the two would be empty, or a teacher would have nothing to label.
    """
    labelled = [item for item in source.items() if item.alpha or item.mask]
    unlabelled = [item for item in source.items() if not (item.alpha or item.mask)]
    notes: list[str] = []
    val = [item for item in labelled if item.split == "val"]
    rest = [item for item in labelled if item.split in (None, "train")]
    folded = not val and val_share == 0
    if not val and not folded:
        val, rest = _held_out(rest, val_share, seed)
        notes.append(
            f"SRC has no split val: {len(val)} of {counted(len(val) + len(rest), 'samples')} were "
            "held out, whole groups (--val-share)"
        )
    untaught: list[Item] = []
    if taught:
        held_out = {group_of(item) for item in val}
        open_to_all = [item for item in unlabelled if item.split in (None, "train") and item.image]
        untaught = [item for item in open_to_all if group_of(item) not in held_out]
        if not untaught:
            raise InputError(
                "--teacher: expected photos without a label in train or in no split, for a teacher "
                f"to label, found {len(untaught)}; leave --teacher out, or add photos"
            )
    left_out = len(unlabelled) - len(untaught)
    if left_out:
        notes.append(f"{counted(left_out, 'samples')} without a label took no part")
    if not rest or not (val or (folded and len({group_of(item) for item in rest}) > 1)):
        raise InputError(_too_few(labelled, len(unlabelled), (len(rest), len(val))))
    return Partition(tuple(rest), tuple(val), tuple(untaught), tuple(notes))


def group_of(item: Item) -> str:
    """Return what a sample must not be parted from."""
    return item.group or item.key


def fold_groups(items: Sequence[Item], count: int, seed: int) -> list[set[str]]:
    """Deal the groups of samples to folds, in an order drawn by the seed.

    Returns
    -------
    list of set of str
        At most `count` folds, none empty, that differ by at most one group.
    """
    groups = _drawn({group_of(item) for item in items}, seed)
    return [set(groups[start::count]) for start in range(min(count, len(groups)))]


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
    groups = _drawn({group_of(item) for item in items}, seed)
    wanted = max(1, round(val_share * len(groups)))
    chosen = set(groups[:wanted])
    val = [item for item in items if group_of(item) in chosen]
    return val, [item for item in items if group_of(item) not in chosen]


def _drawn(groups: set[str], seed: int) -> list[str]:
    """Return groups in an order that the seed and their names decide."""

    def rank(group: str) -> bytes:
        text = f"{seed}\0{group}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).digest()

    return sorted(groups, key=rank)
