"""Related samples of a source: the record that ``dedup`` and ``split`` work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from datakit.core.splitting.grouping import components
from datakit.core.splitting.sequences import FrameName
from datakit.io.layouts.base import Item
from datakit.records.failure import Failure
from datakit.records.lineage import Link
from datakit.verbs.shared.near_duplicates import Inspection

if TYPE_CHECKING:
    from datakit.verbs.shared.people_detection import People


@dataclass
class Lineage:
    """The samples of a source, in the order of their ids, and their groups.

    Attributes
    ----------
    items : list of Item
        Those whose image could be read.
    tokens : list of str
        Identifies each sample whatever the order of the files: by its content where inspected.
    label : (N,) int64
        The group of each sample: the smallest index in it.
    names : list of str
        The group's name of each sample.
    links : list of Link
        Every decision, including those to keep two samples apart.
    failures : tuple of Failure
        Images that could not be read.
    notes : list of str
        What the user should know.
    frames : list of FrameName or None
        The position of each sample in a video; None: it is no frame.
    people : list of People or None
        The people of each photo; empty when they were not detected.
    persons : list of list of int
        The samples of each person; empty when faces were not compared.
    """

    items: list[Item]
    tokens: list[str]
    failures: tuple[Failure, ...] = ()
    inspections: Sequence[Inspection] = ()
    links: list[Link] = field(default_factory=list)
    joined: list[tuple[int, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    frames: list[FrameName | None] = field(default_factory=list)
    people: list[People | None] = field(default_factory=list)
    persons: list[list[int]] = field(default_factory=list)
    label: npt.NDArray[np.int64] = field(init=False)
    names: list[str] = field(init=False)

    def link(self, reason: Any, one: int, other: int, error: float | None = None) -> None:
        """Record a decision; all reasons but apart and frames join the two."""
        ids = self.items[one].key, self.items[other].key
        self.links.append(Link(reason=reason, one=ids[0], other=ids[1], error=error))
        if reason not in ("apart", "frames"):
            self.joined.append((one, other))

    def close(self) -> None:
        """Compute the groups from what was joined so far."""
        pairs = np.array(self.joined, np.int64).reshape(-1, 2)
        self.label = components(len(self.items), pairs[:, 0], pairs[:, 1])

    def keep(self, chosen: npt.NDArray[np.bool_]) -> None:
        """Forget the samples that are not chosen; groups and their names stay as they are."""
        at = np.flatnonzero(chosen).tolist()
        self.items = [self.items[n] for n in at]
        self.tokens = [self.tokens[n] for n in at]
        self.names = [self.names[n] for n in at]
        self.inspections = [self.inspections[n] for n in at] if self.inspections else ()
        self.frames = [self.frames[n] for n in at]
        self.people = [self.people[n] for n in at] if self.people else []
        self.label = self.label[chosen]
        self.joined = []

    def name_groups(self) -> None:
        """Name each group after its first source; two groups never share a name."""
        sources = [source_of(item) for item in self.items]
        first: dict[int, str] = {}
        for label, source in zip(self.label.tolist(), sources, strict=True):
            first[label] = min(first.get(label, source), source)
        taken: set[str] = set()
        for label, name in first.items():
            number, unique = 2, name
            while unique in taken:
                unique, number = f"{name}~{number}", number + 1
            taken.add(unique)
            first[label] = unique
        self.names = [first[label] for label in self.label.tolist()]


def source_of(item: Item) -> str:
    """Return the name of the photo that a sample was made from."""
    return item.group or PurePosixPath(item.rel).with_suffix("").as_posix()


def join_equal(found: Lineage, reason: str, keys: Sequence[str | None]) -> None:
    """Join the samples whose keys are equal; None is no key."""
    first: dict[str, int] = {}
    for at, key in enumerate(keys):
        if key is None:
            continue
        if key in first:
            found.link(reason, first[key], at)
        else:
            first[key] = at
