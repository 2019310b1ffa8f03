"""The result of a task for one item: rows for the manifest, failures, files on disk."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from datakit.records.base import Record
from datakit.records.failure import Failure
from datakit.records.sample import Sample

Conversion = Literal["composited", "depth", "profile", "inks", "unreadable profile"]
"""How a photo was changed to be read: see `datakit.io.pixels.conversions`."""


Loss = Literal["foreground", "part"]
"""What a new size leaves no pixel of: the whole foreground, or some of its classes or objects."""


class SourceFile(Record, frozen=True, kw_only=True):
    """A file of the source as it was when an item was made of it."""

    name: Annotated[str, Meta(description="path below its root")]
    sha256: str
    size_bytes: int
    root: Annotated[
        int | None,
        Meta(description="None: the item's own source; else which of the options names its root"),
    ] = None
    mtime_ns: int = 0
    inode: int = 0


class Product(Record, frozen=True, kw_only=True):
    """The result of one item, also the line that the journal keeps of it."""

    samples: tuple[Sample, ...] = ()
    failures: tuple[Failure, ...] = ()
    files: Annotated[dict[str, int], Meta(description="file in DST -> its bytes")] = field(
        default_factory=dict
    )
    digests: Annotated[
        dict[str, str],
        Meta(description="file in DST -> its sha256, in an object store its MD5, to resume by"),
    ] = field(default_factory=dict)
    lines: Annotated[
        dict[str, str], Meta(description="further table in DST -> this item's lines of it")
    ] = field(default_factory=dict)
    counts: Annotated[
        dict[str, int], Meta(description="what the verb counts beside samples and labels")
    ] = field(default_factory=dict)
    converted: Annotated[
        dict[Conversion, tuple[str, ...]],
        Meta(description="how photos were changed to be read -> their names"),
    ] = field(default_factory=dict)
    lost: Annotated[
        dict[str, Loss], Meta(description="sample -> what of its label a new size left nothing of")
    ] = field(default_factory=dict)
    basis: Annotated[
        str | None,
        Meta(description="sha256 of what task and source say of the item; None: not known"),
    ] = None
    inputs: Annotated[
        tuple[SourceFile, ...], Meta(description="files that it was made of, to resume by")
    ] = ()
