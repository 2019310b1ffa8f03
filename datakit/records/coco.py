"""COCO instance annotations as datakit accepts them: looser than COCO's own description."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

Identifier = Annotated[int | float | str, Meta(description="3, 3.0 and '3' are one id")]
Size = Annotated[float, Meta(ge=0)]


class Extra(msgspec.Struct, frozen=True):
    """What Roboflow adds to an image since 2025."""

    name: Annotated[str | None, Meta(description="the source photo's true name")] = None


class Image(msgspec.Struct, frozen=True):
    """An entry of ``images``."""

    id: Identifier
    file_name: Annotated[str, Meta(description="relative to the annotation file")]
    width: Size | None = None
    height: Size | None = None
    extra: Extra | None = None


class Category(msgspec.Struct, frozen=True):
    """An entry of ``categories``."""

    id: Identifier
    name: str
    supercategory: str | None = None


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
