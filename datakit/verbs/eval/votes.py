"""Labels of one image by several annotators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.records.labels import numbered
from datakit.verbs.eval.known_label import KnownLabel, known_label
from datakit.verbs.eval.labels import Labels, kinds_of, match_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Voted(Item):
    """An image with everybody's label of it.

    Attributes
    ----------
    votes : tuple of (int, Item)
        The number of a source, and the item that it has for this image; only labelled ones.
    """

    votes: tuple[tuple[int, Item], ...] = ()


def gathered(sources: Sequence[Labels]) -> list[Voted]:
    """Return the images of all sources, each with the labels that the sources have for it.

    The image itself, and what is known beside its label, is of the first source that has it.
    """
    found: dict[str, list[tuple[int, Item]]] = {}
    for number, source in enumerate(sources):
        theirs = match_names(source.items, found) if found else {}
        known = {name: key for key, name in theirs.items()}
        for name, item in source.items.items():
            found.setdefault(known.get(name, name), []).append((number, item))
    return [_voted(votes) for votes in found.values()]


def _voted(votes: list[tuple[int, Item]]) -> Voted:
    first = next((item for _, item in votes if item.image is not None), votes[0][1])
    named = {name: getattr(first, name) for name in Item.__dataclass_fields__}
    return Voted(**named, votes=tuple(vote for vote in votes if kinds_of(vote[1])))


def shared_classes(sources: Sequence[Labels]) -> dict[str, int]:
    """Return class name -> value of the classes to compare by; empty: foreground against the rest.

    Classes are distinguished where every source names some and there are several of them.
    """
    if not all(source.names_classes for source in sources):
        return {}
    names = dict.fromkeys(name for source in sources for name in source.classes)
    return numbered(names) if len(names) > 1 else {}


@dataclass(frozen=True)
class Voters:
    """Reads everybody's label of an image.

    Parameters
    ----------
    label_maps : tuple of mapping
        Class name -> value in the masks, of each source.
    values : mapping
        Class name -> value to compare by (`shared_classes`).
    threshold : float
        Alphas above it are foreground.
    """

    label_maps: tuple[Mapping[str, int], ...]
    values: Mapping[str, int]
    threshold: float

    def labels(self, voted: Voted) -> list[tuple[int, KnownLabel]]:
        """Return (source, label) of each vote.

        Raises
        ------
        InputError
            If a label cannot be read, or they are not of one size.
        """
        found = list(self._labels(voted))
        sizes = [label.classes.shape[::-1] for _, label in found]
        if len(set(sizes)) > 1:
            listed = " and ".join(f"{width}x{height}" for width, height in dict.fromkeys(sizes))
            raise InputError(f"{voted.key}: expected labels of one size, found {listed} pixels")
        return found

    def _labels(self, voted: Voted) -> Iterator[tuple[int, KnownLabel]]:
        for number, item in voted.votes:
            seen = item if item.image is not None else replace(item, image=voted.image)
            yield number, known_label(seen, self.label_maps[number], self.values, self.threshold)


def stacked(
    labels: Sequence[KnownLabel],
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Return (R, H, W) classes and (R, H, W) where they are known, of R labels of one size."""
    votes = np.stack([label.classes for label in labels])
    known = np.ones(votes.shape, bool)
    for mine, label in zip(known, labels, strict=True):
        if label.unknown is not None:
            mine &= ~label.unknown
    return votes, known
