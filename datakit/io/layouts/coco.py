"""``coco``: annotation files that list images and their objects, in every tree that tools write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from datakit.errors import InputError
from datakit.io.layouts.annotated import UNLABELLED, AnnotatedReader, Listed, size_or_none
from datakit.io.layouts.base import Item, ReadSettings, split_of
from datakit.io.layouts.coco_index import CocoIndex, identifier
from datakit.io.layouts.image_names import plain_name, split_named
from datakit.io.layouts.json_files import UNREADABLE, head_of, mapped, mentions, one_of_many
from datakit.io.layouts.sample_names import KEPT_SUFFIXES, side
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.store.files import Root
from datakit.records.labels import LabelObject

if TYPE_CHECKING:  # a reader writes nothing, and does without the libraries of pixels
    from datakit.io.layouts.picture import Picture

ROBOFLOW_NAME = "_annotations.coco.json"
LABEL_STUDIO = "Label Studio"
"""The contributor that says so: its outlines are shares of the picture as people saw it."""
LABEL_STUDIO_BRUSH = "Label Studio Converter"
"""The contributor of its export of brush masks as COCO."""

_STEP = 1 << 32
"""Places of one file: there are fewer images in it."""

_KINDS = (
    *("instances_", "person_keypoints_", "captions_", "stuff_", "panoptic_", "labels_"),
    "image_info_",
)
_LABELS = frozenset({"category_id", "segmentation", "bbox"})
"""Members that tell an annotation of an object from a caption, or from COCO's panoptic files."""
_LOOKED_AT = 8
"""Files named as images that are looked at."""
_TABLE = ".coco"
_SPLIT_ORDER = {"train": 0, "val": 1, "test": 2, None: 3}


class CocoReader(AnnotatedReader):
    """Every annotation file of a source, its images beside it or where its tool puts them.

    Roboflow's files count alone where there are any; else all COCO files, those of key points and
    captions left out beside their ``instances_`` file.

    Raises
    ------
    InputError
        If there is no annotation file.
    SchemaError
        If one is not COCO.
    """

    layout = "coco"

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        super().__init__(root, names, settings)
        files = _annotation_files(root, names)
        if not files:
            raise InputError(f"{root.root}: expected a COCO export, found no {ROBOFLOW_NAME}")
        self._indices = [CocoIndex(root.open(name), name) for name in files]
        self.shared_ids = tuple(
            number
            for index in self._indices
            for number, names_of_one in index.categories.items()
            if not isinstance(names_of_one, str)
        )
        self.failures = tuple(failure for index in self._indices for failure in index.failures)
        self.notes = tuple(
            f"{index.name}: Label Studio's outlines are shares of the picture as it was shown; on "
            "photos that EXIF turns they are scaled from the stated size to the shown one"
            for index in self._indices
            if index.contributor == LABEL_STUDIO
        )
        if any(index.contributor == LABEL_STUDIO_BRUSH for index in self._indices):
            self.unfit_for_review = (
                "Label Studio's export of brush masks to COCO, which rounds outlines to whole "
                "pixels and fills holes; export the project as JSON"
            )
            self.notes += (f"read as it stands: {self.unfit_for_review}",)
        self.index(
            (
                listed
                for number, index in enumerate(self._indices)
                for listed in _listed(index, number * _STEP)
            ),
            files,
        )

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is an annotation file."""
        return bool(_annotation_files(root, names))

    def text(self, listed: Listed) -> bytes:
        """Return an image's annotations, verbatim."""
        number, row = divmod(listed.place, _STEP)
        return self._indices[number].annotations(row)

    def sense(self, listed: Listed) -> object:
        """Return an image's annotations without ids; None when nobody labelled it."""
        if listed.place == UNLABELLED:
            return None
        entries: list[str] = []
        for entry in msgspec.json.decode(self.text(listed), type=list[dict[str, Any]]):
            kept = {key: value for key, value in entry.items() if key not in ("id", "image_id")}
            entries.append(msgspec.json.encode(kept, order="sorted").decode())
        return tuple(sorted(entries))

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names: file by file, in the order of the categories; equal names are one class."""
        return tuple(
            dict.fromkeys(
                name
                for index in self._indices
                for names in index.categories.values()
                for name in ((names,) if isinstance(names, str) else names)
            )
        )

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> Iterator[LabelObject]:
        """Return an image's annotations, one by one."""
        from datakit.io.layouts.coco_annotations import read_annotations

        stated = item.stated_wh or size_wh
        scale = (size_wh[0] / stated[0], size_wh[1] / stated[1]) if item.shown else (1.0, 1.0)
        return read_annotations(item.annotations or b"[]", item.categories, scale)


def _listed(index: CocoIndex, first: int) -> Iterator[Listed]:
    split, prefix, folders = _place_of(index.name)
    # Label Studio names a file of its local storage by the way there from a folder of its own.
    named = plain_name if index.contributor == LABEL_STUDIO else str
    for row, image in enumerate(index.images):
        yield Listed(
            name=named(image.file_name),
            file=index.name,
            place=first + row if index.annotated else UNLABELLED,
            id=identifier(image.id),
            path=f"$.images[{index.positions[row]}].file_name",
            folders=folders,
            split=split,
            prefix=prefix,
            stated_wh=size_or_none(*image.stated_wh),
            shown=index.contributor == LABEL_STUDIO,
            true_name=image.true_name,
            categories=index.categories,
        )


def _place_of(name: str) -> tuple[str | None, str, tuple[str, ...]]:
    """Return the split that a file speaks of, the prefix of its ids, and its images' folders.

    Examples
    --------
    >>> _place_of("set/annotations/instances_train2017.json")
    ('train', 'set/', ('set/images/train2017', 'set/train2017', 'set/images', 'set'))
    >>> _place_of("valid/_annotations.coco.json")
    ('val', '', ('valid', 'valid/images', 'valid/data'))
    """
    path = PurePosixPath(name)
    if path.parent.name.lower() == "annotations":
        base, subset = path.parent.parent, _subset(path.stem)
        inside: tuple[str, ...] = (f"images/{subset}", subset, "images", "")
        split = split_named(subset)
    else:
        base, subset = path.parent, path.stem
        inside = ("", "images", "data")
        split, _ = split_of(base)
        if split is None and (split := split_named(_subset(subset))):
            inside = ("", f"images/{_subset(subset)}", _subset(subset), "images", "data")
    _, above = split_of(base)
    folders = (_joined(base, folder) for folder in inside)
    prefix = "" if above == PurePosixPath() else f"{above}/"
    return split, prefix, tuple(dict.fromkeys(folders))


def _joined(base: PurePosixPath, folder: str) -> str:
    path = (base / folder).as_posix()
    return "" if path == "." else path


def _subset(stem: str) -> str:
    """Return the part of a set that a file's stem names.

    Examples
    --------
    >>> _subset("instances_train2017"), _subset("val"), _subset("person_keypoints_default")
    ('train2017', 'val', 'default')
    """
    for kind in _KINDS:
        if stem.lower().startswith(kind):
            return stem[len(kind) :]
    return stem


def _annotation_files(root: Root, names: list[str]) -> list[str]:
    """Return the annotation files: Roboflow's, or else all that are COCO; train first."""
    found = [name for name in names if PurePosixPath(name).name == ROBOFLOW_NAME]
    if not found:
        others = one_of_many(names)
        candidates = [name for name in names if name.lower().endswith(".json")]
        found = [name for name in candidates if name not in others and _is_coco(root, name)]
        if not found and any(_is_coco(root, name) for name in sorted(others)[:_LOOKED_AT]):
            # A file for each image, or one image.
            found = [name for name in candidates if _is_coco(root, name)]
        instances = {name for name in found if PurePosixPath(name).name.startswith(_KINDS[0])}
        found = [name for name in found if not _is_beside(name, instances)]

    def rank(name: str) -> tuple[str, int, str]:
        split, prefix, _ = _place_of(name)
        return prefix, _SPLIT_ORDER[split], name

    return sorted(found, key=rank)


def _is_beside(name: str, instances: set[str]) -> bool:
    """Tell whether a file only adds to the images of an ``instances_`` file."""
    path = PurePosixPath(name)
    own = _KINDS[0] + _subset(path.stem)
    return name not in instances and (path.parent / f"{own}.json").as_posix() in instances


class _Top(msgspec.Struct):
    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw] | None = None
    categories: list[msgspec.Raw] | None = None


def _is_coco(root: Root, name: str) -> bool:
    head = head_of(root, name)
    if not head.startswith(b"{"):
        return False
    if b'"images"' not in head and not mentions(root, name, b'"images"'):
        return False
    try:
        with mapped(root, name) as text:
            top = msgspec.json.decode(text, type=_Top)
            images = not top.images or b'"file_name"' in bytes(top.images[0])
            found = images and (top.annotations is not None or top.categories is not None)
            labels = not top.annotations or not _LABELS.isdisjoint(_members(top.annotations[0]))
            del top
            return found and labels
    except msgspec.ValidationError:
        return False
    except (InputError, *UNREADABLE):
        # Broken, or in another encoding: reported when it is read.
        return b'"annotations"' in head or b'"categories"' in head or b'"file_name"' in head


def _members(entry: msgspec.Raw) -> frozenset[str]:
    found = msgspec.json.decode(entry)
    return frozenset(found) if isinstance(found, dict) else _LABELS


class CocoWriter:
    """``images/SPLIT/NAME.jpg`` and ``annotations/instances_SPLIT.json``.

    Objects are compressed RLE with ``iscrowd`` 0: any shape, holes and parts too, to the pixel. A
    unknown region is a crowd of each class. ``area`` counts the mask's pixels, ``bbox``
    is [x, y, width, height]. Ids start at 1.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="the COCO API, detection and segmentation toolboxes",
        loses="masks only: an alpha is cut at one half where there is no mask",
        tables=(_TABLE,),
        carries_ignore=True,
    )

    def __init__(self, settings: Settings) -> None:
        self._classes = settings.classes
        self.categories: Mapping[str, str] = {name: name for name in settings.classes}

    def folder(self, item: Item) -> str | None:
        """Return the folder of a split's images."""
        return f"images/{side(item)}"

    def write(self, picture: Picture) -> Written:
        """Return the image, and a line with its objects."""
        from datakit.io.layouts.coco_file import annotations_of
        from datakit.io.layouts.drawn import MASKS
        from datakit.io.layouts.picture import counted

        suffix = picture.suffix if picture.suffix in KEPT_SUFFIXES else ".png"
        image, again = picture.image_file(suffix)
        file_name = f"{picture.name}{suffix}"
        height, width = picture.image.shape[:2]
        line = {
            "split": side(picture.item),
            "image": {"file_name": file_name, "width": width, "height": height},
            "objects": annotations_of(picture, self._classes, MASKS),
        }
        path = f"{self.folder(picture.item)}/{file_name}"
        return Written(
            files={path: image},
            roles={"image": path},
            lines={_TABLE: msgspec.json.encode(line)},
            counts=counted(
                images_encoded_again=again,
                objects=len(line["objects"]),
                alphas_cut=int(picture.mask is None),
            ),
        )

    def annotations(self, picture: Picture) -> bytes:
        """Return a sample's annotations."""
        from datakit.io.layouts.coco_file import annotations_of, named
        from datakit.io.layouts.drawn import MASKS

        return named(annotations_of(picture, self._classes, MASKS))

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write the annotations of each split."""
        from datakit.io.layouts.coco_file import coco_file

        splits = sorted({msgspec.json.decode(line)["split"] for line in lines(_TABLE)})
        for split in splits:
            rows = partial(_rows, split, lines)
            yield f"annotations/instances_{split}.json", coco_file(self._classes, rows)


def _rows(split: str, lines: Callable[[str], Iterator[bytes]]) -> Iterator[dict[str, Any]]:
    rows = (msgspec.json.decode(line) for line in lines(_TABLE))
    return (row for row in rows if row["split"] == split)
