"""The options of ``select``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.verbs.shared.options import WriteOptions

VERB = "select"
COMMON = ("where", "ids", "n", "diverse", "like", "seed")

Count = Annotated[int, Meta(ge=1)]


class Options(WriteOptions, frozen=True, kw_only=True):
    """Options of ``select``.

    Examples
    --------
    >>> Options(src=("dataset",), out="some", where="fg_ratio > 0.2", n=500).seed
    0
    """

    BYTES_PER_PIXEL: ClassVar[int] = 4

    where: Annotated[
        str | None, Meta(description="take only samples for which this holds: fg_ratio > 0.2")
    ] = None
    ids: Annotated[
        str | None,
        Meta(
            description="take only the samples that this file lists, one id or file name per line",
            extra={"input": "path"},
        ),
    ] = None
    join: Annotated[
        str | None,
        Meta(
            description="a CSV whose columns --where may use; without --where only the samples "
            "that it lists are taken",
            extra={"input": "path"},
        ),
    ] = None
    on: Annotated[str, Meta(description="the column of --join that names the sample")] = "file_name"
    n: Annotated[Count | None, Meta(description="number of samples to draw at random")] = None
    stratify: Annotated[
        tuple[str, ...],
        Meta(description="with --n: columns to spread evenly: class,fg_ratio:5,split_source"),
    ] = ()
    diverse: Annotated[
        Count | None, Meta(description="number of samples to choose, as diverse as possible")
    ] = None
    outliers: Annotated[
        Count | None, Meta(description="number of outliers to choose, the most unusual first")
    ] = None
    like: Annotated[
        str | None,
        Meta(description="the samples most like this photo", extra={"input": "path"}),
    ] = None
    top: Annotated[int, Meta(ge=1, description="number of samples for --like")] = 50
    seed: Annotated[int, Meta(ge=0, description="random seed of --n")] = 0
    materialize: Annotated[
        Literal["copy", "hardlink", "symlink", "none"],
        Meta(description="how files are placed in DST; none: lists and the manifest only"),
    ] = "copy"

    def __post_init__(self) -> None:
        super().__post_init__()
        ways = {"--n": self.n, "--diverse": self.diverse, "--outliers": self.outliers}
        asked = [name for name, value in {**ways, "--like": self.like}.items() if value]
        if len(asked) > 1:
            raise InputError(f"select: {' and '.join(asked)} exclude each other; choose one")
        if self.stratify and not self.n:
            raise InputError("--stratify goes with --n")
        if not asked and not (self.where or self.ids or self.join):
            raise InputError(
                "select: expected what to take: --where, --ids, --join, --n, --diverse, --like or "
                "--outliers"
            )
