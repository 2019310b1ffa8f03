"""``dis``: the folders ``im`` and ``gt`` of DIS5K, as BiRefNet and other trainings read them."""

from __future__ import annotations

from datakit.io.layouts.base import SPLITS, ReadSettings
from datakit.io.layouts.pictures import (
    ANY_LABEL,
    PictureReader,
    by_folder,
    is_image,
    refs_of,
)
from datakit.io.store.files import Root

_KINDS = {"im": "image", "gt": ANY_LABEL}
_SPLITS = {
    **SPLITS,
    "dis-tr": "train",
    "dis-vd": "val",
    **{f"dis-te{number}": "test" for number in range(1, 5)},
}


class DisReader(PictureReader):
    """``PART/{im/NAME.jpg, gt/NAME.png}``; DIS-TR is train, DIS-VD val, DIS-TE1 … DIS-TE4 test.

    Other parts are trained on together and become no split. The labels are masks or mattes, as
    their content tells. DIS5K's names ``N#Class#N#Subclass#ID`` are kept.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        places = {name: by_folder(name, _KINDS, _SPLITS) for name in names if is_image(name)}
        super().__init__(root, names, refs_of(root, places))

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there are folders ``im`` and ``gt`` with pictures."""
        return all(any(f"/{kind}/" in f"/{n}" and is_image(n) for n in names) for kind in _KINDS)
