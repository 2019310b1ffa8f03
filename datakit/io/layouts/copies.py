"""The name of an augmented copy, from the name of its original."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from datakit.io.layouts.base import Item


def copy_item(item: Item, copy: int) -> Item:
    """Return the item that a copy is: ``<stem>__aug<copy>``, in the same split and group.

    Examples
    --------
    >>> copy_item(Item("a/x.jpg", "a/x", "a/x.jpg", split="train"), 2).key
    'train/a/x__aug2.jpg'
    """
    path = PurePosixPath(item.rel)
    return replace(
        item,
        rel=path.with_name(f"{path.stem}__aug{copy}{path.suffix}").as_posix(),
        stem=f"{item.stem}__aug{copy}",
    )
