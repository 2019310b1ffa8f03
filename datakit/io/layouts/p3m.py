"""``p3m``: the folders of P3M-10k."""

from __future__ import annotations

from datakit.io.layouts.base import ReadSettings
from datakit.io.layouts.pictures import PictureReader, Place, is_image, refs_of
from datakit.io.store.files import Root

_KINDS = {
    "blurred_image": "image",
    "original_image": "image",
    "mask": "alpha",
    "trimap": "trimap",
    "fg": "",
    "bg": "",
    "facemask": "",
}


class P3mReader(PictureReader):
    """P3M-10k's layout.

    ``train/blurred_image`` (or ``original_image``) with ``train/mask`` (these are alpha mattes),
    ``validation/P3M-500-P`` and ``P3M-500-NP`` with ``blurred_image`` or ``original_image``,
    ``mask`` and ``trimap``. ``fg``, ``bg`` and ``facemask`` are no samples.
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
        """Tell whether there is one of P3M's image folders."""
        return any("/blurred_image/" in f"/{n}" or "/original_image/" in f"/{n}" for n in names)


def _place(name: str) -> Place | None:
    parts = name.split("/")
    if len(parts) < 2 or parts[-2] not in _KINDS:
        return None
    kind, part = _KINDS[parts[-2]], parts[-3] if len(parts) > 2 else ""
    if part == "train":
        return Place(kind, "train", parts[-1])
    return Place(kind, "val", f"{part}/{parts[-1]}" if part else parts[-1])
