"""The options of ``eval``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.verbs.shared.options import ReadOptions, WriteOptions

VERB = "eval"
COMMON = ("out", "profile", "trimap", "kind", "metrics", "compare")

Method = Literal["majority", "staple"]
Threshold = Annotated[
    float,
    Meta(ge=0, lt=1, description="alphas above this are foreground for IoU and other mask metrics"),
]


class ConsensusOptions(WriteOptions, frozen=True, kw_only=True):
    """What the card of a consensus keeps of ``eval``."""

    BYTES_PER_PIXEL: ClassVar[int] = 18

    consensus: Method
    threshold: Threshold = 0.5


class Options(ReadOptions, frozen=True, kw_only=True):
    """Options of ``eval``.

    Examples
    --------
    >>> Options(src=("predictions", "truth"), profile="p3m").kind
    'auto'
    >>> Options(src=("predictions",))
    Traceback (most recent call last):
    datakit.errors.InputError: eval: expected PRED and GT, found 1 path; name both
    """

    BYTES_PER_PIXEL: ClassVar[int] = 18

    src: Annotated[
        tuple[str, ...],
        Meta(description="PRED GT; with --between, the labels of several annotators"),
    ]
    out: Annotated[
        str | None,
        Meta(description="folder for the tables and plots; with --consensus, for the dataset"),
    ] = None
    between: Annotated[
        bool,
        Meta(
            description="SRC are several annotators' labels of the same images: how far they agree"
        ),
    ] = False
    consensus: Annotated[
        Method | None,
        Meta(
            description="with --between: DST becomes a dataset of one label for each image, by "
            "the majority or weighted by reliability (STAPLE); where people differ is ignored"
        ),
    ] = None
    metrics: Annotated[
        Literal["pixels", "coco"],
        Meta(description="coco: average precision and recall of objects; PRED may be COCO results"),
    ] = "pixels"
    compare: Annotated[
        tuple[str, ...],
        Meta(
            description="more predictions for comparison (repeatable)",
            extra={"input": "path"},
        ),
    ] = ()
    kind: Annotated[
        Literal["auto", "alpha", "mask", "plate"],
        Meta(description="auto: alphas when GT has any; plate: PRED is of `inpaint`"),
    ] = "auto"
    profile: Annotated[
        Literal["dim", "p3m", "p3m-arange", "rvm"],
        Meta(description="convention of the matting errors"),
    ] = "dim"
    trimap: Annotated[
        Literal["given", "p3m", "dim", "none"],
        Meta(description="the unknown region: GT's own trimaps, or made from its alphas"),
    ] = "given"
    lpips: Annotated[
        str | None,
        Meta(
            description="with --kind plate: also the perceptual distance (LPIPS) by this network, "
            "ONNX or TorchScript",
            extra={"metavar": "FILE", "input": "path"},
        ),
    ] = None
    lpips_contract: Annotated[
        str,
        Meta(
            description="input and output contract of --lpips: a YAML file or a shipped name",
            extra={"metavar": "FILE|NAME", "input": "word"},
        ),
    ] = "lpips"
    threshold: Threshold = 0.5
    resize: Annotated[bool, Meta(description="scale predictions to the truth's size")] = False
    allow_synthetic: Annotated[
        bool, Meta(description="take alphas that `matte` computed for ground truth")
    ] = False
    sort: Annotated[
        str | None, Meta(description="metric that orders the samples [default: mse, or iou]")
    ] = None
    confidence: Annotated[
        float, Meta(gt=0, lt=1, description="confidence level of the bootstrap intervals")
    ] = 0.95
    seed: Annotated[int, Meta(ge=0, description="of the bootstrap")] = 0
    overwrite: Annotated[bool, Meta(description="replace an earlier evaluation in DST")] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.between:
            self._check_between()
        elif self.consensus is not None:
            raise InputError("--consensus goes with --between A B …, several people's labels")
        elif len(self.src) != 2:
            count = f"{len(self.src)} path" + ("" if len(self.src) == 1 else "s")
            raise InputError(f"eval: expected PRED and GT, found {count}; name both")
        if self.metrics == "coco" and (
            self.between or self.compare or self.sort or self.resize or self.kind != "auto"
        ):
            raise InputError(
                "--metrics coco compares objects; leave out --between, --compare, --kind, --sort "
                "and --resize"
            )

        if self.lpips is not None and self.kind != "plate":
            raise InputError("--lpips measures plates; add --kind plate")

    def _check_between(self) -> None:
        if len(self.src) < 2:
            raise InputError("--between: expected at least two sources of labels, found one")
        if self.compare or self.sort or self.resize:
            raise InputError(
                "--between compares all sources with one another; leave out --compare, --sort "
                "and --resize"
            )
        if self.consensus is not None and not self.out:
            raise InputError("--consensus: expected -o DST, the dataset to write")
