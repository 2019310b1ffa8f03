"""The options of ``coco2mask``."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.io.store.storage import location
from datakit.records.option_values import SIZE, SizeText, size_wh
from datakit.verbs.shared.options import WriteOptions

VERB = "coco2mask"
COMMON = ("kind", "category", "map", "size")


PLACINGS = ("copy", "hardlink", "symlink", "none")


class Options(WriteOptions, frozen=True, kw_only=True):
    """Options of ``coco2mask``.

    Examples
    --------
    >>> Options(src=("export",), out="dataset", size="512x512").size_wh
    (512, 512)
    """

    BYTES_PER_PIXEL: ClassVar[int] = 4

    kind: Annotated[
        Literal["binary", "semantic", "instance", "coverage"],
        Meta(
            description="binary: 0/255; semantic: class index; instance: 16-bit object ids; "
            "coverage: 8-bit soft alpha, the exact share of each pixel that is inside"
        ),
    ] = "binary"
    category: Annotated[
        tuple[str, ...], Meta(description="paint only this class (repeatable)")
    ] = ()
    rule: Annotated[
        Literal["union", "evenodd"],
        Meta(description="how several rings of one annotation combine; evenodd cuts holes"),
    ] = "union"
    overlap: Annotated[
        Literal["area", "order"],
        Meta(
            description="which object is on top where the source has no z-order: the smaller "
            "one, or the later one"
        ),
    ] = "area"
    map: Annotated[
        tuple[str, ...],
        Meta(
            description="map a class of the source to another class, to background (erases "
            "what lies under it) or to ignore (unknown); repeatable",
            extra={"metavar": "NAME=CLASS|background|ignore"},
        ),
    ] = ()
    tolerance: Annotated[
        Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?(px|%)?$")] | None,
        Meta(
            description="how far an outline may leave the image, or the box stated beside it, "
            "and still be accepted [default: 2 px or 1%, whichever is more]",
            extra={"metavar": "PX|%"},
        ),
    ] = None
    boxes: Annotated[
        Literal["skip", "paint"],
        Meta(
            description="objects with a box and no outline: an unknown region (the ignore mask, "
            "and the image is partial), or painted as a rectangle"
        ),
    ] = "skip"
    images: Annotated[
        str,
        Meta(
            description="copy, hardlink, symlink or none: how images are placed in DST; or the "
            "folder of the images, when SRC is a .json",
            extra={"metavar": "copy|hardlink|symlink|none|DIR", "input": "word"},
        ),
    ] = "copy"
    size: Annotated[
        SizeText | None,
        Meta(description="size of the output, 512x512", extra={"metavar": "WxH", "form": SIZE}),
    ] = None
    fit: Annotated[
        Literal["stretch", "letterbox", "crop"],
        Meta(description="how --size treats the aspect ratio"),
    ] = "stretch"
    drop_empty: Annotated[bool, Meta(description="leave out images without foreground")] = False

    @classmethod
    def completed(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values with a folder that --images names as --images-dir."""
        images = values.get("images", "copy")
        if images in PLACINGS:
            return values
        if not location(images).is_dir():
            raise InputError(
                f"--images: expected {', '.join(PLACINGS)}, or a folder; got {images!r}"
            )
        return values | {"images_dir": images, "images": "copy"}

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """``size`` as (width, height)."""
        return None if self.size is None else size_wh(self.size)
