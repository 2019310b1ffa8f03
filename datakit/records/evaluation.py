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


class Evaluation(Record, frozen=True, kw_only=True):
    """The result of ``eval``."""

    verb: str = "eval"
    pred: str
    gt: str
    kind: Annotated[str, Meta(description="alpha or mask")]
    profile: Annotated[str | None, Meta(description="whose conventions; None for masks")]
    out: Annotated[str | None, Meta(description="the folder of table, rows and plots")] = None
    samples: Annotated[int, Meta(ge=0)] = 0
    metrics: Annotated[dict[str, MetricSummary], Meta(description="metric -> summary")] = field(
        default_factory=dict
    )
    comparisons: tuple[Comparison, ...] = ()
    worst: Annotated[tuple[Score, ...], Meta(description="the worst samples, worst first")] = ()
    failed: Annotated[int, Meta(ge=0, description="files without partner, or unusable")] = 0
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


class Agreement(Record, frozen=True, kw_only=True):
    """The result of ``eval --between``."""

    verb: str = "eval"
    sources: tuple[str, ...]
    out: Annotated[str | None, Meta(description="the folder of the report or the dataset")] = None
    samples: Annotated[int, Meta(ge=0, description="images that at least two sources label")] = 0
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
    failed: Annotated[int, Meta(ge=0, description="images that could not be compared")] = 0
    notes: Annotated[tuple[str, ...], Meta(description="choices that datakit made itself")] = ()
    seconds: Annotated[float, Meta(ge=0)] = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Images that were compared."""
        return {"samples": self.samples}

    @property
    def exit_code(self) -> int:
        """3 when something could not be compared, else 0."""
        return 3 if self.failed else 0


class ClassScores(Record, frozen=True, kw_only=True):
    """The objects of one class."""

    category: str
    true: Annotated[int, Meta(ge=0, description="objects of the truth")]
    predicted: Annotated[int, Meta(ge=0, description="predicted objects")]
    ap: Annotated[float | None, Meta(description="average precision over IoU 0.50 to 0.95")]
    ap50: Annotated[float | None, Meta(description="average precision at IoU 0.50")]
    ar100: Annotated[float | None, Meta(description="average recall, 100 detections an image")]


class InstanceEvaluation(Record, frozen=True, kw_only=True):
    """The result of ``eval --metrics coco``."""

    verb: str = "eval"
    pred: str
    gt: str
    out: Annotated[str | None, Meta(description="the folder of the tables")] = None
    samples: Annotated[int, Meta(ge=0, description="images that were compared")] = 0
    metrics: Annotated[
        dict[str, float | None],
        Meta(description="COCO's twelve measures; None where no true object decides one"),
    ] = field(default_factory=dict)
    classes: tuple[ClassScores, ...] = ()
    failed: Annotated[int, Meta(ge=0, description="images or objects that were not compared")] = 0
    notes: Annotated[tuple[str, ...], Meta(description="choices that datakit made itself")] = ()
    seconds: Annotated[float, Meta(ge=0)] = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Images that were compared."""
        return {"samples": self.samples}

    @property
    def exit_code(self) -> int:
        """3 when something could not be compared, else 0."""
        return 3 if self.failed else 0
