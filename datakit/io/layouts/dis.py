"""``dis``: the folders ``im`` and ``gt`` of DIS5K, as BiRefNet and other trainings read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from datakit.io.layouts.base import SPLITS, Item
from datakit.io.layouts.named_folders import NamedFoldersReader
from datakit.io.layouts.picture import Picture, counted
from datakit.io.layouts.placements import ANY_LABEL, Placement, by_folder
from datakit.io.layouts.writer import Facts, Settings, Written

_KINDS = {"im": "image", "gt": ANY_LABEL}
_SPLITS = {
    **SPLITS,
    "dis-tr": "train",
    "dis-vd": "val",
    **{f"dis-te{number}": "test" for number in range(1, 5)},
}


class DisReader(NamedFoldersReader):
    """``PART/{im/NAME.jpg, gt/NAME.png}``; DIS-TR is train, DIS-VD val, DIS-TE1 … DIS-TE4 test.

    Other parts are trained on together and become no split. The labels are masks or mattes, as
    their content tells. DIS5K's names ``N#Class#N#Subclass#ID`` are kept.
    """

    KINDS = _KINDS
    REQUIRED = tuple(_KINDS)

    @classmethod
    def place(cls, name: str) -> Placement | None:
        """Return a picture's place; DIS5K's parts are splits."""
        return by_folder(name, cls.KINDS, _SPLITS)


_PARTS = {None: "DIS-TR", "train": "DIS-TR", "val": "DIS-VD", "test": "DIS-TE1"}


class DisWriter:
    """``DIS-TR`` (train, or no split), ``DIS-VD`` (val), ``DIS-TE1`` (test): ``im`` and ``gt``."""

    FACTS: ClassVar[Facts] = Facts(
        reader="trainings on DIS5K, such as IS-Net's and BiRefNet's",
        loses="8-bit labels without classes; JPEG images; there is no side but train, val and test",
        binary=True,
    )

    def __init__(self, settings: Settings) -> None:
        pass

    def folder(self, item: Item) -> str | None:
        """Return the part that a sample belongs to; None: DIS5K has no such side."""
        return _PARTS.get(item.split)

    def write(self, picture: Picture) -> Written:
        """Return image and label."""
        from datakit.io.pixels import images

        part = self.folder(picture.item)
        image, again, converted = picture.rgb_jpeg()
        names = {
            "image": f"{part}/im/{picture.name}.jpg",
            picture.matte_role: f"{part}/gt/{picture.name}.png",
        }
        return Written(
            files={
                names["image"]: image,
                names[picture.matte_role]: images.encode_png(picture.matte),
            },
            roles=names,
            counts=counted(images_encoded_again=again, images_made_RGB=converted),
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write nothing more."""
        yield from ()
