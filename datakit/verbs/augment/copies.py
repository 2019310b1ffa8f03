"""Which copies `augment` makes: of which samples, how many, and which one to make again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from datakit.core.splitting.balancing import balanced_copies
from datakit.errors import InputError
from datakit.io.dataset.output import MANIFEST, read_card
from datakit.io.layouts.base import Item
from datakit.io.layouts.copies import copy_item
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import Location
from datakit.io.tables import jsonl
from datakit.records.sample import Sample

FG_BINS = 10
Copies = dict[str, tuple[int, ...]]


def chosen_copies(
    source: Collection,
    splits: Sequence[str],
    copies: int,
    balance: str | None,
    *,
    again: bool = False,
) -> Copies:
    """Return which copies each sample gets, by its id; only samples that get any.

    A dataset without splits has nothing to hold out, and all of it is augmented: the copies are
    in their original's group, so that a later split cannot tear them apart. With `again`, SRC may
    hold copies already: they are left out, so that one can be made again from its original.

    Raises
    ------
    InputError
        If no sample is in these splits, the labels are still annotations, SRC holds a name that a
        copy would take, or the balance asks for what the manifest does not tell.
    """
    everything = [item for item in source.items() if not (again and _is_copy(item))]
    present = {item.split for item in everything}
    chosen = [item for item in everything if item.split in splits or present == {None}]
    if not chosen:
        found = ", ".join(sorted(split or "none" for split in present)) or "no sample"
        raise InputError(
            f"augment: expected samples in {' or '.join(splits)}, found {found}; name another "
            "split with --only"
        )
    if any(item.annotations and not (item.mask or item.alpha) for item in chosen):
        raise InputError(
            "augment: the labels of SRC are annotations, expected masks or alphas; make them with "
            "`datakit coco2mask` first"
        )
    counts = [copies] * len(chosen)
    if balance is not None:
        counts = balanced_copies([_kinds(item, balance) for item in chosen], copies)
    result = {
        item.key: tuple(range(count)) for item, count in zip(chosen, counts, strict=True) if count
    }
    _check_names(chosen, result, {item.key for item in everything})
    return result


def recorded_copy(folder: Location, copy_id: str) -> tuple[dict[str, Any], Sample] | None:
    """Return the options with which a dataset was augmented and a copy's row; None without it.

    Raises
    ------
    InputError
        If the sample is there and is no copy.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    row = next((found for found in jsonl.read(path, Sample) if found.id == copy_id), None)
    if row is None:
        return None
    commands = [found for found in read_card(folder).commands if found.verb == "augment"]
    if not commands or row.parent is None:
        raise InputError(f"--replay {copy_id}: expected a copy made by augment, found an original")
    return commands[-1].options, row


def only_copy(copies: Mapping[str, tuple[int, ...]], copy_id: str, row: Sample | None) -> Copies:
    """Return the one copy with this id.

    Raises
    ------
    InputError
        If the id is no copy's, or the settings give no such copy.
    """
    match = re.fullmatch(r"(.*)__aug(\d+)(\.[^./]*)?", copy_id)
    if match is None:
        raise InputError(f"--replay {copy_id}: expected the id of a copy, as train/STEM__aug0.jpg")
    parent = row.parent if row and row.parent else f"{match[1]}{match[3] or ''}"
    copy = int(match[2])
    if copy not in copies.get(parent, ()):
        raise InputError(
            f"--replay {copy_id}: with these settings SRC gives no such copy; name the augmented "
            "dataset with --manifest, and the dataset it was made from as SRC"
        )
    return {parent: (copy,)}


def _is_copy(item: Item) -> bool:
    row = item.sample
    return row is not None and row.parent is not None


def _check_names(chosen: Sequence[Item], copies: Copies, taken: set[str]) -> None:
    for item in chosen:
        for copy in copies.get(item.key, ()):
            if (name := copy_item(item, copy).key) in taken:
                raise InputError(
                    f"augment: SRC holds {name} already, the name of a copy of {item.key}; augment "
                    "the dataset that has no copies yet"
                )


def _kinds(item: Item, balance: str) -> tuple[str, ...]:
    """Return what a sample counts as when copies are balanced."""
    row = item.sample
    if balance == "class" and row is not None and row.categories:
        return row.categories
    if balance == "fg_ratio" and row is not None and row.fg_ratio is not None:
        return (str(min(int(row.fg_ratio * FG_BINS), FG_BINS - 1)),)
    raise InputError(
        f"--balance {balance}: expected a datakit dataset whose manifest tells it of every sample, "
        f"found none for {item.key}; leave --balance out"
    )
