"""The options of ``anonymize``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.records.conditions import Condition
from datakit.verbs.shared.options import WriteOptions

VERB = "anonymize"
COMMON = ("method", "alpha_dir", "release", "preview")


Detector = Literal["mediapipe", "centerface", "yunet"]


DETECTORS: tuple[Detector, ...] = ("mediapipe", "centerface")


WEAK_SIGMA_IOD = 0.5


class Options(WriteOptions, frozen=True, kw_only=True):
    """Options of ``anonymize``.

    Examples
    --------
    >>> Options(src=("photos",), out="safe").sigma
    1.0
    >>> Options(src=("photos",), out="safe", sigma=0.3)
    Traceback (most recent call last):
    datakit.errors.InputError: --sigma 0.3: below 0.5 a face can be restored; add --weak if \
that is what you want
    """

    BYTES_PER_PIXEL: ClassVar[int] = 24

    method: Annotated[
        Literal["gaussian", "solid", "mosaic"],
        Meta(
            description="gaussian: as in P3M-10k; mosaic: coarse cells; solid: grey, the only "
            "one that cannot be matched with another copy of the photo"
        ),
    ] = "gaussian"
    sigma: Annotated[
        float,
        Meta(gt=0, le=10, description="blur (or mosaic cell) in inter-ocular distances"),
    ] = 1.0
    weak: Annotated[bool, Meta(description="allow --sigma below 0.5")] = False
    region: Annotated[
        Literal["oval", "p3m", "head"],
        Meta(description="oval: the whole face; p3m: jaw line to brows; head: and hairline, ears"),
    ] = "oval"
    detectors: Annotated[
        tuple[Detector, ...],
        Meta(
            description="face detectors, whose results are combined (repeatable) [default: "
            "mediapipe, centerface]"
        ),
    ] = DETECTORS
    threshold: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description="lowest score of a face [default: each detector's own]"),
    ] = None
    residual_threshold: Annotated[
        float,
        Meta(gt=0, lt=1, description="score from which a face counts as still seen in the result"),
    ] = 0.5
    min_face: Annotated[
        float,
        Meta(ge=0, description="ignore faces whose longer side has fewer pixels"),
    ] = 0.0
    weights: Annotated[
        tuple[str, ...],
        Meta(
            description="file or folder of weights that no package carries (yunet; repeatable)",
            extra={"input": "path"},
        ),
    ] = ()
    matte: Annotated[
        Literal["given", "auto", "none"],
        Meta(
            description="source of the soft boundary: the dataset's alpha or --alpha-dir; "
            "auto: where there is none, a segmentation of the person"
        ),
    ] = "given"
    alpha_dir: Annotated[
        str | None,
        Meta(description="folder of mattes with the stems of the photos", extra={"input": "path"}),
    ] = None
    colour: Annotated[
        Literal["keep", "srgb"],
        Meta(
            description="keep the colour profile, built anew from its colour tags, or convert the "
            "photo to sRGB"
        ),
    ] = "keep"
    on_no_face: Annotated[
        Literal["review", "copy", "fail"],
        Meta(description="a photo without a face: list it for review, copy it, or fail"),
    ] = "review"
    on_residual: Annotated[
        Literal["review", "solid", "fail"],
        Meta(description="a face that a detector still sees: list it, paint it over, or fail"),
    ] = "review"
    skip_where: Annotated[
        str | None,
        Meta(description="leave samples sharp that meet a condition: \"'celebrity' in tags\""),
    ] = None
    release: Annotated[
        tuple[str, ...],
        Meta(
            description="ids of photos to publish on a person's word: what no detector found or "
            "covered stays as it is (repeatable, or a,b)"
        ),
    ] = ()
    no_source_digest: Annotated[
        bool,
        Meta(
            description="write no sha256 of the originals: whoever has one could confirm with "
            "it that it was in the dataset"
        ),
    ] = False
    report_fairness: Annotated[
        bool,
        Meta(
            description="also write fairness.csv: estimated recall and hidden area by the faces' "
            "apparent size, brightness and pose, as aggregates"
        ),
    ] = False
    facemask_dir: Annotated[
        str | None,
        Meta(
            description="also write the masks of the faces (0/255) to this folder",
            extra={"output": "path"},
        ),
    ] = None
    preview: Annotated[
        int,
        Meta(
            ge=0,
            le=400,
            description="contact sheet of N photos before and after, DST.preview.jpg beside "
            "DST; it shows faces",
        ),
    ] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sigma < WEAK_SIGMA_IOD and self.method != "solid" and not self.weak:
            raise InputError(
                f"--sigma {self.sigma:g}: below {WEAK_SIGMA_IOD:g} a face can be restored; "
                "add --weak if that is what you want"
            )
        if not self.detectors:
            raise InputError("--detectors: expected at least one, found none")
        if self.alpha_dir is not None and self.matte == "none":
            raise InputError("--alpha-dir and --matte none exclude each other; choose one")
        if self.skip_where is not None:
            Condition(self.skip_where)

    @property
    def released(self) -> frozenset[str]:
        """Ids of ``--release``, commas taken apart."""
        return frozenset(part for text in self.release for part in text.split(",") if part)
