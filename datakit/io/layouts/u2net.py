"""``u2net``: the folders that the training program of U-2-Net reads."""

from __future__ import annotations

from datakit.io.layouts.base import ReadSettings
from datakit.io.layouts.pictures import ANY_LABEL, PictureReader, Place, is_image, refs_of
from datakit.io.store.files import Root

_FOLDERS = {
    "im_aug": ("image", "train"),
    "gt_aug": (ANY_LABEL, "train"),
    "DUTS-TR-Image": ("image", "train"),
    "DUTS-TR-Mask": (ANY_LABEL, "train"),
    "DUTS-TE-Image": ("image", "test"),
    "DUTS-TE-Mask": (ANY_LABEL, "test"),
}


class U2NetReader(PictureReader):
    """``DUTS/DUTS-TR/DUTS-TR/{im_aug, gt_aug}`` and ``DUTS-TE/{DUTS-TE-Image, DUTS-TE-Mask}``.

    The folders may lie anywhere. The labels are masks or mattes, as their content tells.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        super().__init__(root, names, refs_of(root, {n: _place(n) for n in names if is_image(n)}))

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there are an image folder and a label folder of these names."""
        kinds = {place.kind for name in names if (place := _place(name))}
        return len(kinds) == 2


def _place(name: str) -> Place | None:
    parts = name.split("/")
    for depth, part in enumerate(parts[:-1]):
        if part in _FOLDERS:
            kind, split = _FOLDERS[part]
            return Place(kind, split, "/".join(parts[depth + 1 :]))
    return None
