"""``modnet``: image, trimap and matte, as MODNet's supervised training wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from datakit.io.layouts.base import Item
from datakit.io.layouts.named_folders import NamedFoldersReader
from datakit.io.layouts.picture import Picture, counted
from datakit.io.layouts.sample_names import side
from datakit.io.layouts.writer import Facts, Settings, Written

_KINDS = {"image": "image", "trimap": "trimap", "matte": "alpha"}


class ModNetReader(NamedFoldersReader):
    """``[SPLIT/]{image/NAME.jpg, trimap/NAME.png, matte/NAME.png}``."""

    KINDS = _KINDS
    REQUIRED = ("image", "matte")


class ModNetWriter:
    """``SPLIT/{image/NAME.jpg, trimap/NAME.png, matte/NAME.png}``; no split is ``train``.

    A trimap that the sample lacks is made of its matte, as P3M makes trimaps.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="MODNet's supervised training (image, trimap, matte)",
        loses="8-bit mattes without classes; JPEG images",
        binary=True,
    )

    def __init__(self, settings: Settings) -> None:
        pass

    def folder(self, item: Item) -> str | None:
        """Return the split's folder."""
        return side(item)

    def write(self, picture: Picture) -> Written:
        """Return image, trimap and matte."""
        from datakit.io.pixels import images

        folder = self.folder(picture.item)
        image, again, converted = picture.rgb_jpeg()
        trimap, made = picture.trimap_or_made()
        names = {
            "image": f"{folder}/image/{picture.name}.jpg",
            "trimap": f"{folder}/trimap/{picture.name}.png",
            picture.matte_role: f"{folder}/matte/{picture.name}.png",
        }
        return Written(
            files={
                names["image"]: image,
                names["trimap"]: images.encode_png(trimap),
                names[picture.matte_role]: images.encode_png(picture.matte),
            },
            roles=names,
            counts=counted(
                images_encoded_again=again, images_made_RGB=converted, trimaps_made=made
            ),
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write nothing more."""
        yield from ()
