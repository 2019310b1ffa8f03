"""``rvm``: foreground and alpha of video frames, as Robust Video Matting's trainings read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

from datakit.io.layouts.base import Item
from datakit.io.layouts.named_folders import NamedFoldersReader
from datakit.io.layouts.picture import Picture
from datakit.io.layouts.placements import Placement
from datakit.io.layouts.sample_names import side
from datakit.io.layouts.writer import Facts, Settings, Written

_KINDS = {"fgr": "image", "pha": "alpha", "bgr": ""}


class RvmReader(NamedFoldersReader):
    """``[SPLIT/]{fgr, pha}/[CLIP/]NAME.jpg``; the frames of one clip are one group.

    ``fgr`` is read as the photo: the person before whatever the alpha leaves out. ``bgr`` holds no
    samples.
    """

    KINDS = _KINDS
    REQUIRED = ("fgr", "pha")

    @classmethod
    def place(cls, name: str) -> Placement | None:
        """Return a picture's place, in the group of its clip."""
        place = super().place(name)
        return place and replace(place, group=place.rel.rpartition("/")[0] or None)


class RvmWriter:
    """``SPLIT/{fgr, pha}/NAME.png``, as its image datasets are; no split is ``train``.

    ``fgr`` is the foreground's own colours, estimated from image and matte: the training puts them
    before backgrounds of its own.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="Robust Video Matting's training (its folders of images)",
        loses="8-bit mattes without classes; the photo's background: fgr holds foreground colours",
        binary=True,
    )

    def __init__(self, settings: Settings) -> None:
        pass

    def folder(self, item: Item) -> str | None:
        """Return the split's folder."""
        return side(item)

    def write(self, picture: Picture) -> Written:
        """Return colours and matte."""
        from datakit.io.pixels import images

        folder, name = self.folder(picture.item), f"{picture.name}.png"
        names = {
            "image": f"{folder}/fgr/{name}",
            picture.matte_role: f"{folder}/pha/{name}",
        }
        return Written(
            files={
                names["image"]: images.encode_png(picture.foreground()),
                names[picture.matte_role]: images.encode_png(picture.matte),
            },
            roles=names,
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write nothing more."""
        yield from ()
