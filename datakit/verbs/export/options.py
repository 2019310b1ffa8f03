"""The options of ``export``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from datakit.io.layouts import WRITERS
from datakit.records.option_values import SIZE, SizeText, size_wh
from datakit.verbs.shared.options import WriteOptions

VERB = "export"
COMMON = ("size", "fit", "partial", "shard_samples", "shuffle")


class FileOptions(WriteOptions, frozen=True, kw_only=True):
    """Options of layouts whose samples have files of their own."""

    BYTES_PER_PIXEL: ClassVar[int] = 104

    format: Annotated[str, Meta(description="the layout to write", extra={"choices": WRITERS})]
    size: Annotated[
        SizeText | None,
        Meta(description="size of the output, 512x512", extra={"metavar": "WxH", "form": SIZE}),
    ] = None
    fit: Annotated[
        Literal["stretch", "letterbox", "crop"],
        Meta(description="how --size treats the aspect ratio"),
    ] = "stretch"
    partial: Annotated[
        Literal["leave-out", "keep"],
        Meta(description="partial or missing labels that the layout cannot express"),
    ] = "leave-out"
    license: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$",
            description="the licence that you publish the dataset under, for the cards that name "
            "one: an identifier of the Hub or of SPDX",
            extra={"metavar": "ID"},
        ),
    ] = "unknown"

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """``size`` as (width, height)."""
        return None if self.size is None else size_wh(self.size)


class ShardOptions(FileOptions, frozen=True, kw_only=True):
    """Options of layouts that put many samples into one file."""

    shard_samples: Annotated[
        Annotated[int, Meta(ge=1, le=10_000_000)] | None,
        Meta(description="samples per shard, of formats that have shards [default: the format's]"),
    ] = None
    shuffle: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="shuffle the samples of a split across its shards, with this seed"),
    ] = None


class Options(ShardOptions, frozen=True, kw_only=True):
    """Options of ``export``.

    Examples
    --------
    >>> Options(src=("dataset",), out="p3m", format="p3m", size="512x512").size_wh
    (512, 512)
    """

    @property
    def makes_dataset(self) -> bool:
        """False: DST is for another program; datakit goes on with SRC."""
        return False
