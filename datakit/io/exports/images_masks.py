"""``images-masks``: a plain U-Net's folders ``imgs/`` and ``masks/``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from datakit.io.layouts.base import Item
from datakit.io.layouts.picture import JPEG, Picture, counted, side
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.pixels import images

_KEPT = JPEG | {".png"}


class ImagesMasks:
    """``[SPLIT/]imgs/NAME.jpg`` with ``[SPLIT/]masks/NAME.png``.

    As the common PyTorch U-Net trainings read it: every file of ``imgs/`` is a sample, and just
    one file of ``masks/`` has its stem. Class indices and object ids are kept.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="PyTorch U-Net trainings (imgs/ and masks/)",
        loses="masks only: an alpha is cut at one half where there is no mask",
    )

    def __init__(self, settings: Settings) -> None:
        pass

    def folder(self, item: Item) -> str | None:
        """Return the split's folder."""
        return f"{side(item)}/" if item.split else ""

    def write(self, picture: Picture) -> Written:
        """Return image and mask."""
        folder = self.folder(picture.item)
        suffix = picture.suffix if picture.suffix in _KEPT else ".png"
        image, again = picture.image_file(suffix)
        mask = picture.binary if picture.mask is None else picture.mask
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
        """Write nothing more."""
        yield from ()
