"""A segmenter in a worker: started on a batch, waited for, and given up when it never works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from datakit.errors import EngineError, ModelError
from datakit.models.prediction import Hint, Image, Prediction
from datakit.models.segmenters.base import Segmenter, Submits

T = TypeVar("T")


class Inference:
    """Runs a segmenter on batches.

    A model that fails before it ever worked (its contract is wrong, the device cannot hold it)
    fails for every photo: that ends the run. Later, an error is that of its batch.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter
        self._worked = False

    def start(
        self, images: Sequence[Image], hints: Sequence[Hint | None]
    ) -> Callable[[], list[Prediction]]:
        """Start a batch of (H, W, 3) uint8 RGB images; the function waits for the predictions.

        Raises
        ------
        EngineError
            From either, if the model fails and never worked.
        ModelError
            From either, if it fails now.
        """
        waiting = self._tried(lambda: self._submitted(images, hints))

        def wait() -> list[Prediction]:
            found = self._tried(waiting)
            self._worked = True
            return found

        return wait

    def _submitted(
        self, images: Sequence[Image], hints: Sequence[Hint | None]
    ) -> Callable[[], list[Prediction]]:
        if isinstance(self.segmenter, Submits):
            return self.segmenter.submit(images)
        found = self.segmenter.segment(images, hints if self.segmenter.takes_hints else None)
        return lambda: found

    def _tried(self, step: Callable[[], T]) -> T:
        try:
            return step()
        except ModelError as error:
            if self._worked:
                raise
            raise EngineError(str(error)) from error
