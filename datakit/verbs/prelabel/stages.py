"""Utilisation of the stages of ``prelabel``: which one is the bottleneck."""

from __future__ import annotations

from datakit.engine.base import Outcome
from datakit.records.drafting import StageUse
from datakit.records.product import Product

ORDER = ("read", "decode", "infer", "label", "write")
_NAMES = {"compute": "infer"}


class StageTimes:
    """Adds up what the outcomes tell of their stages.

    Parameters
    ----------
    hands : int
        How many photos are read, measured or written at once.
    gpu_processes : int, optional
        How many wait for the GPU at once; as many as hands without one.
    """

    def __init__(self, hands: int, gpu_processes: int | None = None) -> None:
        self._hands = hands
        self._infer_hands = hands if gpu_processes is None else max(1, gpu_processes)
        self._seconds: dict[str, float] = {}
        self._photos = 0

    def count(self, outcome: Outcome[Product]) -> None:
        """Count one outcome."""
        # What an earlier run had done brings no times.
        self._photos += outcome.value is not None and outcome.seconds >= 0
        for name, seconds in (outcome.stages or {}).items():
            stage = _NAMES.get(name, name)
            self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds

    def table(self, wall_s: float) -> dict[str, StageUse]:
        """Return stage -> its use over the run, in the order of the work."""
        table = {}
        for stage in ORDER:
            seconds = self._seconds.get(stage, 0.0)
            hands = self._infer_hands if stage == "infer" else self._hands
            if seconds > 0 and wall_s > 0:
                table[stage] = StageUse(
                    busy=round(seconds / (hands * wall_s), 4),
                    rate=round(self._photos * hands / seconds, 2),
                )
        return table
