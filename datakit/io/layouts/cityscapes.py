"""``cityscapes``: ``leftImg8bit`` with ``gtFine``: label pictures named after the photo."""

from __future__ import annotations

import re

from datakit.io.layouts.base import SPLITS, ReadSettings
from datakit.io.layouts.class_names import ClassNames, find_class_names
from datakit.io.layouts.pictures import PictureReader, refs_of
from datakit.io.layouts.placements import Placement, is_image
from datakit.io.store.files import Root

_VOID = (
    "unlabeled",
    "ego vehicle",
    "rectification border",
    "out of roi",
    "static",
    "dynamic",
    "ground",
)
_CLASSES = (
    *("road", "sidewalk", "parking", "rail track", "building", "wall", "fence", "guard rail"),
    *("bridge", "tunnel", "pole", "polegroup", "traffic light", "traffic sign", "vegetation"),
    *("terrain", "sky", "person", "rider", "car", "truck", "bus", "caravan", "trailer", "train"),
    *("motorcycle", "bicycle"),
)
_NAMED = {
    **dict.fromkeys(range(len(_VOID)), "void"),
    **dict(enumerate(_CLASSES, len(_VOID))),
}
_LABEL = re.compile(r"_gt(?:Fine|Coarse)_(labelIds|instanceIds|color|polygons)$")
_PHOTO = re.compile(r"_leftImg8bit$")


class CityscapesReader(PictureReader):
    """``leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.png`` with ``gtFine/…/NAME_gtFine_labelIds.png``.

    ``instanceIds`` are the objects. The ids 0 to 6 (void) are unknown, unless a file beside names
    other classes (``label_colors.txt``, as Datumaro writes it). The photos of one
    sequence (``CITY_SEQUENCE_FRAME``) are one group.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        places = {name: _place(name) for name in names if is_image(name)}
        classes = find_class_names(root, names) or ClassNames(file="", values=_NAMED)
        super().__init__(root, names, refs_of(root, places), classes=classes)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there are photos and label ids of these names."""
        return any(n.endswith("_leftImg8bit.png") for n in names) and any(
            n.endswith("_labelIds.png") for n in names
        )


def _place(name: str) -> Placement | None:
    parts = name.split("/")
    stem, _, suffix = parts[-1].rpartition(".")
    label = _LABEL.search(stem)
    if label is None and not _PHOTO.search(stem):
        return None
    kind = (
        "image"
        if label is None
        else {"labelIds": "mask", "instanceIds": "objects"}.get(label[1], "")
    )
    bare = _PHOTO.sub("", _LABEL.sub("", stem))
    split = next((SPLITS[part.lower()] for part in parts[:-1] if part.lower() in SPLITS), None)
    city = parts[-2] if len(parts) > 1 and parts[-2].lower() not in SPLITS else ""
    rel = f"{city}/{bare}.{suffix}" if city else f"{bare}.{suffix}"
    return Placement(kind, split, rel, group="_".join(bare.split("_")[:2]))
