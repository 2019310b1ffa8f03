"""COCO instance annotations: Roboflow's exports, and any COCO file beside its images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from datakit.errors import InputError, SchemaError
from datakit.io.layouts.base import Item, ReadSettings, label_stems, split_of, twice
from datakit.io.layouts.coco_annotations import read_annotations
from datakit.io.layouts.coco_index import CocoIndex
from datakit.io.layouts.lineage import source_group
from datakit.io.store.files import FileRef, Root, open_root, safe_name
from datakit.records.card import Command
from datakit.records.coco import Image
from datakit.records.failure import Failure
from datakit.records.labels import LabelObject

ROBOFLOW_NAME = "_annotations.coco.json"
_MAX_SIDE = 1 << 31


class CocoReader:
    """Every annotation file of a source, its images beside it (or in ``images_root``).

    Parameters
    ----------
    root : Root
        Folder or .zip.
    names : list of str
        The files of the root.
    settings : ReadSettings
        ``images_dir``: where the images are when they are not beside the annotation file.

    Raises
    ------
    InputError
        If there is no annotation file.
    SchemaError
        If one is not COCO.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        images_root = open_root(settings.images_dir) if settings.images_dir else None
        files = _annotation_files(names)
        if not files:
            raise InputError(f"{root.root}: expected a COCO export, found no {ROBOFLOW_NAME}")
        keys: set[str] = set()
        self._parts = [
            _Part(root, name, images_root or root, images_root is None, keys) for name in files
        ]
        self.notes: tuple[str, ...] = ()
        self.unread: Mapping[str, int] = {}
        places = [(part.split, rel) for part in self._parts for rel, _ in part.entries]
        self._stems = label_stems(places)
        self.failures: tuple[Failure, ...] = tuple(
            failure for part in self._parts for failure in part.failures
        )

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is an annotation file."""
        return any(PurePosixPath(name).name == ROBOFLOW_NAME for name in names) or bool(
            [name for name in _annotation_files(names) if _looks_like_coco(root, name)]
        )

    def items(self) -> Iterator[Item]:
        """Yield the images of each annotation file, in the file's order."""
        stems = iter(self._stems)
        for part in self._parts:
            yield from part.items(stems)

    def __len__(self) -> int:
        return sum(len(part.entries) for part in self._parts)

    @property
    def labelled(self) -> int:
        """All: an image that is listed is labelled, be it with no object."""
        return len(self)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names: file by file, in the order of the categories; equal names are one class."""
        return tuple(
            dict.fromkeys(
                name
                for part in self._parts
                for names in part.index.categories.values()
                for name in ((names,) if isinstance(names, str) else names)
            )
        )

    @property
    def label_map(self) -> dict[str, int]:
        """Empty: the masks are still to be made."""
        return {}

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return an image's annotations."""
        return read_annotations(item.annotations or b"[]", item.categories)

    @property
    def commands(self) -> tuple[Command, ...]:
        """None: another tool made it."""
        return ()


class _Part:
    """One annotation file with the names that its images take."""

    def __init__(
        self, root: Root, name: str, images_root: Root, beside: bool, keys: set[str]
    ) -> None:
        self._root = images_root
        folder = PurePosixPath(name).parent
        self.split, self._prefix = split_of(folder)
        self._folder = folder if beside else PurePosixPath()
        self.index = CocoIndex(root.open(name), name)
        self.failures = list(self.index.failures)
        self.entries = list(self._entries(keys))

    def _entries(self, keys: set[str]) -> Iterator[tuple[str, int]]:
        """Yield (rel, row), without names that leave the root or, by ``keys``, are taken."""
        prefix = "" if self._prefix == PurePosixPath() else f"{self._prefix}/"
        for row, image in enumerate(self.index.images):
            try:
                rel = prefix + safe_name(image.file_name)
            except InputError as error:
                self.failures.append(
                    Failure(
                        id=image.file_name,
                        file=self.index.name,
                        step="read",
                        error=str(error),
                        path=f"$.images[{self.index.positions[row]}].file_name",
                    )
                )
                continue
            key = f"{self.split}/{rel}" if self.split else rel
            if key in keys:
                path = f"$.images[{self.index.positions[row]}].file_name"
                self.failures.append(twice(image.file_name, self.index.name, path))
                continue
            keys.add(key)
            yield rel, row

    def items(self, stems: Iterator[str]) -> Iterator[Item]:
        """Yield the images; each takes the next stem for its labels."""
        root = str(self._root.root)
        folder = "" if self._folder == PurePosixPath() else f"{self._folder}/"
        before = 0 if self._prefix == PurePosixPath() else len(f"{self._prefix}/")
        for rel, row in self.entries:
            image = self.index.images[row]
            name = folder + rel[before:]
            yield Item(
                rel=rel,
                stem=next(stems),
                source_name=name,
                image=FileRef(root, name),
                split=self.split,
                group=source_group(rel, image.extra.name if image.extra else None),
                layout="coco",
                annotations=self.index.annotations(row),
                categories=self.index.categories,
                stated_wh=_stated_wh(image),
            )


def _stated_wh(image: Image) -> tuple[int, int] | None:
    if not image.width or not image.height:
        return None
    # A number too large for any picture, infinity too, is a size that no picture has.
    return int(min(image.width, _MAX_SIDE)), int(min(image.height, _MAX_SIDE))


def _annotation_files(names: list[str]) -> list[str]:
    """Return the annotation files: Roboflow's, or else a lone .json at the root; train first."""
    found = [name for name in names if PurePosixPath(name).name == ROBOFLOW_NAME]
    if not found:
        at_root = [name for name in names if "/" not in name and name.endswith(".json")]
        found = at_root if len(at_root) == 1 else []
    order = {"train": 0, "val": 1, "test": 2, None: 3}

    def rank(name: str) -> tuple[str, int, str]:
        split, prefix = split_of(PurePosixPath(name).parent)
        return prefix.as_posix(), order[split], name

    return sorted(found, key=rank)


def _looks_like_coco(root: Root, name: str) -> bool:
    try:
        CocoIndex(root.open(name), name).close()
    except SchemaError:
        return False
    return True
