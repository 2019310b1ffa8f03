"""``coco2mask``: a COCO export (Roboflow's or another's) becomes images, masks and a manifest."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from datakit.verbs.shared.pipeline import Watch, WriteOptions, operation, process
from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.layouts.sources import Collection, open_sources
from datakit.io.store.storage import location
from datakit.records.summary import Summary

VERB = "coco2mask"
PLACINGS = ("copy", "hardlink", "symlink", "none")
MAX_CLASSES = 255


class Options(WriteOptions, frozen=True, kw_only=True):
    """Options of ``coco2mask``.

    Examples
    --------
    >>> Options(src=("export",), out="dataset", size="512x512").size_wh
    (512, 512)
    """

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
        Meta(description="on top: the smaller object, or the later one (semantic, instance)"),
    ] = "area"
    boxes: Annotated[
        Literal["skip", "paint"],
        Meta(description="annotations with a box but no outline"),
    ] = "skip"
    images: Annotated[
        str,
        Meta(
            description="copy, hardlink, symlink or none: how images get into DST; "
            "or the folder of the images, when SRC is a .json",
            extra={"metavar": "copy|hardlink|symlink|none|DIR", "input": "word"},
        ),
    ] = "copy"
    images_dir: Annotated[
        str | None,
        Meta(
            description="the folder of the images, when SRC is a .json",
            extra={"metavar": "DIR", "input": "path"},
        ),
    ] = None
    size: Annotated[
        Annotated[str, Meta(pattern="^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$")] | None,
        Meta(description="size of the output", extra={"metavar": "WxH"}),
    ] = None
    fit: Annotated[
        Literal["stretch", "letterbox", "crop"], Meta(description="how --size treats the aspect")
    ] = "stretch"
    drop_empty: Annotated[bool, Meta(description="leave out images without foreground")] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.images not in PLACINGS:
            if not location(self.images).is_dir():
                raise InputError(
                    f"--images: expected {', '.join(PLACINGS)}, or a folder; got {self.images!r}"
                )
            msgspec.structs.force_setattr(self, "images_dir", self.images)
            msgspec.structs.force_setattr(self, "images", "copy")

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """``size`` as (width, height)."""
        if self.size is None:
            return None
        width, height = self.size.split("x")
        return int(width), int(height)


def run(options: Options, watch: Watch | None = None) -> Summary:
    """Rasterize a COCO export into a dataset.

    Parameters
    ----------
    options : Options
        What to read, what to paint, where to write.
    watch : Watch, optional
        Who is told of the progress.

    Returns
    -------
    Summary
        Its ``failed`` counts annotations and images that are in ``failures.jsonl``.

    Raises
    ------
    InputError
        If SRC is no COCO source, a category is unknown, or DST must not be written.
    """
    source = open_sources(options.src, layout=options.layout or "coco", images=options.images_dir)
    values = _values(options, source)
    label_map = {"background": 0}
    if options.kind == "binary":
        label_map["foreground"] = 255
    elif options.kind == "semantic":
        label_map |= values
    task = LazyTask(
        "datakit.verbs.coco2mask.task:Rasterize",
        {
            "out": options.out,
            "step": operation(VERB, options),
            "values": values,
            "kind": options.kind,
            "rule": options.rule,
            "overlap": options.overlap,
            "boxes": options.boxes,
            "placing": options.images,
            "size_wh": options.size_wh,
            "fit": options.fit,
            "drop_empty": options.drop_empty,
        },
    )
    return process(VERB, options, source, task, label_map=label_map, watch=watch)


def _values(options: Options, source: Collection) -> dict[str, int]:
    """Return class name -> mask value of the classes to paint."""
    classes = source.classes
    unknown = [name for name in options.category if name not in classes]
    if unknown:
        raise InputError(
            f"--category {unknown[0]!r}: expected a class of the source, which has: "
            f"{', '.join(classes) or 'none'}"
        )
    chosen = [name for name in classes if not options.category or name in options.category]
    if options.kind == "semantic" and len(chosen) > MAX_CLASSES:
        raise InputError(
            f"--kind semantic: expected at most {MAX_CLASSES} classes, found {len(chosen)}; "
            "choose some with --category"
        )
    return {name: value for value, name in enumerate(chosen, 1)}
