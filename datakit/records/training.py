"""What ``train`` reports: one row per epoch, and the result."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from datakit.records.base import Record

SAMPLES = "samples.jsonl"
"""The table in a model's folder that says which sample was in which split."""


class Epoch(Record, frozen=True, kw_only=True):
    """A line of ``history.jsonl``."""

    epoch: Annotated[int, Meta(ge=0)]
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


class Training(Record, frozen=True, kw_only=True):
    """The result of ``train``."""

    verb: str = "train"
    out: Annotated[str | None, Meta(description="the folder that was written")] = None
    model: str
    parameters: Annotated[int, Meta(ge=0, description="numbers in the network that are learnt")]
    size_px: Annotated[int, Meta(ge=1, description="side of the square input")]
    counts: Annotated[dict[str, int], Meta(description="samples of train and val")] = field(
        default_factory=dict
    )
    before: Annotated[dict[str, float], Meta(description="scores before the first epoch")] = field(
        default_factory=dict
    )
    epochs: Annotated[int, Meta(ge=0, description="epochs that were run")] = 0
    best: Annotated[Epoch | None, Meta(description="the epoch whose weights were kept")] = None
    weights: Annotated[str | None, Meta(description="the weights' file in the folder")] = None
    weights_sha256: str | None = None
    started_from_sha256: Annotated[
        str | None, Meta(description="of the weights that were given to go on from")
    ] = None
    failed: Annotated[int, Meta(ge=0, description="samples that could not be read")] = 0
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    notes: Annotated[tuple[str, ...], Meta(description="choices that datakit made itself")] = ()

    @property
    def exit_code(self) -> int:
        """3 when samples could not be read, else 0."""
        return 3 if self.failed else 0
