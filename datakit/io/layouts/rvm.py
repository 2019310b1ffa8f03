"""``rvm``: foreground and alpha of video frames, as Robust Video Matting's trainings read them."""

from __future__ import annotations

from dataclasses import replace

from datakit.io.layouts.base import ReadSettings
from datakit.io.layouts.pictures import PictureReader, Placement, by_folder, is_image, refs_of
from datakit.io.store.files import Root

_KINDS = {"fgr": "image", "pha": "alpha", "bgr": ""}


class RvmReader(PictureReader):
    """``[SPLIT/]{fgr, pha}/[CLIP/]NAME.jpg``; the frames of one clip are one group.

    ``fgr`` is read as the photo: the person before whatever the alpha leaves out. ``bgr`` holds no
    samples.
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
        """Tell whether there are folders ``fgr`` and ``pha`` with pictures."""
        wanted = ("/fgr/", "/pha/")
        return all(any(kind in f"/{n}" and is_image(n) for n in names) for kind in wanted)


def _place(name: str) -> Placement | None:
    place = by_folder(name, _KINDS)
    if place is None:
        return None
    return replace(place, group=place.rel.rpartition("/")[0] or None)
