"""``rvm``: foreground and alpha of video frames, as Robust Video Matting's trainings read them."""

from __future__ import annotations

from dataclasses import replace

from datakit.io.layouts.named_folders import NamedFoldersReader
from datakit.io.layouts.pictures import Placement

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
