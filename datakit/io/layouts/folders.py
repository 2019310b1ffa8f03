"""Plain folders: photos alone, and images with masks, alphas and trimaps of equal stems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from datakit.errors import InputError
from datakit.io.layouts.base import (
    SPLITS,
    Item,
    ReadSettings,
    label_stems,
    split_of,
    twice,
)
from datakit.io.layouts.lineage import source_group
from datakit.io.layouts.unread import unread_note, unread_pictures
from datakit.io.pixels.formats import SUFFIXES, is_picture, why_unread
from datakit.io.store.files import FileRef, Root
from datakit.records.card import Command
from datakit.records.failure import Failure
from datakit.records.labels import LabelObject

LABELS = ("mask", "alpha", "trimap")

KIND_OF_FOLDER: Mapping[str, str] = {
    "image": "image",
    "images": "image",
    "mask": "mask",
    "masks": "mask",
    "alpha": "alpha",
    "alphas": "alpha",
    "matte": "alpha",
    "mattes": "alpha",
    "trimap": "trimap",
    "trimaps": "trimap",
}
"""Folder names that mean a kind of file."""


def is_image(name: str) -> bool:
    """Tell by the suffix whether a file is a picture that is read."""
    return is_picture(name)


class _Folders:
    """What the readers of plain folders share: named files gathered into items."""

    def __init__(
        self,
        root: Root,
        pictures: dict[str, tuple[str | None, str, dict[str, str]]],
        failures: Iterable[Failure] = (),
        others: Sequence[str] = (),
    ) -> None:
        """Index ``source name -> (split, rel, {kind of label: file name})``.

        ``others`` are pictures of formats that are not read: each is a failure.
        """
        self._root = str(root.root)
        self.unread: Mapping[str, int] = {}
        self._pictures: dict[str, tuple[str | None, str, dict[str, str]]] = {}
        found = [*failures, *unread_pictures(others)]
        self.notes: tuple[str, ...] = unread_note(others)
        keys: set[str] = set()
        for name, (split, rel, labels) in pictures.items():
            key = f"{split}/{rel}" if split else rel
            if key in keys:
                found.append(twice(key, name))
                continue
            keys.add(key)
            self._pictures[name] = split, rel, labels
        self.failures: tuple[Failure, ...] = tuple(found)

    def items(self) -> Iterator[Item]:
        """Yield the pictures in the order of their names."""
        stems = label_stems((split, rel) for split, rel, _ in self._pictures.values())
        for (name, (split, rel, labels)), stem in zip(self._pictures.items(), stems, strict=True):
            files = {kind: FileRef(self._root, path) for kind, path in labels.items()}
            yield Item(
                rel=rel,
                stem=stem,
                source_name=name,
                image=FileRef(self._root, name),
                mask=files.get("mask"),
                alpha=files.get("alpha"),
                trimap=files.get("trimap"),
                split=split,
                group=source_group(rel, None),
            )

    def __len__(self) -> int:
        return len(self._pictures)

    @property
    def classes(self) -> tuple[str, ...]:
        """None: plain folders do not name classes."""
        return ()

    @property
    def label_map(self) -> dict[str, int]:
        """Empty: plain folders do not name classes."""
        return {}

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return none: the labels are files."""
        return []

    @property
    def commands(self) -> tuple[Command, ...]:
        """None: another tool made it."""
        return ()


class PhotosReader(_Folders):
    """Every picture below a folder; a top folder named like a split is its split."""

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        pictures: dict[str, tuple[str | None, str, dict[str, str]]] = {}
        for name in filter(is_image, names):
            split, rel = _leading_split(PurePosixPath(name))
            pictures[name] = (split, rel.as_posix(), {})
        if not pictures:
            raise InputError(
                f"{root.root}: expected photos ({', '.join(sorted(SUFFIXES))}), found none"
            )
        super().__init__(root, pictures, others=[*filter(why_unread, names)])

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is a picture."""
        return any(map(is_image, names))


class PairsReader(_Folders):
    """Folders ``images/`` with ``masks/``, ``alphas/``, ``trimaps/`` (any of them absent).

    A label belongs to the image of the same stem and sub-folder. Splits may be above
    (``train/images/…``) or below (``images/train/…``). Image folders are ``image(s)``, label
    folders ``mask(s)``, ``alpha(s)``, ``matte(s)`` and ``trimap(s)``.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        images: dict[str, tuple[str | None, str]] = {}
        labels: dict[tuple[str | None, str, str], str] = {}
        for name in filter(is_image, names):
            place = _place(PurePosixPath(name))
            if place is None:
                continue
            kind, split, rel = place
            if kind == "image":
                images[name] = (split, rel.as_posix())
            else:
                labels[split, kind, rel.with_suffix("").as_posix()] = name
        if not images:
            raise InputError(f"{root.root}: expected a folder images/ with pictures, found none")
        pictures = {}
        for name, (split, rel_name) in images.items():
            stem = PurePosixPath(rel_name).with_suffix("").as_posix()
            found = {kind: labels.pop((split, kind, stem), None) for kind in LABELS}
            mine = {kind: path for kind, path in found.items() if path}
            pictures[name] = (split, rel_name, mine)
        others = [name for name in filter(why_unread, names) if _place(PurePosixPath(name))]
        alone = map(_without_image, sorted(labels.values()))
        super().__init__(root, pictures, alone, others)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there are both an image folder and a label folder."""
        kinds = {
            place[0] for name in names if is_image(name) and (place := _place(PurePosixPath(name)))
        }
        return "image" in kinds and len(kinds) > 1


class P3mReader(_Folders):
    """P3M-10k's layout.

    ``train/blurred_image`` (or ``original_image``) with ``train/mask`` (these are alpha mattes),
    ``validation/P3M-500-P`` and ``P3M-500-NP`` with ``blurred_image`` or ``original_image``,
    ``mask`` and ``trimap``.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        files = {name for name in names if is_image(name)}
        by_stem = {PurePosixPath(name).with_suffix("").as_posix(): name for name in files}
        pictures: dict[str, tuple[str | None, str, dict[str, str]]] = {}
        for name in sorted(files):
            path = PurePosixPath(name)
            if path.parent.name not in ("blurred_image", "original_image"):
                continue
            part = path.parent.parent
            split = "train" if part.name == "train" else "val"
            labels = {}
            for kind, folder in (("alpha", "mask"), ("trimap", "trimap")):
                label = by_stem.get((part / folder / path.stem).as_posix())
                if label:
                    labels[kind] = label
            rel = (
                PurePosixPath(path.name)
                if split == "train"
                else PurePosixPath(part.name, path.name)
            )
            pictures[name] = (split, rel.as_posix(), labels)
        if not pictures:
            raise InputError(f"{root.root}: expected P3M's blurred_image/ folders, found none")
        super().__init__(root, pictures)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is one of P3M's image folders."""
        parents = {PurePosixPath(name).parent.name for name in names}
        return not parents.isdisjoint({"blurred_image", "original_image"})


def _leading_split(path: PurePosixPath) -> tuple[str | None, PurePosixPath]:
    split = SPLITS.get(path.parts[0].lower()) if len(path.parts) > 1 else None
    return (split, PurePosixPath(*path.parts[1:])) if split else (None, path)


def _place(path: PurePosixPath) -> tuple[str, str | None, PurePosixPath] | None:
    """Return (kind, split, path within both) of a file below a folder that names a kind."""
    for depth, part in enumerate(path.parts[:-1]):
        kind = KIND_OF_FOLDER.get(part.lower())
        if kind is None:
            continue
        split, before = split_of(PurePosixPath(*path.parts[:depth]))
        rest = PurePosixPath(*path.parts[depth + 1 :])
        if split is None:
            split, rest = _leading_split(rest)
        return kind, split, before / rest
    return None


def _without_image(name: str) -> Failure:
    return Failure(
        id=name,
        file=name,
        step="read",
        error="this label has no image of the same stem; add the image or drop the label",
    )
