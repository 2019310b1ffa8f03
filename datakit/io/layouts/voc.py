"""``voc``: PASCAL VOC's segmentation tree, as VOC itself, CVAT, labelme and others write it."""

from __future__ import annotations

from dataclasses import replace

from datakit.io.layouts.base import SPLITS, ReadSettings
from datakit.io.layouts.class_names import ClassNames, find_class_names
from datakit.io.layouts.pictures import (
    PictureReader,
    Placement,
    by_folder,
    is_image,
    refs_of,
    stem_of,
)
from datakit.io.store.files import Root

_KINDS = {
    "jpegimages": "image",
    "segmentationclass": "mask",
    "segmentationclasspng": "mask",
    "segmentationobject": "objects",
    "segmentationobjectpng": "objects",
    "segmentationclassvisualization": "",
}
_LISTS = "ImageSets/Segmentation/"
VOC_CLASSES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair"),
    *("cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor"),
)


class VocReader(PictureReader):
    """``JPEGImages``, ``SegmentationClass`` (255 is what nobody knows) and ``SegmentationObject``.

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
        for name in filter(is_image, names):
            if place := by_folder(name, _KINDS, {}):
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
        folders = {part.lower() for name in names for part in name.split("/")[:-1]}
        return "jpegimages" in folders and not folders.isdisjoint(
            {"segmentationclass", "segmentationclasspng"}
        )


def _own_classes(names: list[str]) -> ClassNames | None:
    if not any("VOCdevkit/" in f"{name}/" or "/VOC20" in f"/{name}" for name in names):
        return None
    return ClassNames(file="", values=dict(enumerate(VOC_CLASSES)))


def _splits(root: Root, lists: list[str]) -> dict[str, str]:
    """Return stem -> split; trainval and other lists name no split."""
    found: dict[str, str] = {}
    for name in lists:
        split = SPLITS.get(stem_of(name).rpartition("/")[2].lower())
        if split:
            text = root.read(name).decode("utf-8", "replace")
            found.update(
                dict.fromkeys(
                    (line.split()[0] for line in text.splitlines() if line.strip()), split
                )
            )
    return found
