"""``images-masks``: folders whose names say that they hold photos, masks, alphas or trimaps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import ClassVar

from datakit.io.layouts.base import SPLITS, Item, ReadSettings
from datakit.io.layouts.class_names import find_class_names
from datakit.io.layouts.folder_names import kind_of, split_in
from datakit.io.layouts.picture import Picture, counted
from datakit.io.layouts.pictures import PictureReader, refs_of
from datakit.io.layouts.placements import LABEL_SUFFIX, Placement, is_image, stem_of
from datakit.io.layouts.sample_names import JPEG, side
from datakit.io.layouts.writer import Facts, Settings, Written, label_map_file
from datakit.io.store.files import Root
from datakit.records.labels import IGNORED, has_void


class ImagesMasksReader(PictureReader):
    """``[SPLIT/]images/…`` with ``masks/``, ``alphas/``, ``trimaps/`` … of equal stems.

    Folders are recognised by the words in their names (``imgs``, ``input``, ``Training_Images``;
    ``gt``, ``annotations``, ``Ground_Truth``). Splits may be above (``train/images/…``), below
    (``images/train/…``) or in the name (``train_images``). What the labels hold is recognised by
    their content where no name tells: 0 and 255, class indices (also of a palette), colours,
    mattes. ADE20K's tree is one of these.
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


def _places(names: list[str]) -> dict[str, Placement]:
    """Place the pictures; where no folder is one of images, what is no label is an image."""
    found = {name: place(name) for name in names if is_image(name)}
    if any(one and one.kind == "image" for one in found.values()):
        return _same_splits({name: one for name, one in found.items() if one})
    return {name: one or _loose_image(name) for name, one in found.items()}


def _same_splits(places: dict[str, Placement]) -> dict[str, Placement]:
    """Drop a split that only the images' or only the labels' folder names: it tells nothing."""
    images = {one.split for one in places.values() if one.kind == "image"}
    labels = {one.split for one in places.values() if one.kind != "image"}
    if images == labels or {None} not in (images, labels) or len(images | labels) > 2:
        return places
    return {name: replace(one, split=None) for name, one in places.items()}


def _loose_image(name: str) -> Placement:
    parts = name.split("/")
    split = next((SPLITS[part.lower()] for part in parts[:-1] if part.lower() in SPLITS), None)
    return Placement("image", split, "/".join(p for p in parts if p.lower() not in SPLITS))


def _mostly_paired(places: Collection[Placement]) -> bool:
    stems = {(one.split, stem_of(one.rel)) for one in places if one.kind == "image"}
    labels = [(one.split, stem_of(one.rel)) for one in places if one.kind != "image"]
    bare = sum(key in stems or (key[0], LABEL_SUFFIX.sub("", key[1])) in stems for key in labels)
    return 2 * bare >= len(labels)


def place(name: str) -> Placement | None:
    """Place a file by its folders' words: the outermost that names a label, else an image.

    Examples
    --------
    >>> place("Training_Images/1.jpg")  # doctest: +ELLIPSIS
    Placement(kind='image', split='train', rel='1.jpg', ...)
    >>> place("set/gt/val/2.png")  # doctest: +ELLIPSIS
    Placement(kind='label', split='val', rel='set/2.png', ...)
    """
    folder, _, file = name.rpartition("/")
    found = _place_of_folder(folder)
    if found is None:
        return None
    kind, split, kept = found
    return Placement(kind, split, kept + file)


@lru_cache(maxsize=65536)
def _place_of_folder(folder: str) -> tuple[str, str | None, str] | None:
    """Return kind and split of the files of a folder, and the start of their path in the split."""
    parts = folder.split("/")
    named = [(depth, kind) for depth, part in enumerate(parts) if (kind := kind_of(part))]
    if not named:
        return None
    # Of images/portraits_mask/ the label's word decides; of two alike, the outer one.
    depth, kind = next(((d, k) for d, k in named if k != "image"), named[0])
    before, rest = parts[:depth], parts[depth + 1 :]
    split = split_in(parts[depth])
    if split is None and before and (split := SPLITS.get(before[-1].lower())):
        before = before[:-1]
    if split is None and rest and (split := SPLITS.get(rest[0].lower())):
        rest = rest[1:]
    # Beside images/anna/1.jpg may lie images/anna/masks/1.png.
    before = [part for part in before if kind_of(part) != "image"]
    return kind, split, "".join(f"{part}/" for part in (*before, *rest))


_KEPT = JPEG | {".png"}


class ImagesMasksWriter:
    """``[SPLIT/]imgs/NAME.jpg`` with ``[SPLIT/]masks/NAME.png``.

    As the common PyTorch U-Net trainings read it: every file of ``imgs/`` is a sample, and just
    one file of ``masks/`` has its stem. Class indices and object ids are kept, 255 among classes is
    the unknown region, and ``label_map.json`` names them.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="PyTorch U-Net trainings (imgs/ and masks/)",
        loses="masks only: an alpha is cut at one half where there is no mask",
        carries_ignore=True,
        ignore_needs_classes=True,
    )

    def __init__(self, settings: Settings) -> None:
        self._label_map = settings.label_map
        self._void = has_void(settings.label_map, objects=settings.instances)

    def folder(self, item: Item) -> str | None:
        """Return the split's folder."""
        return f"{side(item)}/" if item.split else ""

    def write(self, picture: Picture) -> Written:
        """Return image and mask."""
        from datakit.io.pixels import images

        folder = self.folder(picture.item)
        suffix = picture.suffix if picture.suffix in _KEPT else ".png"
        image, again = picture.image_file(suffix)
        mask = picture.binary if picture.mask is None else picture.mask
        if self._void and picture.ignore is not None:
            mask = mask.copy()
            mask[picture.ignore > 0] = IGNORED
        names = {
            "image": f"{folder}imgs/{picture.name}{suffix}",
            "mask": f"{folder}masks/{picture.name}.png",
        }
        return Written(
            files={names["image"]: image, names["mask"]: images.encode_png(mask)},
            roles=names,
            counts=counted(images_encoded_again=again, alphas_cut=int(picture.mask is None)),
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Name the classes."""
        yield from label_map_file(self._label_map)
