"""What a check is, what it measures, and what it passes on.

A check measures (pixels -> numbers), scores (numbers of one sample, and of the whole set -> one
number in the check's own unit, higher is worse), and is judged (score against the thresholds of
``thresholds.yaml``). Measurements are kept; scores and verdicts can be had again without pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.checks.limits import Limits
from datakit.core.drafts.hands import Hand
from datakit.core.matting.alpha_coding import Decoded, decode_stored
from datakit.core.metrics.robust import robust_z
from datakit.core.quality.contour_profiles import EdgeColours, edge_colours
from datakit.core.quality.edge_fit import EdgeFit, edge_fit
from datakit.core.quality.matte_edges import EdgePoints, edge_points, transition_width_px
from datakit.core.quality.matte_regions import Box, Regions, holes, subjects
from datakit.records.probe import Probe

Value = float | str
Values = Mapping[str, Value]
T = TypeVar("T")

SMALL_SIDE_PX = 512
MIN_POPULATION = 8
MAX_REACH_PX = 64


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as the reader found it.

    Attributes
    ----------
    probe : Probe, optional
        None when not even the header could be read.
    error : str
        Why it could not be decoded; empty when it could.
    cut_off : bool
        The file ends before its format says so.
    """

    probe: Probe | None = None
    error: str = ""
    cut_off: bool = False


@dataclass(frozen=True)
class Subject:
    """One sample as the checks see it; what several checks need is computed once.

    Attributes
    ----------
    id : str
        The sample's id.
    image : (H, W, 3) uint8 RGB, optional
        As shown (orientation applied); None when it is missing or unreadable.
    stored : (h, w) or (h, w, C), optional
        The alpha's pixels as stored; None when it is missing or unreadable.
    image_file, alpha_file : StoredFile
        What the readers found.
    mask : (H, W) bool, optional
    trimap : (H, W) uint8 in {0, 128, 255}, optional
    confidence : (H, W) float32 in [0, 1], optional
        A segmenter's probability of foreground.
    hands : sequence of Hand, optional
        The hands on the image; None where they were not looked for.
    region : (H, W) bool, optional
        What was filled, of a plate that `inpaint` made.
    group : str
        What must stay in one split; empty when unknown.
    split : str
        train, val or test; empty when unknown.
    """

    id: str
    image: NDArray[np.uint8] | None = None
    stored: NDArray[Any] | None = None
    image_file: StoredFile = field(default_factory=StoredFile)
    alpha_file: StoredFile = field(default_factory=StoredFile)
    mask: NDArray[np.bool_] | None = None
    trimap: NDArray[np.uint8] | None = None
    confidence: NDArray[np.float32] | None = None
    hands: Sequence[Hand] | None = None
    region: NDArray[np.bool_] | None = None
    group: str = ""
    split: str = ""

    @cached_property
    def decoded(self) -> Decoded | None:
        """The alpha with its channel taken and its scale undone."""
        return None if self.stored is None else decode_stored(self.stored)

    @property
    def alpha(self) -> NDArray[np.float32] | None:
        """The alpha, (h, w) float32 in [0, 1]."""
        return None if self.decoded is None else self.decoded.alpha

    @cached_property
    def levels(self) -> NDArray[np.uint8] | None:
        """The alpha in 8 bits."""
        return None if self.alpha is None else np.rint(self.alpha * 255).astype(np.uint8)

    @property
    def paired(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]] | None:
        """Image and alpha when both are there and of one size."""
        if self.image is None or self.alpha is None or self.image.shape[:2] != self.alpha.shape:
            return None
        return self.image, self.alpha

    @cached_property
    def diagonal_px(self) -> float:
        """The alpha's diagonal; NaN without one."""
        if self.alpha is None:
            return float("nan")
        height, width = self.alpha.shape
        return float(np.hypot(height, width))

    @cached_property
    def edge(self) -> EdgePoints | None:
        """Points along the alpha's edge."""
        return None if self.alpha is None else edge_points(self.alpha, limit=2000, margin_px=4)

    @cached_property
    def edge_colours(self) -> EdgeColours | None:
        """Alpha and colour along the normals of the edge."""
        if self.paired is None or self.edge is None:
            return None
        # Beyond the transition on both sides there must be room for sure colours.
        width_px = transition_width_px(self.paired[1], self.edge)
        wanted_px = max(0.008 * self.diagonal_px, 2 * np.nan_to_num(width_px))
        reach_px = int(np.clip(round(wanted_px), 6, MAX_REACH_PX))
        return edge_colours(*self.paired, self.edge, reach_px=reach_px)

    @cached_property
    def small(self) -> tuple[NDArray[np.uint8], NDArray[np.float32], float] | None:
        """Image and alpha with a long side of at most 512, and their scale."""
        if self.paired is None:
            return None
        image, alpha = self.paired
        scale = SMALL_SIDE_PX / max(alpha.shape)
        if scale >= 1:
            return image, alpha, 1.0
        size_wh = (max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale)))
        return (
            np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)),
            np.asarray(cv2.resize(alpha, size_wh, interpolation=cv2.INTER_AREA)),
            scale,
        )

    @cached_property
    def small_fit(self) -> EdgeFit | None:
        """The fit of the edge at the small size: shape, not pixels."""
        if self.small is None:
            return None
        image, alpha, _ = self.small
        return edge_fit(image, alpha, half_window_px=3)

    @cached_property
    def parts(self) -> Regions | None:
        """The connected parts of the subject."""
        return None if self.alpha is None else subjects(self.alpha)

    @cached_property
    def holes(self) -> Regions | None:
        """The enclosed clear parts."""
        return None if self.alpha is None else holes(self.alpha)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one check measured in one sample."""

    values: Mapping[str, Value] = field(default_factory=dict)
    box_xyxy: Box | None = None


NOT_MEASURED = Measured()


@dataclass(frozen=True, slots=True)
class Scored:
    """A score with what else the words of a finding need."""

    score: float
    facts: Mapping[str, object] = field(default_factory=dict)


class Row(Protocol):
    """The measurements of one sample: what a table's row holds."""

    @property
    def id(self) -> str:
        """The sample's id."""

    @property
    def values(self) -> Mapping[str, Values]:
        """Check -> name -> value."""


class Population:
    """All samples' measurements: what a check needs that judges one against the rest.

    Parameters
    ----------
    rows : sequence of Row
        One for each sample; ids are distinct.
    targets : mapping, optional
        Name -> (wanted, tolerance): what the user says the set should look like.
    """

    def __init__(
        self, rows: Sequence[Row], targets: Mapping[str, tuple[float, float]] | None = None
    ) -> None:
        self.rows = rows
        self.targets = dict(targets or {})
        self.index = {row.id: number for number, row in enumerate(rows)}
        self._computed: dict[str, Any] = {}

    def once(self, name: str, compute: Callable[[Population], T]) -> T:
        """Return ``compute(self)``, computed once for ``name``."""
        if name not in self._computed:
            self._computed[name] = compute(self)
        result: T = self._computed[name]
        return result

    def column(self, check: str, name: str) -> NDArray[np.float64]:
        """Return (N,) one measurement of all samples; NaN where it was not measured."""
        found = (row.values.get(check, {}).get(name, np.nan) for row in self.rows)
        return np.array([np.nan if isinstance(value, str) else value for value in found], float)

    def robust_z(
        self,
        sample: str,
        check: str,
        name: str,
        *,
        transform: Callable[[NDArray[np.float64]], NDArray[np.float64]],
        floor: float,
    ) -> float:
        """Return how far out a sample lies; NaN in a set with fewer than 8 measurements."""

        def compute(population: Population) -> NDArray[np.float64]:
            values = transform(population.column(check, name))
            if np.count_nonzero(np.isfinite(values)) < MIN_POPULATION:
                return np.full(len(values), np.nan)
            return robust_z(values, floor=floor)

        return float(self.once(f"robust_z {check}.{name}", compute)[self.index[sample]])


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be wrong with a sample.

    Attributes
    ----------
    name : str
        Snake case, unique; the key in ``thresholds.yaml`` and in tables.
    words : str
        What a finding says; ``{names}`` are measured values, facts, or ``score``.
    measure : callable
        Subject -> Measured; ``NOT_MEASURED`` when the sample lacks what it needs.
    score : callable
        (id, values, Population) -> score; NaN when it cannot be determined.
    limits : Limits, optional
        Of a check of another package; those of datakit's own are in ``thresholds.yaml``.
    """

    name: str
    words: str
    measure: Callable[[Subject], Measured]
    score: Callable[[str, Values, Population], float | Scored]
    limits: Limits | None = None


def value_of(name: str) -> Callable[[str, Values, Population], float]:
    """Return a score that is one of the values as measured."""

    def score(sample: str, values: Values, population: Population) -> float:
        del sample, population
        return number(values, name)

    return score


def number(values: Values, name: str) -> float:
    """Return a measured number; NaN when it was not measured."""
    value = values.get(name, float("nan"))
    return float("nan") if isinstance(value, str) else float(value)
