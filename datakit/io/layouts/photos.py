"""``photos``: every picture below a folder, without labels."""

from __future__ import annotations

from datakit.io.layouts.base import SPLITS, ReadSettings
from datakit.io.layouts.pictures import PictureReader, refs_of
from datakit.io.layouts.placements import Placement, is_image
from datakit.io.store.files import Root


class PhotosReader(PictureReader):
    """Every picture below a folder; a top folder named like a split is its split."""

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        super().__init__(root, names, refs_of(root, {n: _place(n) for n in names if is_image(n)}))

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is a picture."""
        return any(map(is_image, names))


def _place(name: str) -> Placement:
    top, _, rest = name.partition("/")
    split = SPLITS.get(top.lower()) if rest else None
    return Placement("image", split, rest if split else name)
