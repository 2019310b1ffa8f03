"""Labels that are mask files already, converted to the requested kind of mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from datakit.core.masks.foreground import foreground
from datakit.core.masks.values import values_in
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_object_ids
from datakit.records.labels import FOREGROUND, ClassRules
from datakit.records.sample import Instance

Array = npt.NDArray[Any]
Kind = Literal["binary", "semantic", "instance", "coverage"]


@dataclass(frozen=True)
class FileClasses:
    """What the classes of mask files become.

    Attributes
    ----------
    stored : mapping
        Class name -> value in the files; empty where nobody says what their values mean.
    values : mapping
        Class name, as mapped -> value to paint; classes that are not here are not painted.
    rules : ClassRules
        What ``--map`` says of the classes.
    """

    stored: Mapping[str, int]
    values: Mapping[str, int]
    rules: ClassRules

    def painted(self, item: Item, mask: Array) -> tuple[Array, Array, tuple[str, ...]]:
        """Return a mask in the values to paint, where it is ignored, and the classes it shows.

        Parameters
        ----------
        mask : (H, W) uint8
            In the values of the label map.

        Raises
        ------
        InputError
            If it has a value that no class has: what nobody named is not background.
        """
        shown = values_in(mask)
        known = {0, *self.stored.values()}
        strange = [value for value in shown if value not in known]
        if strange:
            raise InputError(
                f"{item.source_name}: expected the classes' values {sorted(known)} in its mask, "
                f"found {strange[:5]} too; name all classes in a label_map.json beside the masks"
            )
        new = np.zeros_like(mask)
        ignored = np.zeros(mask.shape, bool)
        categories = []
        for name, value in self.stored.items():
            category, role = self.rules.category(name), self.rules.role(name)
            if role == "ignore":
                ignored |= mask == value
            elif role == "object" and category in self.values:
                new[mask == value] = self.values[category]
                if value in shown:
                    categories.append(category)
        return new, ignored, tuple(dict.fromkeys(categories))


@dataclass(frozen=True)
class Taken:
    """The labels of one sample.

    Attributes
    ----------
    labels : dict
        Kind of file ("mask", "alpha", "trimap", "ignore") -> (H, W), or None.
    categories : tuple of str
    instances : tuple of Instance
    """

    labels: dict[str, Array | None]
    categories: tuple[str, ...] = ()
    instances: tuple[Instance, ...] = ()


def taken_over(
    item: Item, labels: Mapping[str, Array | None], kind: Kind, classes: FileClasses
) -> Taken:
    """Return decoded label files in the kind of label that was asked for.

    A mask is made of an alpha where there is none, cut at one half; an alpha of a mask, hard as it
    is. Trimap, alpha and ignore mask are kept.

    Raises
    ------
    InputError
        If the files do not tell what was asked for: classes of an alpha, objects of classes.
    """
    kept = dict(labels)
    mask, alpha = kept.get("mask"), kept.get("alpha")
    if mask is None and alpha is None:
        return Taken(kept)
    if kind == "instance":
        return _instances(item, kept, classes)
    if mask is None and alpha is not None:
        if kind == "semantic":
            raise InputError(
                f"{item.source_name}: expected a mask of classes, found an alpha, which has none; "
                "take --kind binary or coverage"
            )
        if kind == "binary":
            kept["mask"] = _cut(alpha)
        return Taken(kept)
    assert mask is not None  # one of the two is there
    categories: tuple[str, ...] = ()
    if classes.stored and mask.dtype == np.uint8:
        new, ignored, categories = classes.painted(item, mask)
        kept["ignore"] = _united(kept.get("ignore"), ignored)
        inside = new > 0
    else:
        inside = foreground(mask)
        new = np.where(inside, np.uint8(1), np.uint8(0))
    named = tuple(name for name in categories if name != FOREGROUND)
    if kind == "semantic":
        kept["mask"] = new
        return Taken(kept, named)
    kept["mask"] = np.where(inside, np.uint8(255), np.uint8(0))
    if kind == "coverage":
        hard = kept.pop("mask")
        kept["alpha"] = hard if alpha is None else alpha
    return Taken(kept, named)


def _instances(item: Item, kept: dict[str, Array | None], classes: FileClasses) -> Taken:
    mask = kept.get("mask")
    if mask is not None and item.object_ids is None and item.sample and item.sample.instances:
        return Taken(kept, instances=item.sample.instances)
    if mask is not None and not mask.any():
        # Background alone: no classes and no objects, whatever the other masks hold.
        return Taken(kept)
    if mask is None or item.object_ids is None:
        raise InputError(
            f"{item.source_name}: expected a mask of objects, found classes or an alpha; take "
            "--kind semantic or binary"
        )
    ids = decode_object_ids(item.object_ids.read(), item.object_ids.shown)
    if ids.shape != mask.shape:
        raise InputError(
            f"{item.object_ids.shown}: expected the size of the mask, {mask.shape[::-1]}, found "
            f"{ids.shape[::-1]}"
        )
    _, ignored, _ = classes.painted(item, mask)
    kept["ignore"] = _united(kept.get("ignore"), ignored)
    named = {value: name for name, value in classes.stored.items()}
    label = np.zeros(mask.shape, np.uint16)
    found: list[Instance] = []
    for stored in np.unique(ids[mask > 0]):
        where = (ids == stored) & (mask > 0)
        value = int(np.bincount(mask[where]).argmax())
        category = classes.rules.category(named[value])
        if stored == 0 or category not in classes.values:
            continue
        label[where] = len(found) + 1
        area = int(np.count_nonzero(where))
        found.append(
            Instance(id=len(found) + 1, category=category, annotation=str(stored), area=area)
        )
    kept["mask"] = label
    return Taken(kept, tuple(dict.fromkeys(one.category for one in found)), tuple(found))


def _cut(alpha: Array) -> Array:
    half = (int(np.iinfo(alpha.dtype).max) + 1) // 2
    return np.where(alpha >= half, np.uint8(255), np.uint8(0))


def _united(ignore: Array | None, more: Array) -> Array | None:
    """Return an ignore mask with more of it; None when nothing is ignored."""
    both = more if ignore is None else (ignore > 0) | more
    return np.where(both, np.uint8(255), np.uint8(0)) if both.any() else None
