"""A segmenter with the memory that there is: a batch that does not fit is halved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from datakit.errors import EngineError
from datakit.models.segmenters import Hint, Image, Prediction, Segmenter, Submits

_WORDS = ("out of memory", "failed to allocate memory", "not enough memory", "bad_alloc")


class Inference:
    """Runs a segmenter on batches.

    Parameters
    ----------
    segmenter : Segmenter
        What runs; one that can `submit` works on while the next batch is read.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter
        self.largest_batch: int | None = None
        """What fitted after a batch did not; None until then."""

    def start(
        self, images: Sequence[Image], hints: Sequence[Hint | None]
    ) -> Callable[[], list[Prediction]]:
        """Start a batch of (H, W, 3) uint8 RGB images; the function waits for the predictions.

        Raises
        ------
        EngineError
            From either, if not even one image fits the device's memory.
        """
        if self.largest_batch is not None and len(images) > self.largest_batch:
            pieces = self._pieces(images, hints, self.largest_batch)
            return lambda: [one for piece in pieces for one in self.start(*piece)()]
        try:
            waiting = self._submitted(images, hints)
        except (RuntimeError, MemoryError) as error:
            found = self._halved(images, hints, error)
            return lambda: found

        def wait() -> list[Prediction]:
            try:
                return waiting()
            except (RuntimeError, MemoryError) as error:
                return self._halved(images, hints, error)

        return wait

    def _submitted(
        self, images: Sequence[Image], hints: Sequence[Hint | None]
    ) -> Callable[[], list[Prediction]]:
        if isinstance(self.segmenter, Submits):
            return self.segmenter.submit(images)
        given = hints if self.segmenter.takes_hints else None
        found = self.segmenter.segment(images, given)
        return lambda: found

    def _halved(
        self, images: Sequence[Image], hints: Sequence[Hint | None], error: Exception
    ) -> list[Prediction]:
        if not is_out_of_memory(error):
            raise error
        if len(images) == 1:
            name = self.segmenter.identity.name
            raise EngineError(
                f"model {name}: expected memory for at least one photo on the device, found too "
                "little; use --device cpu, a smaller model, or --precision bfloat16"
            ) from error
        self.largest_batch = len(images) // 2
        pieces = self._pieces(images, hints, self.largest_batch)
        return [one for piece in pieces for one in self.start(*piece)()]

    @staticmethod
    def _pieces(
        images: Sequence[Image], hints: Sequence[Hint | None], size: int
    ) -> list[tuple[Sequence[Image], Sequence[Hint | None]]]:
        starts = range(0, len(images), size)
        return [(images[start : start + size], hints[start : start + size]) for start in starts]


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether a runtime's error means that the device's memory is full.

    Examples
    --------
    >>> is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"))
    True
    >>> is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    False
    """
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(word in text for word in _WORDS)
