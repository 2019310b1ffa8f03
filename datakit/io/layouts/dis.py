"""``dis``: the folders ``im`` and ``gt`` of DIS5K, as BiRefNet and other trainings read them."""

from __future__ import annotations

from datakit.io.layouts.base import SPLITS
from datakit.io.layouts.named_folders import NamedFoldersReader
from datakit.io.layouts.pictures import (
    ANY_LABEL,
    Placement,
    by_folder,
)

_KINDS = {"im": "image", "gt": ANY_LABEL}
_SPLITS = {
    **SPLITS,
    "dis-tr": "train",
    "dis-vd": "val",
    **{f"dis-te{number}": "test" for number in range(1, 5)},
}


class DisReader(NamedFoldersReader):
    """``PART/{im/NAME.jpg, gt/NAME.png}``; DIS-TR is train, DIS-VD val, DIS-TE1 … DIS-TE4 test.

    Other parts are trained on together and become no split. The labels are masks or mattes, as
    their content tells. DIS5K's names ``N#Class#N#Subclass#ID`` are kept.
    """

    KINDS = _KINDS
    REQUIRED = tuple(_KINDS)

    @classmethod
    def place(cls, name: str) -> Placement | None:
        """Return a picture's place; DIS5K's parts are splits."""
        return by_folder(name, cls.KINDS, _SPLITS)
