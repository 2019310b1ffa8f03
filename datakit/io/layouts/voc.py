"""``voc``: PASCAL VOC's segmentation tree, as VOC itself, CVAT, labelme and others write it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError
from datakit.io.layouts.base import SPLITS, Item, ReadSettings
from datakit.io.layouts.class_names import ClassNames, find_class_names
from datakit.io.layouts.json_files import utf8
from datakit.io.layouts.objects import objects_of
from datakit.io.layouts.picture import Picture, counted
from datakit.io.layouts.pictures import PictureReader, refs_of
from datakit.io.layouts.placements import Placement, by_folder, is_image, stem_of
from datakit.io.layouts.sample_names import side
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.store.files import Root
from datakit.records.labels import BACKGROUND, IGNORED

_KINDS = {
    "jpegimages": "image",
    "segmentationclass": "mask",
    "segmentationclasspng": "mask",
    "segmentationobject": "objects",
    "segmentationobjectpng": "objects",
    "segmentationclassvisualization": "",
}
_AUGMENTED = {**_KINDS, "segmentationclassaug": "mask", "segmentationclass": ""}
"""Where there are the masks of Hariharan 2011, they are those of VOC and more."""

_LISTS = "ImageSets/Segmentation/"
VOC_CLASSES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair"),
    *("cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor"),
)


class VocReader(PictureReader):
    """``JPEGImages``, ``SegmentationClass`` (255 is unknown) and ``SegmentationObject``.

    Classes are those of ``labelmap.txt`` or ``class_names.txt``, else VOC's own where the tree is
    ``VOCdevkit``. Splits are those of ``ImageSets/Segmentation/{train, val, test}.txt``. Photos
    without a picture in SegmentationClass, most of VOC, are not read; they are counted.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        lists = [name for name in names if _LISTS in name and name.endswith(".txt")]
        splits = _splits(root, lists)
        places: dict[str, Placement] = {}
        kinds = _AUGMENTED if "segmentationclassaug" in _folders(names) else _KINDS
        for name in filter(is_image, names):
            if place := by_folder(name, kinds, {}):
                stem = stem_of(name).rpartition("/")[2]
                places[name] = replace(place, split=splits.get(stem, place.split))
        labelled = {(p.split, stem_of(p.rel)) for p in places.values() if p.kind == "mask"}
        without = [
            name
            for name, place in places.items()
            if place.kind == "image" and (place.split, stem_of(place.rel)) not in labelled
        ]
        if len(without) < sum(place.kind == "image" for place in places.values()):
            for name in without:
                del places[name]
        notes = (f"{len(without)} photos without segmentation are not read",) if without else ()
        super().__init__(
            root,
            names,
            refs_of(root, places),
            own=lists,
            classes=find_class_names(root, names) or _own_classes(names),
            notes=notes,
        )

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there are VOC's folders of photos and of classes."""
        folders = _folders(names)
        return "jpegimages" in folders and not folders.isdisjoint(
            {"segmentationclass", "segmentationclasspng", "segmentationclassaug"}
        )


def _folders(names: list[str]) -> set[str]:
    return {part.lower() for name in names for part in name.split("/")[:-1]}


def _own_classes(names: list[str]) -> ClassNames | None:
    if not any("VOCdevkit/" in f"{name}/" or "/VOC20" in f"/{name}" for name in names):
        return None
    return ClassNames(file="", values=dict(enumerate(VOC_CLASSES)))


def _splits(root: Root, lists: list[str]) -> dict[str, str]:
    """Return stem -> split; trainval and other lists name no split."""
    found: dict[str, str] = {}
    for name in lists:
        split = SPLITS.get(stem_of(name).rpartition("/")[2].lower().removesuffix("aug"))
        if split:
            text = utf8(root.read(name), name).decode()
            found.update(
                dict.fromkeys(
                    (line.split()[0] for line in text.splitlines() if line.strip()), split
                )
            )
    return found


_MOST_CLASSES = 254
_LISTS_TABLE = ".voc"


class VocWriter:
    """``JPEGImages``, ``SegmentationClass`` and, of objects, ``SegmentationObject``.

    Label pictures are indices of VOC's own palette, 255 is unknown. ``labelmap.txt``
    names the classes with their colours, as CVAT and Datumaro read it, and
    ``ImageSets/Segmentation`` lists the splits. Of several splits, a name begins with its own.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="trainings on PASCAL VOC; CVAT and Datumaro (PASCAL VOC, Segmentation mask)",
        loses="masks only: an alpha is cut at one half where there is no mask; JPEG images",
        tables=(_LISTS_TABLE,),
        carries_ignore=True,
    )

    def __init__(self, settings: Settings) -> None:
        if len(settings.classes) > _MOST_CLASSES:
            raise InputError(
                f"--format voc: expected at most {_MOST_CLASSES} classes, found "
                f"{len(settings.classes)}"
            )
        self._classes = settings.classes
        self._instances = settings.instances
        self._several = len(settings.splits) > 1

    def folder(self, item: Item) -> str | None:
        """Return the folder of all photos."""
        return "JPEGImages"

    def write(self, picture: Picture) -> Written:
        """Return image and label pictures."""
        split = side(picture.item)
        name = f"{split}_{picture.name}" if self._several else picture.name
        image, again = picture.image_file(".jpg")
        classes, objects = self._painted(picture)
        names = {
            "image": f"JPEGImages/{name}.jpg",
            "mask": f"SegmentationClass/{name}.png",
        }
        files = {names["image"]: image, names["mask"]: _palette_png(classes)}
        if objects is not None:
            files[f"SegmentationObject/{name}.png"] = _palette_png(objects)
        return Written(
            files=files,
            roles={"image": names["image"]},
            lines={_LISTS_TABLE: f"{split}\t{name}".encode()},
            counts=counted(images_encoded_again=again, alphas_cut=int(picture.mask is None)),
        )

    def _painted(
        self, picture: Picture
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8] | None]:
        """Return the (H, W) classes and, where objects are known, their numbers in the picture."""
        numbers = {name: value for value, name in enumerate(self._classes, 1)}
        found = objects_of(picture, self._classes)
        if self._instances and len(found) > _MOST_CLASSES:
            raise InputError(
                f"{picture.item.source_name}: expected at most {_MOST_CLASSES} objects, found "
                f"{len(found)}; --format coco holds more"
            )
        classes = np.zeros(picture.image.shape[:2], np.uint8)
        objects = np.zeros_like(classes) if self._instances else None
        for number, one in enumerate(found, 1):
            classes[one.mask] = numbers[one.category]
            if objects is not None:
                objects[one.mask] = number
        for label in (classes, objects):
            if label is not None and picture.ignore is not None:
                label[picture.ignore > 0] = IGNORED
        return classes, objects

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Name the classes and list the splits."""
        named = enumerate((BACKGROUND, *self._classes))
        rows = [f"{name}:{','.join(map(str, voc_colour(n)))}::" for n, name in named]
        head = "# label:color_rgb:parts:actions"
        yield "labelmap.txt", ["\n".join([head, *rows, ""]).encode()]
        splits = dict.fromkeys(line.split(b"\t")[0] for line in lines(_LISTS_TABLE))
        for split in splits:
            stems = (
                stem.strip() + b"\n"
                for line in lines(_LISTS_TABLE)
                for other, _, stem in [line.partition(b"\t")]
                if other == split
            )
            yield f"{_LISTS}{split.decode()}.txt", stems


def voc_colour(number: int) -> tuple[int, int, int]:
    """Return the RGB colour of an index in VOC's palette: its bits, dealt to three channels.

    Examples
    --------
    >>> voc_colour(0), voc_colour(15), voc_colour(255)
    ((0, 0, 0), (192, 128, 128), (224, 224, 192))
    """
    channels = [0, 0, 0]
    for place in range(8):
        channels[place % 3] |= (number >> place & 1) << (7 - place // 3)
    return channels[0], channels[1], channels[2]


def _palette_png(label: npt.NDArray[Any]) -> bytes:
    from datakit.io.pixels import images
    from datakit.io.pixels.png import with_chunks

    palette = bytes(channel for number in range(256) for channel in voc_colour(number))
    return with_chunks(images.encode_png(label), [(b"PLTE", palette)], colour_type=3)
