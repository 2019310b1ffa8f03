"""The options of ``split``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.verbs.shared.lineage_options import LineageOptions

VERB = "split"
COMMON = ("out", "val", "test", "seed", "stratify", "group_by", "audit", "repair")


Amount = Annotated[float, Meta(gt=0, le=1e12)]


class SplitOptions(LineageOptions, frozen=True, kw_only=True):
    """Options of writing a split: sizes, strata, conditions, and what stays where it was."""

    BYTES_PER_PIXEL: ClassVar[int] = 8

    train: Annotated[
        Amount | None, Meta(description="size of train: a share, or a count [default: the rest]")
    ] = None
    val: Annotated[
        Amount | None, Meta(description="size of val: a share (0.2 or 20%), or a count of samples")
    ] = None
    test: Annotated[
        Amount | None, Meta(description="size of test: a share (0.1 or 10%), or a count of samples")
    ] = None
    folds: Annotated[
        Annotated[int, Meta(ge=2, le=100)] | None,
        Meta(description="this many equal folds (fold1, fold2, …) instead of train and val"),
    ] = None
    stratify: Annotated[
        tuple[str, ...],
        Meta(description="columns to spread evenly: class,fg_ratio:5,split_source"),
    ] = ()
    seed: Annotated[int, Meta(ge=0, description="random seed of the assignment")] = 0
    where: Annotated[
        str | None, Meta(description="take only samples for which this holds: fg_ratio > 0.1")
    ] = None
    val_where: Annotated[
        str | None, Meta(description="val takes only samples for which this holds")
    ] = None
    policy: Annotated[
        str | None,
        Meta(
            description="p3m, or a .yaml file like it: sizes and conditions",
            extra={"input": "word"},
        ),
    ] = None
    previous: Annotated[
        str | None,
        Meta(
            description="an earlier result of split: its samples stay in their splits",
            extra={"input": "path"},
        ),
    ] = None
    keep_existing: Annotated[
        bool, Meta(description="keep the source's own split where it does not leak")
    ] = False
    repair: Annotated[
        bool, Meta(description="write the source again with its leaks repaired (needs -o)")
    ] = False
    tolerance: Annotated[
        float,
        Meta(
            ge=0, le=1, description="how far a split may miss its target, as a share of all samples"
        ),
    ] = 0.05
    materialize: Annotated[
        Literal["copy", "hardlink", "symlink", "none"],
        Meta(description="how files are placed in DST; none: lists and the manifest only"),
    ] = "copy"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.repair and not self.out:
            raise InputError("--repair: expected -o DST, the folder to write")
        sized = self.train or self.val or self.test or self.policy
        if self.folds and (sized or self.repair or self.keep_existing):
            raise InputError("--folds makes equal folds; it does not go with sizes or other splits")
        if self.previous and (self.keep_existing or self.repair):
            raise InputError(
                "--previous and --keep-existing (--repair) both say where samples stay"
            )

    @property
    def sizeless(self) -> bool:
        """Whether nothing says how large the splits are."""
        return not (self.train or self.val or self.test or self.policy or self.folds)


class AuditOptions(LineageOptions, frozen=True, kw_only=True):
    """Options of ``--audit``."""

    BYTES_PER_PIXEL: ClassVar[int] = 8

    audit: bool
    sheet: int = 24


class Options(SplitOptions, frozen=True, kw_only=True):
    """Options of ``split``.

    Examples
    --------
    >>> Options(src=("dataset",), out="split", val=0.15, seed=7).duplicates
    'near'
    """

    audit: Annotated[
        bool,
        Meta(description="only say where the source's own split leaks; exit code 1 if it does"),
    ] = False
    sheet: Annotated[
        int, Meta(ge=0, le=200, description="leaking pairs on the contact sheet of --audit")
    ] = 24

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.out and not self.audit:
            raise InputError("split: expected -o DST, the folder to write (or --audit)")
        if self.sizeless and not (self.keep_existing or self.repair or self.audit):
            raise InputError(
                "split: expected how to split: --val 0.15, --train 10000 --val 1500, --folds 5, "
                "--policy p3m, --keep-existing or --audit"
            )

    @property
    def makes_dataset(self) -> bool:
        """Whether DST is a dataset, not only an audit."""
        return self.repair or not self.audit
