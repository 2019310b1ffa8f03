"""What ``eval`` measured: one row per sample, and the summary of all."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from datakit.records.base import Record


class Score(Record, frozen=True, kw_only=True):
    """One sample's errors and scores."""

    id: Annotated[str, Meta(description="what prediction and truth have in common")]
    pred: Annotated[str, Meta(description="the prediction's file")]
    gt: Annotated[str, Meta(description="the true matte's or mask's file")]
    width: Annotated[int, Meta(ge=1)]
    height: Annotated[int, Meta(ge=1)]
    metrics: Annotated[dict[str, float], Meta(description="metric -> value")]


class MetricSummary(Record, frozen=True, kw_only=True):
    """One metric over all samples."""

    samples: Annotated[int, Meta(ge=1, description="samples that have the metric")]
    mean: float
    low: Annotated[float, Meta(description="lower end of the mean's bootstrap interval")]
    high: Annotated[float, Meta(description="upper end of the mean's bootstrap interval")]
    median: float
    worst: float
    worst_id: str


class PairedDifference(Record, frozen=True, kw_only=True):
    """One metric of another prediction less that of the first, sample by sample."""

    samples: Annotated[int, Meta(ge=1, description="samples that both predict")]
    mean: float
    low: Annotated[float, Meta(description="lower end of the mean's bootstrap interval")]
    high: Annotated[float, Meta(description="upper end of the mean's bootstrap interval")]
    better: Annotated[int, Meta(ge=0, description="samples on which the other one is better")]
    worse: Annotated[int, Meta(ge=0, description="samples on which the other one is worse")]


class Comparison(Record, frozen=True, kw_only=True):
    """Another prediction against the first."""

    pred: str
    metrics: Annotated[dict[str, MetricSummary], Meta(description="its own figures")]
    differences: dict[str, PairedDifference]


class Compared(Record, frozen=True, kw_only=True):
    """What every result of ``eval`` says: of how many samples, and what was left out."""

    verb: str = "eval"
    out: Annotated[str | None, Meta(description="the folder of the report or the dataset")] = None
    samples: Annotated[int, Meta(ge=0, description="images that were compared")] = 0
    failed: Annotated[int, Meta(ge=0, description="files or objects that were not compared")] = 0
    notes: Annotated[tuple[str, ...], Meta(description="choices that datakit made itself")] = ()
    seconds: Annotated[float, Meta(ge=0)] = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Samples that were compared."""
        return {"samples": self.samples}

    @property
    def exit_code(self) -> int:
        """3 when something could not be compared, else 0."""
        return 3 if self.failed else 0


class Evaluation(Compared, frozen=True, kw_only=True):
    """The result of ``eval``."""

    pred: str
    gt: str
    kind: Annotated[str, Meta(description="alpha or mask")]
    profile: Annotated[str | None, Meta(description="whose conventions; None for masks")]
    metrics: Annotated[dict[str, MetricSummary], Meta(description="metric -> summary")] = field(
        default_factory=dict
    )
    comparisons: tuple[Comparison, ...] = ()
    worst: Annotated[tuple[Score, ...], Meta(description="the worst samples, worst first")] = ()


class SampleAgreement(Record, frozen=True, kw_only=True):
    """How far the labels of one image agree."""

    id: str
    labels: Annotated[int, Meta(ge=2, description="sources that label it")]
    iou: Annotated[float | None, Meta(description="mean over each two of them")]
    boundary_iou: Annotated[float | None, Meta(description="mean over each two of them")]
    disagreement: Annotated[
        float,
        Meta(ge=0, description="share of what any annotator calls foreground on which they differ"),
    ]


class PairAgreement(Record, frozen=True, kw_only=True):
    """How far two sources agree over the images that both label."""

    first: str
    second: str
    metrics: dict[str, MetricSummary]


class Agreement(Compared, frozen=True, kw_only=True):
    """The result of ``eval --between``."""

    sources: tuple[str, ...]
    pairs: tuple[PairAgreement, ...] = ()
    worst: Annotated[
        tuple[SampleAgreement, ...], Meta(description="the most disputed images, worst first")
    ] = ()
    consensus: Annotated[
        str | None, Meta(description="how one label was made: majority or staple")
    ] = None
    written: Annotated[
        dict[str, int], Meta(description="what the dataset of the consensus holds")
    ] = field(default_factory=dict)


class ClassScores(Record, frozen=True, kw_only=True):
    """The objects of one class."""

    category: str
    true: Annotated[int, Meta(ge=0, description="objects of the truth")]
    predicted: Annotated[int, Meta(ge=0, description="predicted objects")]
    ap: Annotated[float | None, Meta(description="average precision over IoU 0.50 to 0.95")]
    ap50: Annotated[float | None, Meta(description="average precision at IoU 0.50")]
    ar100: Annotated[float | None, Meta(description="average recall, 100 detections an image")]


class InstanceEvaluation(Compared, frozen=True, kw_only=True):
    """The result of ``eval --metrics coco``."""

    pred: str
    gt: str
    metrics: Annotated[
        dict[str, float | None],
        Meta(description="COCO's twelve measures; None where no true object decides one"),
    ] = field(default_factory=dict)
    classes: tuple[ClassScores, ...] = ()
