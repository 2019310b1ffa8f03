"""``datumaro:NAME``: the long tail of layouts, read by the importers of the package Datumaro.

It is asked for by name only. What its importer gives is turned into the objects that every other
reader gives; the workers do without the package.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from datakit.errors import DatakitError, InputError
from datakit.io.layouts.annotated import UNLABELLED, AnnotatedReader, Listed
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.image_names import split_named
from datakit.io.store.files import Folder, Root
from datakit.records.failure import Failure
from datakit.records.labels import FOREGROUND, Box, LabelObject, Ring, Rle

FAMILY = "datumaro"

_OUTLINES = frozenset({"mask", "polygon", "ellipse", "rotated_bbox"})
_SHAPES = _OUTLINES | {"bbox"}


class _Shape(msgspec.Struct, omit_defaults=True):
    """One annotation, without Datumaro's classes."""

    kind: str
    category: str = ""
    points: list[float] = []
    rle: Rle | None = None
    z_order: int = 0
    group: int = 0
    crowd: bool = False
    problem: str | None = None


class DatumaroReader(AnnotatedReader):
    """The images that an importer of Datumaro's lists, with their masks, polygons and boxes.

    A box in one group with an outline is the outline's own. Annotations of one group are parts of
    one instance. Classes named as background or void have those roles, as everywhere.
    """

    importer: ClassVar[str] = ""

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        super().__init__(root, names, settings)
        if not isinstance(root, Folder):
            raise InputError(
                f"{root.root}: expected a folder of this machine, which Datumaro reads, found "
                "something else; unpack or download it first"
            )
        self._folder_of_source = root.root.resolve()
        failures: list[Failure] = []
        classes, entries = _imported(root.root, self.importer, failures)
        self._classes = dict.fromkeys(classes)
        self._stems: dict[str, list[str]] = defaultdict(list)
        for name in self.images:
            self._stems[Path(name).stem].append(name)
        listed = [self._listed(entry, classes) for entry in entries]
        self.failures = tuple(failures)
        # Datumaro does not say which files it read: pictures alone are known to be left.
        self.index(listed, set(names) - set(self.images))

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell that no source is read so unless a person says it."""
        return False

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return an image's annotations."""
        shapes = msgspec.json.decode(item.annotations or b"[]", type=list[_Shape])
        outlined = {shape.group for shape in shapes if shape.kind in _OUTLINES} - {0}
        return [
            _object(number, shape)
            for number, shape in enumerate(shapes, 1)
            if not (shape.kind == "bbox" and shape.group in outlined)
        ]

    def _listed(self, entry: Any, classes: list[str]) -> Listed:
        shapes = [_shape(one, classes) for one in entry.annotations]
        height, width = _size_hw(entry)
        return Listed(
            name=self._name(entry),
            file=str(entry.id),
            place=self._spool.add(msgspec.json.encode(shapes)) if shapes else UNLABELLED,
            id=str(entry.id),
            split=split_named(str(entry.subset)),
            stated_wh=(width, height) if height and width else None,
        )

    def _name(self, entry: Any) -> str:
        """Return the image's path in the source, by Datumaro's path or else by its id."""
        path = Path(getattr(entry.media, "path", None) or "").resolve()
        if path.is_relative_to(self._folder_of_source) and path.is_file():
            return path.relative_to(self._folder_of_source).as_posix()
        same = self._stems.get(Path(str(entry.id)).name, [])
        return same[0] if len(same) == 1 else str(entry.id)


@cache
def reader_of(importer: str) -> type[DatumaroReader]:
    """Return the reader that asks one of Datumaro's importers."""
    made = {"importer": importer, "layout": f"{FAMILY}:{importer}"}
    return type("DatumaroReader", (DatumaroReader,), made)


def _imported(root: Path, name: str, failures: list[Failure]) -> tuple[list[str], list[Any]]:
    """Return the class names and the entries of a source, in an order of their own."""
    try:
        # Not in the base install; and it takes seconds.
        from datumaro.components.annotation import AnnotationType
        from datumaro.components.contexts.importer import ImportErrorPolicy
        from datumaro.components.dataset import Dataset
        from datumaro.components.environment import Environment
    except ImportError as error:
        raise InputError(
            f"--from {FAMILY}:{name}: Datumaro is not installed ({error}); pip install "
            "'datakit[datumaro]'"
        ) from None

    class Policy(ImportErrorPolicy):  # type: ignore[misc]
        """What cannot be read of one image costs that image, or that annotation."""

        def _handle_item_error(self, error: Any) -> None:
            failures.append(_failure(error))

        _handle_annotation_error = _handle_item_error

    known = sorted(Environment().importers)
    if name not in known:
        raise InputError(
            f"--from {FAMILY}:{name}: Datumaro has no such importer; choose one of: "
            f"{', '.join(known)}"
        )
    try:
        dataset = Dataset.import_from(str(root), name, error_policy=Policy())
        entries = sorted(dataset, key=lambda entry: (str(entry.subset), str(entry.id)))
        labels = dataset.categories().get(AnnotationType.label, ())
    # Importers meet arbitrary files here and fail in as many ways as there are layouts.
    except Exception as error:  # noqa: BLE001
        words = _words(error.__cause__ or error)
        raise InputError(f"{root}: Datumaro cannot read it as {name} ({words})") from None
    # Layouts without classes (Segment Anything) know objects alone.
    return [str(label.name) for label in labels] or [FOREGROUND], entries


def _failure(error: Any) -> Failure:
    words = _words(error.__cause__ or error)
    entry, subset = getattr(error, "item_id", ("?", ""))
    image = f"{subset}/{entry}" if subset else str(entry)
    return Failure(id=image, file=image, step="read", error=words)


def _words(error: BaseException) -> str:
    """Return what an error says, as one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _size_hw(entry: Any) -> tuple[int, int]:
    """Return a stated size, or zeros; no picture is decoded for it."""
    stated = getattr(entry.media, "_size", None)
    return (int(stated[0]), int(stated[1])) if stated else (0, 0)


def _shape(annotation: Any, classes: list[str]) -> _Shape:
    """Return an annotation without Datumaro's classes; what is wrong with it is its problem."""
    # NumPy is heavy, and `datakit --help` knows the layouts.
    from datakit.core.masks.rle import encode_counts
    from datakit.core.masks.runs import mask_to_counts

    kind = annotation.type.name
    label = getattr(annotation, "label", None)
    if label is None and classes == [FOREGROUND]:
        label = 0
    shape = _Shape(
        kind=kind,
        category=classes[label] if label is not None and 0 <= label < len(classes) else "",
        z_order=int(getattr(annotation, "z_order", 0)),
        group=int(annotation.group),
        crowd=bool(annotation.attributes.get("is_crowd", False)),
    )
    try:
        if kind == "mask":
            mask = annotation.image
            height, width = mask.shape
            shape.rle = Rle(encode_counts(mask_to_counts(mask)), (height, width))
        elif kind in ("polygon", "rotated_bbox"):
            shape.points = [float(value) for value in annotation.as_polygon()]
        elif kind in _SHAPES:
            shape.points = [float(value) for value in annotation.points]
    # A mask is decoded here by whatever Datumaro has for its layout.
    except Exception as error:  # noqa: BLE001
        shape.problem = f"{kind}: {_words(error)}"
    return shape


def _object(number: int, shape: _Shape) -> LabelObject:
    rings: tuple[Ring, ...] = ()
    bounds: Box | None = None
    problem = shape.problem
    extent = shape.kind in _SHAPES
    try:
        if problem is None:
            rings, bounds = _outline(shape)
        if problem is None and not extent:
            problem = f"{shape.kind}: it encloses no area and is no part of a mask"
        if problem is None and not shape.category:
            problem = f"{shape.kind}: expected a class, found none"
    except (DatakitError, ValueError) as error:
        problem = f"{shape.kind} of {shape.category!r}: {error}"
    return LabelObject(
        id=f"annotation {number}",
        category=shape.category,
        rings=rings,
        rle=shape.rle,
        bounds_xyxy=bounds,
        instance=str(shape.group) if shape.group else None,
        z_order=shape.z_order,
        crowd=shape.crowd,
        problem=problem,
        extent=extent,
    )


def _outline(shape: _Shape) -> tuple[tuple[Ring, ...], Box | None]:
    from datakit.io.layouts.outlines import corners_box, ellipse_ring, points_ring

    pairs: Iterator[tuple[float, float]] = zip(shape.points[::2], shape.points[1::2], strict=True)
    corners = list(pairs)
    if shape.kind in ("polygon", "rotated_bbox"):
        return (points_ring(corners),), None
    if shape.kind == "bbox":
        return (), corners_box(corners)
    if shape.kind == "ellipse":
        x0, y0, x1, y1 = corners_box(corners)
        return (ellipse_ring(((x0 + x1) / 2, (y0 + y1) / 2), ((x1 - x0) / 2, (y1 - y0) / 2)),), None
    return (), None
