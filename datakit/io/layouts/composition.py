"""``composition``: merged photos with alpha, trimap, foreground and background (Composition-1k)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

from datakit.io.layouts.base import Item
from datakit.io.layouts.named_folders import NamedFoldersReader
from datakit.io.layouts.picture import Picture, counted
from datakit.io.layouts.placements import Placement
from datakit.io.layouts.sample_names import side
from datakit.io.layouts.writer import Facts, Settings, Written

_KINDS = {
    "merged": "image",
    "alpha": "alpha",
    "trimap": "trimap",
    "trimaps": "trimap",
    "fg": "",
    "bg": "",
}
_COPY = re.compile(r"_\d+$")


class CompositionReader(NamedFoldersReader):
    """``[SPLIT/]{merged, alpha, trimap, fg, bg}/NAME_N.png``, as Adobe and mmagic make it.

    ``merged`` is the photo and ``alpha`` its label; ``fg`` and ``bg`` are no samples. One
    foreground is merged with many backgrounds (``NAME_0``, ``NAME_1`` …): these are one group.
    """

    KINDS = _KINDS
    REQUIRED = ("merged", "alpha")

    @classmethod
    def place(cls, name: str) -> Placement | None:
        """Return a picture's place, in the group of its foreground."""
        place = super().place(name)
        return place and replace(place, group=_COPY.sub("", place.rel.rpartition(".")[0]))


class CompositionWriter:
    """``SPLIT/{merged, alpha, trimap, fg, bg}/NAME_0.png``; no split is ``train``.

    ``fg`` and ``bg`` are the foreground's and the background's own colours, estimated from image
    and matte. A trimap that the sample lacks is made of its matte, as P3M makes trimaps.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="matting trainings and tests on Composition-1k (mmagic, Adobe's folders)",
        loses="8-bit mattes without classes; groups: each photo is a foreground of its own",
        binary=True,
    )

    def __init__(self, settings: Settings) -> None:
        pass

    def folder(self, item: Item) -> str | None:
        """Return the split's folder."""
        return side(item)

    def write(self, picture: Picture) -> Written:
        """Return photo, matte, trimap and both colours."""
        from datakit.io.pixels import images

        folder, name = self.folder(picture.item), f"{picture.name}_0.png"
        trimap, made = picture.trimap_or_made()
        image, again = picture.image_file(".png")
        names = {
            "image": f"{folder}/merged/{name}",
            picture.matte_role: f"{folder}/alpha/{name}",
            "trimap": f"{folder}/trimap/{name}",
        }
        return Written(
            files={
                names["image"]: image,
                names[picture.matte_role]: images.encode_png(picture.matte),
                names["trimap"]: images.encode_png(trimap),
                f"{folder}/fg/{name}": images.encode_png(picture.foreground()),
                f"{folder}/bg/{name}": images.encode_png(picture.background()),
            },
            roles=names,
            counts=counted(images_encoded_again=again, trimaps_made=made),
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write nothing more."""
        yield from ()
