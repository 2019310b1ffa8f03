"""``composition``: merged photos with alpha, trimap, foreground and background (Composition-1k)."""

from __future__ import annotations

import re
from dataclasses import replace

from datakit.io.layouts.base import ReadSettings
from datakit.io.layouts.pictures import PictureReader, Placement, by_folder, is_image, refs_of
from datakit.io.store.files import Root

_KINDS = {
    "merged": "image",
    "alpha": "alpha",
    "trimap": "trimap",
    "trimaps": "trimap",
    "fg": "",
    "bg": "",
}
_COPY = re.compile(r"_\d+$")


class CompositionReader(PictureReader):
    """``[SPLIT/]{merged, alpha, trimap, fg, bg}/NAME_N.png``, as Adobe and mmagic make it.

    ``merged`` is the photo and ``alpha`` its label; ``fg`` and ``bg`` are no samples. One
    foreground is merged with many backgrounds (``NAME_0``, ``NAME_1`` …): these are one group.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        places = {name: _place(name) for name in names if is_image(name)}
        super().__init__(root, names, refs_of(root, places))

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there are folders ``merged`` and ``alpha`` with pictures."""
        wanted = ("/merged/", "/alpha/")
        return all(any(kind in f"/{n}" and is_image(n) for n in names) for kind in wanted)


def _place(name: str) -> Placement | None:
    place = by_folder(name, _KINDS)
    if place is None:
        return None
    return replace(place, group=_COPY.sub("", place.rel.rpartition(".")[0]))
