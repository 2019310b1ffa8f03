"""What tools work on: photos and labels decoded, and looked at by a model, before they are used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from datakit.core.interactive.prompted import Answer
from datakit.models.prediction import Map, Prediction
from datakit.models.runtimes.promptable import Encoded, PromptableModel
from datakit.models.segmenters.promptable import PromptableSegmenter
from datakit.pages.ahead import Ahead
from datakit.pages.mask_overlay import Coverage
from datakit.pages.person_maps import PersonMaps
from datakit.records.review import ToolModel

MOST_BENCHES = 4
MOST_ENCODED = 6
"""SAM's features of a photo are 4 MB, those of SAM 2 are 16."""


@dataclass(frozen=True, eq=False)
class Bench:
    """A sample that is worked on.

    Attributes
    ----------
    image : (H, W, 3) uint8 RGB
    draft : (H, W) uint8
        The label before any edit.
    tells_apart : bool
        The label has classes or objects, which a map of all people does not tell apart.
    """

    image: npt.NDArray[np.uint8]
    draft: Coverage
    tells_apart: bool = False


class Workbench:
    """The sample in sight and those that come next.

    Parameters
    ----------
    read : callable
        Place of a sample -> its bench.
    segmenter : PromptableSegmenter, optional
        Answers clicks, boxes and lassos; None: `datakit.core.interactive.segment` does.
    people : PersonMaps, optional
        Says without a `segmenter` where people are.
    """

    def __init__(
        self,
        read: Callable[[int], Bench],
        segmenter: PromptableSegmenter | None = None,
        people: PersonMaps | None = None,
    ) -> None:
        self._benches = Ahead(read, MOST_BENCHES)
        self._segmenter = segmenter
        self._encoded = (
            Ahead(partial(_encode, segmenter.model, self._benches), MOST_ENCODED)
            if segmenter
            else None
        )
        self._people = None if segmenter else people
        self._seen = (
            Ahead(partial(_look, self._people, self._benches), MOST_ENCODED)
            if self._people
            else None
        )

    @property
    def model(self) -> ToolModel | None:
        """The model that answers or is asked where people are, for the record of what it made."""
        used = self._segmenter or self._people
        if used is None:
            return None
        one = used.identity
        return ToolModel(
            name=one.name, sha256=one.sha256, licence=one.licence, noncommercial=one.noncommercial
        )

    def prepare(self, places: Sequence[int]) -> None:
        """Decode these samples and have the model look at them, the first one first."""
        self._benches.want(places)
        if self._encoded is not None:
            self._encoded.want(places)
        if self._seen is not None:
            self._seen.want(places)

    def bench(self, at: int) -> Bench:
        """Return what is worked on; raises InputError when there is no photo or label."""
        return self._benches.get(at)

    def answer(self, at: int) -> Answer | None:
        """Return how the model answers prompts on a sample, when it has looked at it."""
        if self._encoded is None or self._segmenter is None:
            return None
        encoded, model = self._encoded.get(at), self._segmenter.model
        return lambda clicks, box: model.answer(encoded, clicks, box)

    def person_map(self, at: int) -> Map | None:
        """Return how likely each pixel is a person's, (H, W) float32; None where nobody is."""
        seen = None if self._seen is None else self._seen.get(at)
        return None if seen is None else seen.to_image_size()

    def close(self) -> None:
        """End the threads."""
        self._benches.close()
        if self._encoded is not None:
            self._encoded.close()
        if self._seen is not None:
            self._seen.close()


def _encode(model: PromptableModel, benches: Ahead[Bench], at: int) -> Encoded:
    return model.encode(benches.get(at).image)


def _look(people: PersonMaps, benches: Ahead[Bench], at: int) -> Prediction | None:
    bench = benches.get(at)
    return None if bench.tells_apart else people.look(bench.image)
