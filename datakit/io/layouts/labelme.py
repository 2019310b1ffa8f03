"""``labelme``: one JSON file per image, as labelme, X-AnyLabeling and ISAT write it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from posixpath import normpath
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from datakit.errors import DatakitError, InputError
from datakit.io.layouts.annotated import AnnotatedReader, Listed, size_or_none
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.json_files import UNREADABLE, head_of, mapped, one_of_many, reason
from datakit.io.layouts.lines import is_closed
from datakit.io.layouts.sample_names import SOFT, side
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.store.files import Root
from datakit.records.failure import Failure
from datakit.records.labels import LabelObject

if TYPE_CHECKING:  # a reader writes nothing, and does without the library of pixels
    from datakit.io.layouts.drawn import Drawn
    from datakit.io.layouts.picture import Picture

VERSION = "5.2.1"
"""The labelme whose files these are; later ones read them."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_EXAMINED = 8
"""JSON files that are looked at to recognise the layout."""


_NO_CLASS = frozenset({"point", "points", "line"})


class _Labelled(msgspec.Struct):
    label: Any = ""
    category: Any = ""
    shape_type: str | None = None
    points: msgspec.Raw = msgspec.Raw()


class _Info(msgspec.Struct):
    name: str = ""
    width: float | None = None
    height: float | None = None


class _Document(msgspec.Struct):
    """A file of labelme's, or of ISAT's, whose image is ``info`` and whose shapes are objects."""

    shapes: list[msgspec.Raw] | None = None
    imagePath: str | None = None  # noqa: N815
    imageHeight: float | None = None  # noqa: N815
    imageWidth: float | None = None  # noqa: N815
    imageData: msgspec.Raw = msgspec.Raw()  # noqa: N815
    sha256: str | None = None
    info: _Info | None = None
    objects: list[msgspec.Raw] | None = None


class LabelMeReader(AnnotatedReader):
    """Every such JSON below the root; photos without one are unlabelled images.

    The image is the one that the file names, or has the file's own stem.
    """

    layout = "labelme"

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        super().__init__(root, names, settings)
        listed: list[Listed] = []
        failures: list[Failure] = []
        own: list[str] = []
        self._stems = _by_stem(self.images)
        for name in names:
            if not name.lower().endswith(".json"):
                continue
            try:
                found = self._read(root, name)
            except (DatakitError, *UNREADABLE) as error:
                text = (
                    error
                    if isinstance(error, DatakitError)
                    else f"{name}: expected labelme's JSON ({reason(error)})"
                )
                failures.append(Failure(id=name, file=name, step="read", error=str(text)))
                own.append(name)
                continue
            if found is not None:
                listed.append(found)
                own.append(name)
        if not listed and not failures:
            raise InputError(f"{root.root}: expected labelme's JSON files, found none")
        self.failures = tuple(failures)
        self.index([*listed, *self._unlabelled(listed, own)], own)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether the first JSON files, those of images before others, are labelme's."""
        own = one_of_many(names)
        found = [name for name in names if name.lower().endswith(".json")]
        found.sort(key=lambda name: name not in own)
        return any(_is_labelme(head_of(root, name)) for name in found[:_EXAMINED])

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return an image's shapes."""
        from datakit.io.layouts.labelme_shapes import read_shapes

        return read_shapes(item.annotations or b"[]", size_wh)

    def _read(self, root: Root, name: str) -> Listed | None:
        """Read a file; None when it is another kind of JSON."""
        with mapped(root, name) as text:
            document = msgspec.json.decode(text, type=_Document, strict=False)
            shapes = document.shapes if document.imagePath is not None else document.objects
            if shapes is None or (document.imagePath is None and document.info is None):
                return None
            kept = b"[" + b",".join(map(bytes, shapes)) + b"]"
            sha256 = _sha256(document)
            image = document.imagePath
            info = document.info or _Info()
            document.imageData = msgspec.Raw()
            labels = [_label(raw) for raw in shapes]
            shapes, document.shapes, document.objects = [], None, None
        self._classes.update(dict.fromkeys(label for label in labels if label))
        if image is None:
            size = size_or_none(info.width, info.height)
        else:
            size = size_or_none(document.imageWidth, document.imageHeight)
        return Listed(
            name=self._image_of(name, info.name if image is None else image),
            file=name,
            place=self._spool.add(kept),
            id=name,
            folders=tuple(dict.fromkeys(("", name.rpartition("/")[0], "images"))),
            stated_wh=size,
            sha256=sha256,
        )

    def _image_of(self, name: str, stated: str) -> str:
        """Return the image that a file is about: the one named, else the one of its stem."""
        folder = name.rpartition("/")[0]
        last = stated.replace("\\", "/").rpartition("/")[2]
        beside = f"{folder}/{last}" if folder else last
        if last and beside in self.images:
            return beside
        if normpath(f"{folder}/{stated}".replace("\\", "/")).startswith(".."):
            return stated
        same = self._stems.get(name.rpartition(".")[0], [])
        if len(same) == 1 and not self.images.find(stated, (folder, ""))[0]:
            return same[0]
        return stated or last

    def _unlabelled(self, listed: list[Listed], own: list[str]) -> Iterator[Listed]:
        """Yield the images that no file is about."""
        taken = {self.images.find(entry.name, entry.folders)[0] for entry in listed} | {
            path for name in own for path in self._stems.get(name.rpartition(".")[0], [])
        }
        for image in self.images:
            if image not in taken:
                yield Listed(name=image, file=image)


def _by_stem(images: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for image in images:
        found.setdefault(image.rpartition(".")[0], []).append(image)
    return found


def _label(raw: msgspec.Raw) -> str:
    """Return the class of a shape; empty for one that cannot be part of a mask."""
    try:
        found = msgspec.json.decode(raw, type=_Labelled)
        if found.shape_type == "linestrip":
            points = msgspec.json.decode(found.points, type=list[tuple[float, float]])
            if not is_closed(points):
                return ""
    except UNREADABLE:
        # It is reported when the shape is read.
        return ""
    if found.shape_type in _NO_CLASS:
        return ""
    return str(found.label or found.category or "").strip()


def _sha256(document: _Document) -> str | None:
    """Return the digest of the image that a file embeds, or else states."""
    embedded = bytes(document.imageData)
    if embedded not in (b"", b"null", b'""'):
        import base64
        import hashlib

        try:
            return hashlib.sha256(base64.b64decode(embedded.strip(b'"'))).hexdigest()
        except ValueError:
            return None
    return document.sha256 if _SHA256.fullmatch(str(document.sha256)) else None


def _is_labelme(head: bytes) -> bool:
    if b'"imagePath"' in head or (b'"shapes"' in head and b'"imageData"' in head):
        return b'"shapes"' in head or b'"imagePath"' in head
    return b'"info"' in head and b'"objects"' in head and b'"segmentation"' in head


class LabelMeWriter:
    """``SPLIT/NAME.jpg`` with ``SPLIT/NAME.json``: open the folder in labelme.

    A part of an object is a polygon; the parts of one object share a group id. The unknown region
    is drawn as shapes of the label ``ignore``.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="labelme (open the folder)",
        loses=(
            "masks only: polygons keep an IoU of 0.99 and a boundary IoU of 0.95, holes hang on "
            f"their ring by a bridge without width; soft alphas wait in {SOFT}/ for the labels to "
            "come back"
        ),
        carries_ignore=True,
    )

    def __init__(self, settings: Settings) -> None:
        self._classes = settings.classes
        self.categories: Mapping[str, str] = {}

    def folder(self, item: Item) -> str | None:
        """Return the split's folder."""
        return side(item)

    def write(self, picture: Picture) -> Written:
        """Return image, JSON and alpha."""
        from datakit.io.layouts.tool_files import image_name, written

        shapes = self._shapes(picture)
        height, width = picture.image.shape[:2]
        name = image_name(picture)
        document: dict[str, Any] = {
            "version": VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": name.rpartition("/")[2],
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
            # labelme keeps what it does not know: so the label finds its image again.
            "sha256": picture.row.source.sha256,
        }
        text = msgspec.json.format(msgspec.json.encode(document), indent=2)
        return written(
            picture,
            "",
            files={f"{name.rpartition('.')[0]}.json": text + b"\n"},
            counts={"polygons": len(shapes)},
        )

    def annotations(self, picture: Picture) -> bytes:
        """Return a sample's shapes."""
        return msgspec.json.encode(self._shapes(picture))

    def _shapes(self, picture: Picture) -> list[dict[str, Any]]:
        from datakit.io.layouts.drawn import Drawing
        from datakit.io.layouts.tool_files import shapes_of

        drawn = shapes_of(picture, self._classes, Drawing(holes="bridge"))
        return [entry for n, shape in enumerate(drawn, 1) for entry in _polygons(shape, n)]

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write nothing more."""
        yield from ()


def _polygons(shape: Drawn, number: int) -> Iterator[dict[str, Any]]:
    rings = shape.rings
    for ring in rings:
        yield {
            "label": shape.category,
            "points": ring.tolist(),
            "group_id": number if len(rings) > 1 else None,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
        }
