"""The options of ``qc``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from datakit.checks.limits import Override
from datakit.errors import InputError
from datakit.models.segmenters.base import SEGMENTERS
from datakit.verbs.shared.options import WriteOptions

VERB = "qc"
COMMON = ("out", "checks", "target", "fail_on", "fix", "rejudge")


class JudgeOptions(WriteOptions, frozen=True, kw_only=True):
    """Options of every judgement: the thresholds, and what is a finding."""

    src: Annotated[
        tuple[str, ...],
        Meta(description="folders, .zip, annotations or photos; -: one photo on stdin"),
    ] = ()
    out: Annotated[str, Meta(description="the folder to write the report to")] = ""
    checks: Annotated[
        dict[str, Override],
        Meta(
            description="other thresholds, in the YAML of --config: "
            "checks: {halo: {warning: 0.8}, binary: {enabled: false}}"
        ),
    ] = msgspec.field(default_factory=dict)
    check: Annotated[
        tuple[str, ...], Meta(description="judge only this check or family (repeatable)")
    ] = ()
    target: Annotated[
        tuple[str, ...],
        Meta(description="expected distribution of the set: fg_ratio=0.5+-0.2 (repeatable)"),
    ] = ()
    fail_on: Annotated[
        Literal["review", "warning", "error", "never"],
        Meta(description="exit code 1 from this severity on"),
    ] = "error"


class InspectOptions(JudgeOptions, frozen=True, kw_only=True):
    """Options of measuring a source and judging it."""

    BYTES_PER_PIXEL: ClassVar[int] = 42

    segmenter: Annotated[
        str | None,
        Meta(
            description="compare labels with what this model sees (the content checks)",
            extra={"choices": SEGMENTERS},
        ),
    ] = None
    suspects: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="also rank this many labels that are most likely wrong, by what "
            "--segmenter or --predicted say: suspects.csv"
        ),
    ] = None
    predicted: Annotated[
        tuple[str, ...],
        Meta(
            description="folder of predicted alphas or masks (as prelabel writes) by models that "
            "have not learnt from these samples: of each fold, or of several models (repeatable)",
            extra={"input": "path"},
        ),
    ] = ()
    fix: Annotated[
        Literal["none", "safe"],
        Meta(
            description="safe: DST also gets the images with corrected labels: residue snapped, "
            "channel taken, 0/1 rescaled, specks removed"
        ),
    ] = "none"
    sheet: Annotated[
        int, Meta(ge=0, le=200, description="samples on the contact sheet of each check; 0: none")
    ] = 24

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.suspects and not (self.segmenter or self.predicted):
            raise InputError(
                "--suspects: expected what to hold labels against: --segmenter NAME, or "
                "--predicted FOLDER of models that have not learnt from them"
            )
        if self.predicted and not self.suspects:
            raise InputError("--predicted goes with --suspects")
        if self.segmenter is not None and self.segmenter not in SEGMENTERS:
            raise InputError(f"--segmenter: expected one of {', '.join(SEGMENTERS)}")

    @property
    def makes_dataset(self) -> bool:
        """Whether DST is a dataset, not only a report."""
        return self.fix != "none"


class RejudgeOptions(JudgeOptions, frozen=True, kw_only=True):
    """Options of ``--rejudge``: measurements that were kept are judged again."""

    rejudge: Annotated[str, Meta(extra={"input": "path"})]


class Options(InspectOptions, frozen=True, kw_only=True):
    """Options of ``qc``.

    Examples
    --------
    >>> Options(src=("mattes",), out="report", target=("fg_ratio=0.5+-0.2",)).fail_on
    'error'
    >>> stricter = Options(rejudge="report/qc.parquet", checks={"halo": {"warning": 0.8}})
    >>> stricter.checks["halo"].warning
    0.8
    """

    rejudge: Annotated[
        str | None,
        Meta(
            description="judge this qc.parquet again, without SRC and without its pixels",
            extra={"input": "path"},
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rejudge is None and not (self.src and self.out):
            raise InputError("qc: expected SRC and -o DST, or --rejudge FILE")
        if self.rejudge is not None and self.src:
            raise InputError("--rejudge takes no SRC: it judges measurements that were kept")
        if self.rejudge is not None and self.suspects:
            raise InputError("--rejudge sees no pixels: --suspects does not go with it")
        if self.rejudge is not None and (self.fix != "none" or self.resume or self.segmenter):
            raise InputError(
                "--rejudge sees no pixels: --fix, --segmenter and --resume do not go with it"
            )
