"""What tools work on: photos and labels decoded, and looked at by a model, before they are used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from datakit.core.interactive.prompted import Answer
from datakit.models.runtimes.promptable import Encoded, PromptableModel
from datakit.models.segmenters.promptable import PromptableSegmenter
from datakit.pages.ahead import Ahead
from datakit.pages.mask_overlay import Coverage
from datakit.records.review import ToolModel

MOST_BENCHES = 4
MOST_ENCODED = 6
"""SAM's features of a photo are 4 MB, those of SAM 2 are 16."""


@dataclass(frozen=True, eq=False)
class Bench:
    """A sample that is worked on: (H, W, 3) uint8 photo, (H, W) uint8 label before any edit."""

    image: npt.NDArray[np.uint8]
    draft: Coverage


class Workbench:
    """The sample in sight and those that come next.

    Parameters
    ----------
    read : callable
        Place of a sample -> its bench.
    segmenter : PromptableSegmenter, optional
        Answers clicks, boxes and lassos; None: `datakit.core.interactive.segment` does.
    """

    def __init__(
        self, read: Callable[[int], Bench], segmenter: PromptableSegmenter | None = None
    ) -> None:
        self._benches = Ahead(read, MOST_BENCHES)
        self._segmenter = segmenter
        self._encoded = (
            Ahead(partial(_encode, segmenter.model, self._benches), MOST_ENCODED)
            if segmenter
            else None
        )

    @property
    def model(self) -> ToolModel | None:
        """The model that answers, for the record of what it made."""
        if self._segmenter is None:
            return None
        one = self._segmenter.identity
        return ToolModel(
            name=one.name, sha256=one.sha256, licence=one.licence, noncommercial=one.noncommercial
        )

    def prepare(self, places: Sequence[int]) -> None:
        """Decode these samples and have the model look at them, the first one first."""
        self._benches.want(places)
        if self._encoded is not None:
            self._encoded.want(places)

    def bench(self, at: int) -> Bench:
        """Return what is worked on; raises InputError when there is no photo or label."""
        return self._benches.get(at)

    def answer(self, at: int) -> Answer | None:
        """Return how the model answers prompts on a sample, when it has looked at it."""
        if self._encoded is None or self._segmenter is None:
            return None
        encoded, model = self._encoded.get(at), self._segmenter.model
        return lambda clicks, box: model.answer(encoded, clicks, box)

    def close(self) -> None:
        """End the threads."""
        self._benches.close()
        if self._encoded is not None:
            self._encoded.close()


def _encode(model: PromptableModel, benches: Ahead[Bench], at: int) -> Encoded:
    return model.encode(benches.get(at).image)
