"""``supervisely``: a project with ``meta.json``, and ``img/`` beside ``ann/`` in each dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from datakit.errors import InputError, SchemaError
from datakit.io.layouts.annotated import UNLABELLED, AnnotatedReader, Listed
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.json_files import UNREADABLE, head_of, reason, utf8
from datakit.io.store.files import Root
from datakit.records.labels import LabelObject

_META = "meta.json"
_MAX_BYTES = 1 << 28


class _Class(msgspec.Struct):
    title: str


class _Meta(msgspec.Struct):
    classes: list[_Class]


class SuperviselyReader(AnnotatedReader):
    """``DATASET/img/NAME.jpg`` with ``DATASET/ann/NAME.jpg.json``.

    The classes are in ``meta.json``. An image without an annotation file was not labelled.
    """

    layout = "supervisely"

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        super().__init__(root, names, settings)
        self._root = root
        metas = [name for name in names if PurePosixPath(name).name == _META]
        if not metas or not list(self.images):
            raise InputError(f"{root.root}: expected a project of Supervisely's, found none")
        self._classes = dict.fromkeys(one for name in metas for one in _classes_of(root, name))
        files = {name.lower(): name for name in names if _is_annotation(name)}
        categories = dict.fromkeys(self._classes, "")
        self._files: list[str] = []
        listed = []
        for image in self.images:
            file = next((files[one] for one in _places_of(image) if one in files), None)
            if file is not None:
                self._files.append(file)
            listed.append(
                Listed(
                    name=image,
                    file=file or image,
                    place=UNLABELLED if file is None else len(self._files) - 1,
                    categories=categories,
                )
            )
        self.index(listed, [*metas, *self._files])

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is a project's file and an annotation beside an image's folder."""
        metas = [name for name in names if PurePosixPath(name).name == _META]
        return any(b'"classes"' in head_of(root, name) for name in metas) and any(
            map(_is_annotation, names)
        )

    def text(self, listed: Listed) -> bytes:
        """Return an image's annotation file."""
        return self._root.read(self._files[listed.place], _MAX_BYTES)

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return an image's objects."""
        from datakit.io.layouts.supervisely_objects import read_objects

        return read_objects(item.annotations or b"{}", size_wh, item.categories)


def _is_annotation(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() == ".json" and path.parent.name.lower() == "ann"


def _places_of(image: str) -> Iterator[str]:
    """Yield where the annotation of an image may lie, in lower case; old ones lack its suffix.

    Examples
    --------
    >>> list(_places_of("ds/img/X.jpg"))
    ['ds/ann/x.jpg.json', 'ds/ann/x.json']
    """
    folder, inside, name = f"/{image.lower()}".rpartition("/img/")
    if inside:
        yield f"{folder}/ann/{name}.json".lstrip("/")
        yield f"{folder}/ann/{name.rpartition('.')[0]}.json".lstrip("/")


def _classes_of(root: Root, name: str) -> list[str]:
    try:
        meta: Any = msgspec.json.decode(utf8(root.read(name, _MAX_BYTES), name), type=_Meta)
    except UNREADABLE as error:
        raise SchemaError(f"{name}: expected a project of Supervisely's; {reason(error)}") from None
    return [one.title.strip() for one in meta.classes]
