"""COCO instance annotations as datakit accepts them: looser than COCO's own description."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

Identifier = Annotated[int | float | str, Meta(description="3, 3.0 and '3' are one id")]


class Image(msgspec.Struct, frozen=True):
    """An entry of ``images``."""

    id: Identifier
    file_name: Annotated[str, Meta(description="relative to the annotation file")]
    width: Annotated[Any, Meta(description="a number, also as text; unknown when null")] = None
    height: Annotated[Any, Meta(description="as width")] = None
    extra: Annotated[
        Any, Meta(description="of Roboflow: its member name is the source photo's true name")
    ] = None

    @property
    def true_name(self) -> str | None:
        """The source photo's name, where Roboflow kept it."""
        name = self.extra.get("name") if isinstance(self.extra, dict) else None
        return name if isinstance(name, str) and name else None

    @property
    def stated_wh(self) -> tuple[float | None, float | None]:
        """Width and height as numbers; None for what is none."""
        return _number(self.width), _number(self.height)


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None


class Category(msgspec.Struct, frozen=True):
    """An entry of ``categories``."""

    id: Identifier
    name: Annotated[Any, Meta(description="text; a number is its text")]
    supercategory: Any = None

    @property
    def label(self) -> str | None:
        """The class's name; None for what is none."""
        if isinstance(self.name, int | float):
            return f"{self.name:g}"
        return self.name.strip() if isinstance(self.name, str) else None


class Annotation(msgspec.Struct, frozen=True):
    """An entry of ``annotations``; other members (area, keypoints, …) are ignored."""

    image_id: Identifier
    id: Identifier | None = None
    category_id: Identifier | None = None
    bbox: Annotated[
        list[float | str] | None, Meta(description="[x, y, width, height]; numbers may be text")
    ] = None
    segmentation: Annotated[
        Any,
        Meta(
            description="list of polygons, one flat polygon, {counts, size} with counts as "
            "compressed text or a list, or empty"
        ),
    ] = None
    iscrowd: Annotated[Any, Meta(description="ignored: RLE is recognised by its form")] = None


class Document(msgspec.Struct, frozen=True):
    """A COCO file."""

    images: list[Image]
    annotations: list[Annotation] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
