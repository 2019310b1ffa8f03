"""Layouts whose folders' names say what their pictures are; a layout adds its names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from datakit.io.layouts.base import ReadSettings
from datakit.io.layouts.pictures import PictureReader, refs_of
from datakit.io.layouts.placements import Placement, by_folder, is_image
from datakit.io.store.files import Root


class NamedFoldersReader(PictureReader):
    """What such readers share.

    Attributes
    ----------
    KINDS : mapping
        Folder -> what its pictures are; "" for pictures that are no samples.
    REQUIRED : tuple of str
        The folders that a source of this layout has.
    """

    KINDS: ClassVar[Mapping[str, str]]
    REQUIRED: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        places = {name: self.place(name) for name in names if is_image(name)}
        super().__init__(root, names, refs_of(root, places))

    @classmethod
    def place(cls, name: str) -> Placement | None:
        """Return what a picture is and where it goes; None when it is not the layout's."""
        return by_folder(name, cls.KINDS)

    @classmethod
    def accepts(cls, root: Root, names: list[str]) -> bool:
        """Tell whether each required folder has a picture."""
        return all(
            any(f"/{folder}/" in f"/{name}" and is_image(name) for name in names)
            for folder in cls.REQUIRED
        )
