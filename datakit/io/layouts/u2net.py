"""``u2net``: the folders that the training program of U-2-Net reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.picture import Picture, counted
from datakit.io.layouts.pictures import PictureReader, refs_of
from datakit.io.layouts.placements import ANY_LABEL, Placement, is_image
from datakit.io.layouts.sample_names import side
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.store.files import Root

_FOLDERS = {
    "im_aug": ("image", "train"),
    "gt_aug": (ANY_LABEL, "train"),
    "DUTS-TR-Image": ("image", "train"),
    "DUTS-TR-Mask": (ANY_LABEL, "train"),
    "DUTS-TE-Image": ("image", "test"),
    "DUTS-TE-Mask": (ANY_LABEL, "test"),
}


class U2NetReader(PictureReader):
    """``DUTS/DUTS-TR/DUTS-TR/{im_aug, gt_aug}`` and ``DUTS-TE/{DUTS-TE-Image, DUTS-TE-Mask}``.

    The folders may lie anywhere. The labels are masks or mattes, as their content tells.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        places = {name: place for name in names if is_image(name) and (place := _place(name))}
        super().__init__(root, names, refs_of(root, _own_splits(places)))

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there are an image folder and a label folder of these names."""
        kinds = {place.kind for name in names if (place := _place(name))}
        return len(kinds) == 2


def _own_splits(places: dict[str, Placement]) -> dict[str, Placement]:
    """Return val and test apart where all files of the tests tell, as datakit's export names them.

    U-2-Net has one folder of tests for both.
    """
    tests = {name: place for name, place in places.items() if place.split == "test"}
    if not all(place.rel.startswith(("val_", "test_")) for place in tests.values()):
        return places
    divided = {
        name: replace(place, split=split, rel=rel)
        for name, place in tests.items()
        for split, _, rel in [place.rel.partition("_")]
    }
    return {**places, **divided}


def _place(name: str) -> Placement | None:
    parts = name.split("/")
    for depth, part in enumerate(parts[:-1]):
        if part in _FOLDERS:
            kind, split = _FOLDERS[part]
            return Placement(kind, split, "/".join(parts[depth + 1 :]))
    return None


_TRAIN = ("DUTS/DUTS-TR/DUTS-TR/im_aug", "DUTS/DUTS-TR/DUTS-TR/gt_aug")
_TEST = ("DUTS/DUTS-TE/DUTS-TE-Image", "DUTS/DUTS-TE/DUTS-TE-Mask")


class U2NetWriter:
    """``DUTS/DUTS-TR/DUTS-TR/{im_aug/NAME.jpg, gt_aug/NAME.png}``, val and test as ``DUTS-TE``.

    DST is what the training program calls ``train_data``.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="U-2-Net's training program (DST is its train_data)",
        loses="8-bit labels without classes; JPEG images; val and test both become DUTS-TE",
        takes_empty=False,
        binary=True,
    )

    def __init__(self, settings: Settings) -> None:
        pass

    def folder(self, item: Item) -> str | None:
        """Return the folder of a sample's image."""
        return (_TRAIN if item.split in (None, "train") else _TEST)[0]

    def write(self, picture: Picture) -> Written:
        """Return image and label."""
        from datakit.io.pixels import images

        training = picture.item.split in (None, "train")
        image_folder, label_folder = _TRAIN if training else _TEST
        # Two sides share the folder of the tests, and may share a name.
        name = picture.name if training else f"{side(picture.item)}_{picture.name}"
        image, again, converted = picture.rgb_jpeg()
        names = {
            "image": f"{image_folder}/{name}.jpg",
            picture.matte_role: f"{label_folder}/{name}.png",
        }
        label = images.encode_png(picture.matte)
        return Written(
            files={names["image"]: image, names[picture.matte_role]: label},
            roles=names,
            counts=counted(images_encoded_again=again, images_made_RGB=converted),
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write nothing more."""
        yield from ()
