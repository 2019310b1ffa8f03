"""The parts; the entry points of the package name them."""

from __future__ import annotations

from datakit.checks.base import Check, Measured, Subject, value_of
from datakit.checks.limits import Limits
from datakit.io.layouts.photos import PhotosReader
from datakit.io.store.files import Root
from datakit.models.faces.mediapipe import MediapipeDetector
from datakit.models.segmenters.otsu import OtsuSegmenter


class TinyReader(PhotosReader):
    """A folder of photos that a file ``tiny.txt`` names as this layout."""

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether the file is there."""
        return "tiny.txt" in names


class TinySegmenter(OtsuSegmenter):
    """Otsu's threshold under another name."""

    NAME = "tiny-threshold"


class TinyDetector(MediapipeDetector):
    """MediaPipe's detector under another name."""


def _measure(subject: Subject) -> Measured:
    stored = subject.stored
    return Measured({"value": 0.0 if stored is None else float(stored.max() == 7)})


CHECKS = (
    Check(
        "tiny_seven",
        "the largest value is {value}",
        _measure,
        value_of("value"),
        Limits(error=1.0, reason="nobody means 7", source="this test"),
    ),
)
