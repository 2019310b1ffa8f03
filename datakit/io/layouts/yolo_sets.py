"""The datasets of a YOLO source: what ``data.yaml`` and its kin say of classes and splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import msgspec

from datakit.errors import InputError
from datakit.io.layouts.class_names import names_by_line
from datakit.io.layouts.image_names import ImageNames, plain_name, split_named
from datakit.io.layouts.json_files import UNREADABLE, reason, utf8
from datakit.io.store.files import Root

SPLITS = ("train", "val", "test")

_YAML = frozenset({"data.yaml", "data.yml", "dataset.yaml", "dataset.yml"})
_DARKNET = "obj.data"
_NAMES = frozenset({"classes.txt", "obj.names", "labels.txt"})
_MAX_BYTES = 1 << 22


def class_number(text: str) -> str:
    """Return a class as its number is written in ``data.yaml``.

    Examples
    --------
    >>> class_number("3"), class_number("3.0")
    ('3', '3')
    """
    return text.removesuffix(".0")


@dataclass(frozen=True, kw_only=True)
class YoloSet:
    """What the files of one folder say of the labels and images below it.

    Attributes
    ----------
    file : str
    categories : mapping of str to str
        Number -> name; empty when the file names no class.
    folders : mapping of str to str
        Folder of images -> split.
    images : mapping of str to str
        Image -> split, of splits that are lists of images.
    lists : tuple of str
        The files of these lists.
    """

    file: str
    categories: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    lists: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        """Tell whether a file lies below the folder of this one."""
        folder = self.file.rpartition("/")[0]
        return not folder or path.startswith(f"{folder}/")


class YoloSets:
    """All such files of a source; of several, the nearest above a label speaks for it.

    Parameters
    ----------
    root : Root
    names : list of str
        The files of the source.
    images : ImageNames

    Attributes
    ----------
    files : tuple of str
        What was read.

    Raises
    ------
    InputError
        If a file cannot be read.
    """

    def __init__(self, root: Root, names: list[str], images: ImageNames) -> None:
        cards = sorted(filter(is_card, names), key=_nearest_first)
        self._cards = [_read_card(root, name, names, images) for name in cards]
        lines = sorted(filter(_names_classes, names), key=_nearest_first)
        self._names = [
            YoloSet(file=name, categories=_listed(_text(root, name).splitlines())) for name in lines
        ]
        lists = (name for card in self._cards for name in card.lists)
        self.files = tuple(dict.fromkeys((*cards, *lines, *lists)))

    def __bool__(self) -> bool:
        return bool(self._cards)

    def categories(self, label: str) -> Mapping[str, str]:
        """Return number -> name of the classes of a label file; empty where they are not named.

        ``data.yaml`` comes before ``classes.txt``, and what is above the label before what is
        elsewhere.

        Raises
        ------
        InputError
            If only files elsewhere name classes, and do not agree.
        """
        for found in (self._cards, self._names):
            named = [one for one in found if one.categories]
            if above := next((one for one in named if one.covers(label)), None):
                return above.categories
            if named and all(one.categories == named[0].categories for one in named):
                return named[0].categories
            if named:
                raise InputError(
                    f"{label}: expected one file that names its classes, found {named[0].file} and "
                    f"{named[1].file}, which differ; put the right one above its labels"
                )
        return {}

    def split(self, image: str) -> str | None:
        """Return the split that the files give an image."""
        for card in self._cards:
            if split := card.images.get(image):
                return split
            for folder, split in card.folders.items():
                if image.startswith(f"{folder}/"):
                    inside = next(filter(None, map(split_named, image.split("/")[:-1])), None)
                    return inside or split
        return None


def is_card(name: str) -> bool:
    """Tell whether a file describes a dataset: ``data.yaml``, or Darknet's ``obj.data``."""
    return PurePosixPath(name).name.lower() in {*_YAML, _DARKNET}


def _names_classes(name: str) -> bool:
    return PurePosixPath(name).name.lower() in _NAMES


def _nearest_first(name: str) -> tuple[int, str]:
    return -name.count("/"), name


def _text(root: Root, name: str) -> str:
    return utf8(root.read(name, _MAX_BYTES), name).decode()


def _read_card(root: Root, name: str, names: list[str], images: ImageNames) -> YoloSet:
    config = _darknet(root, name) if name.lower().endswith(_DARKNET) else _yaml(root, name)
    base = name.rpartition("/")[0]
    folders: dict[str, str] = {}
    listed: dict[str, str] = {}
    lists: list[str] = []
    for split in SPLITS:
        # Roboflow names one folder twice where there is no such split: the first one counts.
        for place in _places(config.get(split)):
            if not place.lower().endswith(".txt"):
                folders.setdefault(f"{base}/{place}" if base else place, split)
                continue
            for file in _files_at(place, base, names):
                lists.append(file)
                for line in filter(None, map(str.strip, _text(root, file).splitlines())):
                    image = images.find(plain_name(line), ("", base))[0]
                    listed.setdefault(image, split)
    return YoloSet(
        file=name,
        categories=_named(config),
        folders=folders,
        images=listed,
        lists=tuple(lists),
    )


def _yaml(root: Root, name: str) -> Mapping[str, Any]:
    try:
        found = msgspec.yaml.decode(utf8(root.read(name, _MAX_BYTES), name))
    except UNREADABLE as error:
        words = " ".join(reason(error).split())
        raise InputError(f"{name}: expected a YAML file of a YOLO dataset; {words}") from None
    return found if isinstance(found, dict) else {}


def _darknet(root: Root, name: str) -> Mapping[str, Any]:
    pairs = (line.partition("=") for line in _text(root, name).splitlines())
    # Its classes are named in obj.names, a file of its own.
    return {key.strip(): value.strip() for key, _, value in pairs if key.strip() in SPLITS}


def _places(config: Any) -> Iterator[str]:
    """Yield the places that a split names, as paths that are told by their end."""
    for place in config if isinstance(config, list) else [config]:
        if isinstance(place, str):
            yield plain_name(place)


def _files_at(place: str, base: str, names: Iterable[str]) -> list[str]:
    """Return the one file that a path means, below the folder of the file that names it."""
    inside = [name for name in names if not base or name.startswith(f"{base}/")]
    parts = place.split("/")
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        found = [name for name in inside if f"/{name}".endswith(f"/{tail}")]
        if len(found) == 1:
            return found
    return []


def _named(config: Mapping[str, Any]) -> dict[str, str]:
    """Return class number -> name; two classes of one name are one."""
    listed, count = config.get("names"), config.get("nc")
    if isinstance(listed, dict):
        return {str(number).strip(): str(name).strip() for number, name in listed.items()}
    if isinstance(listed, list):
        return {str(number): str(name).strip() for number, name in enumerate(listed)}
    return {str(n): str(n) for n in range(count)} if isinstance(count, int) else {}


def _listed(lines: list[str]) -> dict[str, str]:
    return {str(number): name for number, name in names_by_line(lines).items()}
