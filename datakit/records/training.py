"""What ``train`` reports: one row per epoch, and the result."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from datakit.records.base import Record

SAMPLES = "samples.jsonl"
"""The table in a model's folder that says which sample was in which split."""
HISTORY = "history.jsonl"
"""The table of epochs."""
FOLDS = "folds.jsonl"
"""The table of a cross-validation."""


class Epoch(Record, frozen=True, kw_only=True):
    """A line of ``history.jsonl``."""

    epoch: Annotated[int, Meta(ge=0)]
    fold: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="of a cross-validation; null: of the model that is kept"),
    ] = None
    lr: Annotated[float, Meta(description="learning rate of this epoch")]
    loss: Annotated[dict[str, float], Meta(description="total and its parts, means over samples")]
    scores: Annotated[
        dict[str, float],
        Meta(
            description="eval's scores on the held-out samples, and the shares of their pixels "
            "that are foreground: predicted (`foreground`) and true (`true_foreground`)"
        ),
    ]
    best: Annotated[bool, Meta(description="whether its weights are the best so far")]
    gained: Annotated[
        bool,
        Meta(
            description="whether IoU, MSE or boundary IoU is better than in the last such epoch "
            "(before any: than at the start) beyond the 95 % interval of the samples' differences"
        ),
    ] = False


class Fold(Record, frozen=True, kw_only=True):
    """A line of ``folds.jsonl``: a part of the samples, and the network that never saw it."""

    fold: Annotated[int, Meta(ge=0)]
    ids: Annotated[tuple[str, ...], Meta(description="its samples")]
    epochs: Annotated[int, Meta(ge=0, description="that were run")]
    best: Annotated[int, Meta(ge=0, description="after how many the scores were best; 0: before")]
    before: Annotated[
        tuple[dict[str, float], ...], Meta(description="scores of each sample before the training")
    ]
    after: Annotated[
        tuple[dict[str, float], ...], Meta(description="the same after the best epoch")
    ]


class Estimate(Record, frozen=True, kw_only=True):
    """A mean over samples, and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


class Training(Record, frozen=True, kw_only=True):
    """The result of ``train``."""

    verb: str = "train"
    out: Annotated[str | None, Meta(description="the folder that was written")] = None
    model: str
    parameters: Annotated[int, Meta(ge=0, description="numbers in the network that are learnt")]
    size_px: Annotated[int, Meta(ge=1, description="side of the square input")]
    counts: Annotated[
        dict[str, int],
        Meta(description="samples of train and val, and those of train that a teacher labelled"),
    ] = field(default_factory=dict)
    before: Annotated[
        dict[str, float],
        Meta(description="scores of the held-out samples, or of all folds, before the first epoch"),
    ] = field(default_factory=dict)
    epochs: Annotated[int, Meta(ge=0, description="epochs that were run")] = 0
    best: Annotated[
        Epoch | None,
        Meta(
            description="the epoch whose weights were kept; null: those at the start, or nothing "
            "was held out"
        ),
    ] = None
    folds: Annotated[
        int, Meta(ge=0, description="parts of the cross-validation; 0: there was none")
    ] = 0
    out_of_fold: Annotated[
        dict[str, Estimate],
        Meta(description="scores of each sample by the fold's network that did not learn from it"),
    ] = field(default_factory=dict)
    learned: Annotated[
        bool,
        Meta(description="false: on the held-out samples it predicts nothing, everything or wrong"),
    ] = True
    weights: Annotated[str | None, Meta(description="the weights' file in the folder")] = None
    weights_sha256: str | None = None
    started_from_sha256: Annotated[
        str | None, Meta(description="of the weights that were given to go on from")
    ] = None
    teachers: Annotated[
        tuple[str, ...], Meta(description="the models whose soft labels it learnt from, and sha256")
    ] = ()
    failed: Annotated[int, Meta(ge=0, description="samples that could not be read")] = 0
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    notes: Annotated[tuple[str, ...], Meta(description="choices that datakit made itself")] = ()

    @property
    def exit_code(self) -> int:
        """3 when samples could not be read, else 0."""
        return 3 if self.failed else 0
