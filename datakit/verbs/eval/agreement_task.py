"""One image that several people labelled -> how far they agree, or the one label of them all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.masks.values import values_in
from datakit.core.metrics.consensus import agreed, majority, staple
from datakit.core.metrics.mask_metrics import boundary_iou, iou
from datakit.errors import InputError
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.reads import sha256
from datakit.io.store.storage import location
from datakit.records.evaluation import SampleAgreement, Score
from datakit.records.labels import IGNORED
from datakit.records.product import Product
from datakit.records.sample import Operation
from datakit.verbs.eval.known_label import KnownLabel
from datakit.verbs.eval.votes import Voted, Voters, stacked
from datakit.verbs.shared.labelled import image_bytes

METHODS = {"majority": majority, "staple": staple}


@dataclass(frozen=True)
class Compared:
    """What was found of one image.

    Attributes
    ----------
    sample : SampleAgreement
    pairs : tuple of (int, int, Score)
        Of each two sources that labelled it.
    """

    sample: SampleAgreement
    pairs: tuple[tuple[int, int, Score], ...]


@dataclass(frozen=True)
class Compare:
    """The task of ``eval --between``."""

    voters: Voters

    def __call__(self, voted: Voted) -> Compared:
        """Compare all labels of one image with one another."""
        found = self.voters.labels(voted)
        pairs = tuple(
            (a, b, self._score(voted.key, one, other))
            for (a, one), (b, other) in combinations(found, 2)
        )
        sample = SampleAgreement(
            id=voted.key,
            labels=len(found),
            iou=_mean(pairs, "iou"),
            boundary_iou=_mean(pairs, "boundary_iou"),
            disagreement=round(_disagreement([label for _, label in found]), 6),
        )
        return Compared(sample, pairs)

    def _score(self, key: str, one: KnownLabel, other: KnownLabel) -> Score:
        known = np.ones(one.classes.shape, bool)
        for label in (one, other):
            if label.unknown is not None:
                known &= ~label.unknown
        first, second = one.classes * known, other.classes * known
        shown = sorted({*values_in(first), *values_in(second)} - {0}) or [1]
        height, width = known.shape
        return Score(
            id=key,
            pred=key,
            gt=key,
            width=width,
            height=height,
            metrics={
                "iou": float(np.mean([iou(first == n, second == n) for n in shown])),
                "boundary_iou": float(
                    np.mean([boundary_iou(first == n, second == n) for n in shown])
                ),
            },
        )


def _mean(pairs: tuple[tuple[int, int, Score], ...], metric: str) -> float | None:
    values = [score.metrics[metric] for _, _, score in pairs]
    return round(float(np.mean(values)), 6) if values else None


def _disagreement(labels: list[KnownLabel]) -> float:
    """Return the share of the pixels that any annotator calls foreground on which they differ."""
    votes, known = stacked(labels)
    anybody = ((votes > 0) & known).any(axis=0)
    differing = known.any(axis=0) & ~agreed(votes, known)
    return float(np.count_nonzero(differing) / max(1, np.count_nonzero(anybody)))


@dataclass
class Merge:
    """The task of ``eval --consensus``.

    Parameters
    ----------
    out : str
    step : Operation
    voters : Voters
    method : {"majority", "staple"}
    """

    out: str
    step: Operation
    voters: Voters
    method: Literal["majority", "staple"]

    def __call__(self, voted: Voted) -> Product:
        """Make one label of all; where people differ is the ignore mask."""
        if not voted.votes:
            return Product(counts={"left out: no label": 1})
        data = image_bytes(voted)
        facts = images.probe(data, voted.source_name)
        votes, known = stacked([label for _, label in self.voters.labels(voted)])
        mask = METHODS[self.method](votes, known)
        if mask.shape[::-1] != facts.size_wh:
            raise InputError(
                f"{voted.source_name}: expected labels of the image's "
                f"{facts.size_wh[0]}x{facts.size_wh[1]} pixels, found "
                f"{mask.shape[1]}x{mask.shape[0]}"
            )
        arrays: dict[str, npt.NDArray[np.uint8]] = {
            "mask": mask if self.voters.values else mask * np.uint8(255)
        }
        ignored = ~agreed(votes, known)
        if ignored.any():
            arrays["ignore"] = np.where(ignored, np.uint8(IGNORED), np.uint8(0))
        blobs = {"file_name": (voted.place("images"), data)}
        for kind, pixels in arrays.items():
            name = voted.place(f"{kind}s", ".png")
            blobs[f"{kind}_file_name"] = name, images.encode_png(pixels)
        for name, blob in blobs.values():
            atomic.write_bytes(location(self.out, name), blob)
        shown = set(values_in(mask))
        row = msgspec.structs.replace(
            voted.describe(*facts.size_wh, sha256(data), self.step),
            label_state="complete",
            categories=tuple(
                n for n, value in self.voters.values.items() if value and value in shown
            ),
            instances=(),
            annotations=len(shown - {0}),
            fg_ratio=round(float(np.count_nonzero(mask) / mask.size), 6),
            **{field: name for field, (name, _) in blobs.items()},
        )
        return Product(
            samples=(row,),
            files={name: len(blob) for name, blob in blobs.values()},
            counts={"disputed": int(ignored.any())} if ignored.any() else {},
        )
