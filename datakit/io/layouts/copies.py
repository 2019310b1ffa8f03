"""The names of what is made of a sample beside it: augmented copies, and its plate."""

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


def plate_item(item: Item) -> Item:
    """Return the item that a photo's plate is: ``<stem>__plate.png``, in the same split and group.

    Examples
    --------
    >>> plate_item(Item("a/x.jpg", "a/x", "a/x.jpg", split="train")).key
    'train/a/x__plate.png'
    """
    stem = f"{item.stem}__plate"
    return replace(item, rel=f"{stem}.png", stem=stem)
