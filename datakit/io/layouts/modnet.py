"""``modnet``: image, trimap and matte, as MODNet's supervised training wants them."""

from __future__ import annotations

from datakit.io.layouts.base import ReadSettings
from datakit.io.layouts.pictures import PictureReader, by_folder, is_image, refs_of
from datakit.io.store.files import Root

_KINDS = {"image": "image", "trimap": "trimap", "matte": "alpha"}


class ModNetReader(PictureReader):
    """``[SPLIT/]{image/NAME.jpg, trimap/NAME.png, matte/NAME.png}``."""

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        places = {name: by_folder(name, _KINDS) for name in names if is_image(name)}
        super().__init__(root, names, refs_of(root, places))

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there are folders ``image`` and ``matte`` with pictures."""
        wanted = ("/image/", "/matte/")
        return all(any(kind in f"/{n}" and is_image(n) for n in names) for kind in wanted)
