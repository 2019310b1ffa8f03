"""What is different between two datasets: samples, splits, images, labels, metadata."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from datakit.records.base import Record
from datakit.records.failure import Failure

LabelKind = Literal["mask", "alpha", "trimap", "ignore"]


class LabelChange(Record, frozen=True, kw_only=True):
    """One label of a sample that differs."""

    kind: LabelKind
    category: Annotated[str | None, Meta(description="the class, of a mask")] = None
    only: Annotated[
        Literal["before", "after"] | None, Meta(description="the side that alone has the label")
    ] = None
    share: Annotated[float, Meta(ge=0, le=1, description="of the pixels that differ")] = 1.0
    iou: Annotated[float | None, Meta(description="of a class")] = None
    boundary_iou: Annotated[float | None, Meta(description="of a class")] = None
    sad: Annotated[
        float | None, Meta(description="of alphas: summed absolute difference, in thousands")
    ] = None

    @property
    def in_words(self) -> str:
        """What differs, and by how much."""
        name = f"{self.kind} {self.category}" if self.category else self.kind
        if self.only:
            return f"{name} (only {self.only})"
        if self.iou is not None:
            return f"{name} (IoU {self.iou:.4f}, boundary {self.boundary_iou:.4f})"
        if self.sad is not None:
            return f"{name} (SAD {self.sad:.3f})"
        return f"{name} ({self.share:.2%} of the pixels)"


class Changed(Record, frozen=True, kw_only=True):
    """One sample that both have and that differs."""

    before: Annotated[str, Meta(description="its id in A")]
    after: Annotated[str, Meta(description="its id in B")]
    image: Annotated[
        Literal["same", "file", "pixels", "size"],
        Meta(description="file: other bytes, equal pixels; pixels: others; size: another size"),
    ] = "same"
    labels: tuple[LabelChange, ...] = ()
    fields: Annotated[tuple[str, ...], Meta(description="of the row in metadata.jsonl")] = ()

    @property
    def differs(self) -> bool:
        """Whether anything differs."""
        return self.image != "same" or bool(self.labels or self.fields)

    @property
    def in_words(self) -> str:
        """Everything that differs.

        Examples
        --------
        >>> Changed(before="a", after="a", image="pixels", fields=("group",)).in_words
        'image (pixels), group'
        """
        image = () if self.image == "same" else (f"image ({self.image})",)
        return ", ".join([*image, *(change.in_words for change in self.labels), *self.fields])

    @property
    def severity(self) -> float:
        """How much of a label or of the picture changed, 0 to 1: what is shown first."""
        parts = [change.share if change.iou is None else 1 - change.iou for change in self.labels]
        return max([*parts, 1.0 if self.image in ("pixels", "size") else 0.0])


class Moved(Record, frozen=True, kw_only=True):
    """One sample that stands in another split."""

    before: str
    after: str
    splits: Annotated[tuple[str | None, str | None], Meta(description="in A, in B")]


class Difference(Record, frozen=True, kw_only=True):
    """The result of ``diff``."""

    verb: str = "diff"
    out: Annotated[str | None, Meta(description="the folder with the report")] = None
    counts: dict[str, int] = field(default_factory=dict)
    added: Annotated[tuple[str, ...], Meta(description="ids that only B has")] = ()
    removed: Annotated[tuple[str, ...], Meta(description="ids that only A has")] = ()
    moved: tuple[Moved, ...] = ()
    changed: Annotated[tuple[Changed, ...], Meta(description="the most changed first")] = ()
    classes: Annotated[
        tuple[str, ...], Meta(description="classes whose value differs or that one side lacks")
    ] = ()
    failures: Annotated[
        tuple[Failure, ...], Meta(description="samples that could not be compared")
    ] = ()
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 when the two differ; 3 when some samples could not be compared and nothing differs."""
        if self.added or self.removed or self.moved or self.changed or self.classes:
            return 1
        return 3 if self.failures else 0
