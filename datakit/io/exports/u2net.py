"""``u2net``: the folders that the training program of U-2-Net reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from datakit.io.layouts.base import Item
from datakit.io.layouts.picture import Picture, counted, side
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.pixels import images

_TRAIN = ("DUTS/DUTS-TR/DUTS-TR/im_aug", "DUTS/DUTS-TR/DUTS-TR/gt_aug")
_TEST = ("DUTS/DUTS-TE/DUTS-TE-Image", "DUTS/DUTS-TE/DUTS-TE-Mask")


class U2Net:
    """``DUTS/DUTS-TR/DUTS-TR/{im_aug/NAME.jpg, gt_aug/NAME.png}``, val and test as ``DUTS-TE``.

    DST is what the training program calls ``train_data``.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="U-2-Net's training program (DST is its train_data)",
        loses="8-bit labels without classes; JPEG images; val and test both become DUTS-TE",
    )

    def __init__(self, settings: Settings) -> None:
        pass

    def folder(self, item: Item) -> str | None:
        """Return the folder of a sample's image."""
        return (_TRAIN if item.split in (None, "train") else _TEST)[0]

    def write(self, picture: Picture) -> Written:
        """Return image and label."""
        training = picture.item.split in (None, "train")
        image_folder, label_folder = _TRAIN if training else _TEST
        # Two sides share the folder of the tests, and may share a name.
        name = picture.name if training else f"{side(picture.item)}_{picture.name}"
        image, again = picture.image_file(".jpg")
        names = {
            "image": f"{image_folder}/{name}.jpg",
            picture.matte_role: f"{label_folder}/{name}.png",
        }
        label = images.encode_png(picture.matte)
        return Written(
            files={names["image"]: image, names[picture.matte_role]: label},
            roles=names,
            counts=counted(images_encoded_again=again),
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write nothing more."""
        yield from ()
