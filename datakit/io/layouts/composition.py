"""``composition``: merged photos with alpha, trimap, foreground and background (Composition-1k)."""

from __future__ import annotations

import re
from dataclasses import replace

from datakit.io.layouts.named_folders import NamedFoldersReader
from datakit.io.layouts.pictures import Placement

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
