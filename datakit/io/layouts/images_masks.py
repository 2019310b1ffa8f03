"""``images-masks``: folders whose names say that they hold photos, masks, alphas or trimaps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

from datakit.io.layouts.base import SPLITS, ReadSettings
from datakit.io.layouts.class_names import find_class_names
from datakit.io.layouts.pictures import (
    ANY_LABEL,
    LABEL_SUFFIX,
    PictureReader,
    Place,
    folder_words,
    is_image,
    refs_of,
    stem_of,
)
from datakit.io.store.files import Root

KIND_OF_WORD: Mapping[str, str] = {
    **dict.fromkeys(("trimap", "trimaps"), "trimap"),
    **dict.fromkeys(("alpha", "alphas", "matte", "mattes", "pha"), "alpha"),
    **dict.fromkeys(("mask", "masks"), "mask"),
    **dict.fromkeys(("ignore", "ignores"), "ignore"),
    **dict.fromkeys(
        (
            *("label", "labels", "gt", "gts", "groundtruth", "groundtruths", "truth", "truths"),
            *("annotation", "annotations", "segmentation", "segmentations", "seg", "target"),
            *("targets", "silhouette", "silhouettes"),
        ),
        ANY_LABEL,
    ),
    **dict.fromkeys(
        (
            *("image", "images", "img", "imgs", "im", "photo", "photos", "picture", "pictures"),
            *("input", "inputs", "rgb", "original", "originals"),
        ),
        "image",
    ),
}
"""Word in a folder's name -> what the folder holds; of several words the first of this order."""


class ImagesMasksReader(PictureReader):
    """``[SPLIT/]images/…`` with ``masks/``, ``alphas/``, ``trimaps/``, ``labels/`` … of equal stems.

    Folders are told by the words of their names (``imgs``, ``input``, ``Training_Images``;
    ``gt``, ``annotations``, ``Ground_Truth``). Splits may be above (``train/images/…``), below
    (``images/train/…``) or in the name (``train_images``). What the labels hold is told by their
    content where no name tells: 0 and 255, class indices (also of a palette), colours, mattes.
    ADE20K's tree is one of these.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        places = _places(names)
        classes = find_class_names(root, names)
        super().__init__(root, names, refs_of(root, places), classes=classes)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there are both a folder of images and one of labels."""
        places = _places(names)
        kinds = {found.kind for found in places.values()} - {"ignore"}
        if "image" not in kinds or len(kinds) < 2:
            return False
        by_word = any(found.kind == "image" and place(name) for name, found in places.items())
        return by_word or _mostly_paired(places.values())


def _places(names: list[str]) -> dict[str, Place]:
    """Place the pictures; where no folder is one of images, what is no label is an image."""
    found = {name: place(name) for name in names if is_image(name)}
    if any(one and one.kind == "image" for one in found.values()):
        return {name: one for name, one in found.items() if one}
    return {name: one or _loose_image(name) for name, one in found.items()}


def _loose_image(name: str) -> Place:
    parts = name.split("/")
    split = next((SPLITS[part.lower()] for part in parts[:-1] if part.lower() in SPLITS), None)
    return Place("image", split, "/".join(p for p in parts if p.lower() not in SPLITS))


def _mostly_paired(places: Collection[Place]) -> bool:
    stems = {(one.split, stem_of(one.rel)) for one in places if one.kind == "image"}
    labels = [(one.split, stem_of(one.rel)) for one in places if one.kind != "image"]
    bare = sum(key in stems or (key[0], LABEL_SUFFIX.sub("", key[1])) in stems for key in labels)
    return 2 * bare >= len(labels)


def place(name: str) -> Place | None:
    """Place a file by the words of its folders' names: the deepest that names a label, else image.

    Examples
    --------
    >>> place("Training_Images/1.jpg"), place("set/gt/val/2.png")  # doctest: +ELLIPSIS
    (Place(kind='image', split='train', rel='1.jpg', ...), Place(kind='label', split='val', ...))
    """
    parts = name.split("/")
    named = [(depth, kind) for depth, part in enumerate(parts[:-1]) if (kind := kind_of(part))]
    if not named:
        return None
    # Of images/portraits_mask/ the label's word decides; of two alike, the outer one.
    depth, kind = next(((d, k) for d, k in named if k != "image"), named[0])
    before, rest = parts[:depth], parts[depth + 1 :]
    split = split_in(parts[depth])
    if split is None and before and (split := SPLITS.get(before[-1].lower())):
        before = before[:-1]
    if split is None and len(rest) > 1 and (split := SPLITS.get(rest[0].lower())):
        rest = rest[1:]
    # Beside images/anna/1.jpg may lie images/anna/masks/1.png.
    before = [part for part in before if kind_of(part) != "image"]
    return Place(kind, split, "/".join([*before, *rest]))


@lru_cache(maxsize=4096)
def kind_of(folder: str) -> str | None:
    """Return what a folder of this name holds, None where its name does not tell."""
    words = folder_words(folder)
    kinds = {KIND_OF_WORD[word] for word in words if word in KIND_OF_WORD}
    return next((kind for kind in dict.fromkeys(KIND_OF_WORD.values()) if kind in kinds), None)


@lru_cache(maxsize=4096)
def split_in(folder: str) -> str | None:
    """Return the split that a word of a folder's name names."""
    return next((SPLITS[word] for word in folder_words(folder) if word in SPLITS), None)
