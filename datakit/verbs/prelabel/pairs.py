"""A drafted sample beside what people made of it: the item of work of a merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from datakit.io.layouts.base import Item
from datakit.io.store.files import FileRef
from datakit.records.draft import Change


@dataclass(frozen=True, slots=True)
class Given:
    """What a tool gave back of one image.

    Attributes
    ----------
    item : Item
        As the tool's layout was read.
    matched_by : str
        "sha256" or "name".
    alpha : FileRef, optional
        The soft alpha that travelled with the export, for a sample that has none.
    label_map : mapping
        Of a review whose labels are masks.
    """

    item: Item
    matched_by: str
    alpha: FileRef | None = None
    label_map: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The image as the tool names it."""
        return self.item.listed_as or self.item.source_name


@dataclass(frozen=True, slots=True)
class Pair:
    """A sample of the drafts, and its review if there is one."""

    item: Item
    given: Given | None = None
    earlier: Change | None = None

    @property
    def key(self) -> str:
        """The sample's id."""
        return self.item.key
