"""``cvat``: CVAT for images 1.1, one XML file for all images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import msgspec

from datakit.errors import InputError, SchemaError
from datakit.io.layouts.annotated import AnnotatedReader, Listed
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.cvat_attributes import LARGEST, Attributes, whole
from datakit.io.layouts.image_names import split_named
from datakit.io.layouts.json_files import head_of
from datakit.io.layouts.sample_names import SOFT, side
from datakit.io.layouts.spool import Spool
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.store.files import Root
from datakit.records.failure import Failure
from datakit.records.labels import LabelObject

if TYPE_CHECKING:  # a reader writes nothing, and does without the library of pixels
    from datakit.io.layouts.drawn import Drawn
    from datakit.io.layouts.picture import Picture

SHAPES = frozenset(
    {"mask", "polygon", "box", "ellipse", "polyline", "points", "cuboid", "skeleton"}
)
_NO_CLASS = frozenset({"points", "skeleton"})
_TABLE = ".cvat"
_FIRST_PRINTABLE = 32


class CvatReader(AnnotatedReader):
    """Every CVAT XML file below the root, read element by element.

    Images are looked for in ``images/``, in ``images/SUBSET`` and beside the file. A document
    type, which could define entities that grow without end, is refused.

    Raises
    ------
    InputError
        If there is no file of CVAT's, or it holds tracks of a video.
    SchemaError
        If one is no XML.
    """

    layout = "cvat"

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        super().__init__(root, names, settings)
        files = _files(root, names)
        if not files:
            raise InputError(f"{root.root}: expected CVAT's annotations.xml, found none")
        listed: list[Listed] = []
        failures: list[Failure] = []
        for name in files:
            walk = _Walk(name, self._spool, self._classes)
            listed += walk.read(root)
            failures += walk.failures
        self.failures = tuple(failures)
        self.index(listed, files)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is a file of CVAT's."""
        return bool(_files(root, names))

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return an image's shapes."""
        from datakit.io.layouts.cvat_shapes import read_shapes

        return read_shapes(item.annotations or b"[]", size_wh)


class _Walk:
    """One file, as expat walks through it."""

    def __init__(self, name: str, spool: Spool, classes: dict[str, None]) -> None:
        self._name = name
        self._folder = name.rpartition("/")[0]
        self._spool = spool
        self._classes = classes
        self._path: list[str] = []
        self._text: list[str] = []
        self._image: Attributes | None = None
        self._shapes: list[tuple[str, Attributes]] = []
        self._listed: list[Listed] = []
        self.failures: list[Failure] = []

    def read(self, root: Root) -> list[Listed]:
        """Walk through the file and return its images; SchemaError when it is no XML."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            with root.open(self._name) as handle:
                parser.ParseFile(handle)
        except expat.ExpatError as error:
            raise SchemaError(
                f"{self._name}: expected CVAT's XML, well-formed and in UTF-8; {error}"
            ) from None
        except (UnicodeError, LookupError, ValueError) as error:
            raise SchemaError(f"{self._name}: expected XML in UTF-8; {error}") from None
        return self._listed

    def _refuse(self, *declaration: object) -> None:
        raise SchemaError(f"{self._name}: expected CVAT's XML, found a document type in it")

    def _start(self, tag: str, attributes: Attributes) -> None:
        self._path.append(tag)
        self._text.clear()
        if tag == "track":
            raise InputError(
                f"{self._name}: expected CVAT for images 1.1, found tracks of a video; "
                "export again as CVAT for images"
            )
        if tag == "image":
            self._image, self._shapes = attributes, []
        elif self._image is not None and tag in SHAPES and self._path[-2] == "image":
            self._shapes.append((tag, attributes))

    def _end(self, tag: str) -> None:
        if self._path[-2:] == ["label", "name"]:
            self._classes.setdefault("".join(self._text).strip())
        self._path.pop()
        if tag == "image" and self._image is not None:
            try:
                self._listed.append(self._entry(self._image))
            except InputError as error:
                name = self._image.get("name", "image")
                self.failures.append(
                    Failure(id=name, file=self._name, step="read", error=str(error))
                )
            self._image = None

    def _entry(self, image: Attributes) -> Listed:
        name = image.get("name", "")
        width, height = whole(image, "width"), whole(image, "height")
        if not name or not 0 < width <= LARGEST or not 0 < height <= LARGEST:
            raise InputError(f"image {name!r}: expected a name, a width and a height")
        for tag, found in self._shapes:
            label = found.get("label", "").strip()
            if label and tag not in _NO_CLASS:
                self._classes.setdefault(label)
        subset = image.get("subset", "")
        inside = (f"images/{subset}", "images", subset, "") if subset else ("images", "")
        return Listed(
            name=name,
            file=self._name,
            place=self._spool.add(msgspec.json.encode(self._shapes)),
            id=image.get("id", ""),
            folders=tuple("/".join(filter(None, (self._folder, one))) for one in inside),
            split=split_named(subset),
            stated_wh=(width, height),
        )


def _files(root: Root, names: list[str]) -> list[str]:
    found = (name for name in names if name.lower().endswith(".xml"))
    return [name for name in found if b"<annotations" in head_of(root, name, 1 << 12)]


class CvatWriter:
    """``images/SPLIT/NAME.jpg`` and ``annotations.xml``: upload both as "CVAT 1.1".

    A class is a label of the task, an object a mask shape; nothing of a mask is lost. What nobody
    knows is a mask of the label ``ignore``.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="CVAT (import as CVAT 1.1)",
        loses=f"masks only: soft alphas wait in {SOFT}/ for the labels to come back",
        tables=(_TABLE,),
        carries_ignore=True,
    )

    def __init__(self, settings: Settings) -> None:
        self._classes = settings.classes
        self.categories: Mapping[str, str] = {}
        for name in self._classes:
            if any(ord(character) < _FIRST_PRINTABLE for character in name):
                raise InputError(
                    f"class {name!r}: expected printable characters, which XML can hold; "
                    "rename the class"
                )

    def folder(self, item: Item) -> str | None:
        """Return the folder of a split's images."""
        return f"images/{side(item)}"

    def write(self, picture: Picture) -> Written:
        """Return image and alpha, and the image's element."""
        from datakit.io.layouts.tool_files import image_name, written

        masks = self._masks(picture)
        height, width = picture.image.shape[:2]
        row = {
            "name": image_name(picture),
            "width": width,
            "height": height,
            "masks": masks,
            "labels": [mask["label"] for mask in masks],
        }
        return written(
            picture,
            "images/",
            lines={_TABLE: msgspec.json.encode(row)},
            counts={"objects": len(masks)},
        )

    def annotations(self, picture: Picture) -> bytes:
        """Return a sample's elements."""
        return msgspec.json.encode([("mask", mask) for mask in self._masks(picture)])

    def _masks(self, picture: Picture) -> list[Attributes]:
        from datakit.io.layouts.drawn import MASKS
        from datakit.io.layouts.tool_files import shapes_of

        return [_mask(shape) for shape in shapes_of(picture, self._classes, MASKS)]

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write ``annotations.xml``."""
        yield "annotations.xml", self._document(lines)

    def _document(self, lines: Callable[[str], Iterator[bytes]]) -> Iterator[bytes]:
        used = {name for line in lines(_TABLE) for name in msgspec.json.decode(line)["labels"]}
        labels = "".join(
            f"<label><name>{escape(name)}</name><type>mask</type><attributes></attributes></label>"
            for name in dict.fromkeys([*self._classes, *sorted(used)])
        )
        yield (
            '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>'
            f"<meta><task><labels>{labels}</labels></task></meta>\n"
        ).encode()
        for number, line in enumerate(lines(_TABLE)):
            row = msgspec.json.decode(line)
            masks = "".join(
                f"<mask {' '.join(f'{key}={quoteattr(text)}' for key, text in mask.items())}>"
                "</mask>"
                for mask in row["masks"]
            )
            yield (
                f'<image id="{number}" name={quoteattr(row["name"])} width="{row["width"]}" '
                f'height="{row["height"]}">{masks}</image>\n'
            ).encode()
        yield b"</annotations>\n"


def _mask(shape: Drawn) -> Attributes:
    from datakit.core.masks.row_runs import encode_rows

    left, top, width, height = shape.bbox_xywh
    return {
        "label": shape.category,
        "source": "auto",
        "occluded": "0",
        "rle": ", ".join(map(str, encode_rows(shape.mask))),
        "left": str(left),
        "top": str(top),
        "width": str(width),
        "height": str(height),
        "z_order": "0",
    }
