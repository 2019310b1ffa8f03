"""``two-folders``: any two folders, named by the user or recognised by their content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from datakit.errors import InputError
from datakit.io.layouts.base import SPLITS, ReadSettings
from datakit.io.layouts.class_names import find_class_names
from datakit.io.layouts.folder_names import split_in
from datakit.io.layouts.label_study import FEW, PixelStatistics, measure_files
from datakit.io.layouts.pictures import PictureReader
from datakit.io.layouts.placements import ANY_LABEL, Placement, file_stem, is_image
from datakit.io.store.files import FileRef, Root, open_root

_MAX_SIBLINGS = 12
"""Folders at one place that are compared; more are classes or persons, not kinds of picture."""


class TwoFoldersReader(PictureReader):
    """``--images-dir A --labels-dir B``: photos of A with the pictures of B of equal stems.

    Without these, two folders whose stems mostly agree and of which only one shows labels. The
    folders may be in the source, there in each split, or elsewhere.
    """

    uses = frozenset({"images_dir", "labels_dir", "labels"})

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        notes: tuple[str, ...] = ()
        kind = settings.labels or ANY_LABEL
        if settings.labels_dir:
            places = _named(root, names, settings, kind)
        else:
            found = recognised_by_content(root, names)
            if found is None:
                raise InputError(
                    f"{root.root}: expected two folders, one of photos and one of labels; name "
                    "them with --images-dir and --labels-dir"
                )
            places = {}
            for name in filter(is_image, names):
                if place := found.place(name, kind):
                    places[FileRef(str(root.root), name)] = place
            notes = (f"{found.labels}/ is read as the labels of {found.images}/, by its content",)
        classes = find_class_names(root, names)
        super().__init__(root, names, places, classes=classes, notes=notes)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there are two such folders."""
        return recognised_by_content(root, names) is not None


def _named(
    root: Root, names: list[str], settings: ReadSettings, kind: str
) -> dict[FileRef, Placement]:
    places: dict[FileRef, Placement] = {}
    labels = dict(_below(root, names, settings.labels_dir or "", kind))
    if settings.images_dir:
        places = dict(_below(root, names, settings.images_dir, "image"))
    else:
        pictures = ((FileRef(str(root.root), name), name) for name in names if is_image(name))
        places = {ref: _split("image", [], name) for ref, name in pictures if ref not in labels}
    for flag, found in (("--images-dir", places), ("--labels-dir", labels)):
        if not found:
            value = settings.images_dir if flag == "--images-dir" else settings.labels_dir
            raise InputError(f"{flag} {value}: expected a folder with pictures, found none in it")
    return {**places, **labels}


def _below(
    root: Root, names: list[str], folder: str, kind: str
) -> Iterator[tuple[FileRef, Placement]]:
    """Yield the pictures below a folder of the source, or else of its own."""
    wanted = f"/{folder.strip('/').removeprefix('./')}/"
    inside = False
    for name in filter(is_image, names):
        before, found, rest = f"/{name}".partition(wanted)
        if found:
            inside = True
            yield FileRef(str(root.root), name), _split(kind, before.split("/")[1:], rest)
    if not inside:
        other = open_root(folder)
        for name in filter(is_image, other.names()):
            yield FileRef(str(other.root), name), _split(kind, [], name)


def _split(kind: str, before: list[str], rest: str) -> Placement:
    split = next((SPLITS[part.lower()] for part in before if part.lower() in SPLITS), None)
    kept = [part for part in before if part.lower() not in SPLITS]
    top, _, deeper = rest.partition("/")
    if split is None and deeper and (split := SPLITS.get(top.lower())):
        rest = deeper
    return Placement(kind, split, "/".join([*kept, rest]))


@dataclass(frozen=True, kw_only=True)
class Siblings:
    """Two folders of pictures whose stems mostly agree.

    Attributes
    ----------
    depth : int
        Which part of a path tells them apart.
    images, labels : str
        The parts; of two that nothing tells apart, in the order of their names.
    shared : int
        How many stems agree.
    total : int
        How many stems the smaller one has.
    pairs : tuple of (str, str)
        Files of equal stem, one of each.
    """

    depth: int
    images: str
    labels: str
    shared: int
    total: int
    pairs: tuple[tuple[str, str], ...]

    def place(self, name: str, kind: str) -> Placement | None:
        """Return what a file is in them."""
        parts = name.split("/")
        if len(parts) <= self.depth + 1 or parts[self.depth] not in (self.images, self.labels):
            return None
        kind = "image" if parts[self.depth] == self.images else kind
        rest = [*parts[: self.depth], *parts[self.depth + 1 :]]
        split = split_in(parts[self.depth])
        if split is None:
            split = next((SPLITS[part.lower()] for part in rest if part.lower() in SPLITS), None)
            rest = [part for part in rest if part.lower() not in SPLITS]
        return Placement(kind, split, "/".join(rest))

    def turned(self) -> Siblings:
        """Return the same with labels and images changed over."""
        pairs = tuple((label, image) for image, label in self.pairs)
        return Siblings(
            depth=self.depth,
            images=self.labels,
            labels=self.images,
            shared=self.shared,
            total=self.total,
            pairs=pairs,
        )


def sibling_folders(names: list[str]) -> list[Siblings]:
    """Return the pairs of folders that differ in one part of their path and whose stems agree.

    At least half of the stems of the smaller one must be in the other. Two folders that name
    splits are no siblings. Where folders below also differ (``clips/clip_1/x.jpg`` and
    ``mattes/matte_1/x.png``), those at the top are compared by the names of files alone.
    """
    pictures = list(filter(is_image, names))
    return _siblings(pictures) or _unlike_siblings(pictures)


def _are_splits(one: str, other: str) -> bool:
    return one.lower() in SPLITS and other.lower() in SPLITS


def _unlike_siblings(pictures: list[str]) -> list[Siblings]:
    """Return such pairs of folders below the common one, whose own folders need not agree."""
    parts = [name.split("/") for name in pictures]
    depth = 0
    while parts and all(len(one) > depth + 1 and one[depth] == parts[0][depth] for one in parts):
        depth += 1
    stems: defaultdict[str, dict[str, str]] = defaultdict(dict)
    repeated: set[str] = set()
    for name, path in zip(pictures, parts, strict=True):
        if len(path) <= depth + 1:
            continue
        stem = file_stem(path[-1])
        if stems[path[depth]].setdefault(stem, name) != name:
            repeated.add(path[depth])
    kinds = sorted(stems.keys() - repeated)
    if len(kinds) > _MAX_SIBLINGS:
        return []
    return [
        Siblings(
            depth=depth,
            images=one,
            labels=other,
            shared=len(pairs),
            total=min(len(stems[one]), len(stems[other])),
            pairs=pairs,
        )
        for one, other in combinations(kinds, 2)
        if not _are_splits(one, other)
        and (pairs := _shared(stems[one], stems[other]))
        and 2 * len(pairs) >= min(len(stems[one]), len(stems[other]))
    ]


def _shared(left: Mapping[str, str], right: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, right[stem]) for stem, name in left.items() if stem in right)


def _siblings(pictures: list[str]) -> list[Siblings]:
    files: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name in pictures:
        folder, _, file = name.rpartition("/")
        files[folder][file_stem(file)] = name
    holes: defaultdict[tuple[int, str, str], list[str]] = defaultdict(list)
    for folder in files:
        parts = folder.split("/") if folder else []
        for depth in range(len(parts)):
            rest = ("/".join(parts[:depth]), "/".join(parts[depth + 1 :]))
            holes[depth, *rest].append(parts[depth])
    found: defaultdict[tuple[int, str, str], list[tuple[str, str]]] = defaultdict(list)
    totals: defaultdict[tuple[int, str, str], int] = defaultdict(int)
    for (depth, before, after), parts in holes.items():
        if not 2 <= len(parts) <= _MAX_SIBLINGS:
            continue
        for one, other in combinations(sorted(parts), 2):
            if _are_splits(one, other):
                continue
            left, right = (
                files["/".join(p for p in (before, kind, after) if p)] for kind in (one, other)
            )
            found[depth, one, other] += [(left[s], right[s]) for s in left if s in right]
            totals[depth, one, other] += min(len(left), len(right))
    return [
        Siblings(
            depth=depth,
            images=one,
            labels=other,
            shared=len(pairs),
            total=totals[depth, one, other],
            pairs=tuple(pairs),
        )
        for (depth, one, other), pairs in found.items()
        if 2 * len(pairs) >= totals[depth, one, other] and pairs
    ]


def recognised_by_content(root: Root, names: list[str]) -> Siblings | None:
    """Return the one pair of sibling folders of which only one shows labels; None without."""
    candidates = [one for pair in sibling_folders(names) if (one := _classified(root, pair))]
    return candidates[0] if len(candidates) == 1 else None


def _classified(root: Root, pair: Siblings) -> Siblings | None:
    first, second = shown(root, pair)
    if not first or not second:
        return None
    labels = [2 * sum(measured.label for measured in side) > len(side) for side in (first, second)]
    if labels == [False, True]:
        return pair
    return pair.turned() if labels == [True, False] else None


def shown(root: Root, pair: Siblings) -> tuple[list[PixelStatistics], list[PixelStatistics]]:
    """Look at some pictures of both folders."""
    sides = zip(*pair.pairs, strict=True)
    first, second = (
        measure_files([FileRef(str(root.root), n) for n in side], FEW) for side in sides
    )
    return first, second
