"""MediaPipe's selfie segmentation as a segmenter of people."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from datakit.core.images import network_input
from datakit.models.faces.mediapipe import SELFIE, MediapipeMatte
from datakit.models.segmenters.base import Hint, Identity, Image, Prediction, Settings
from datakit.models.weights.provenance import load_weights


class SelfieSegmenter:
    """People at 256 x 256, enlarged to the image by MediaPipe; always on the CPU.

    Raises
    ------
    ModelError
        If mediapipe is missing or its model is not the one of the pinned release.
    """

    USES: frozenset[str] = frozenset()
    takes_hints = False

    def __init__(self, settings: Settings) -> None:
        self.identity = self.identify(settings)
        self._matte = MediapipeMatte()

    @classmethod
    def identify(cls, settings: Settings) -> Identity:
        """Check the model that mediapipe's wheel carries."""
        loaded = load_weights(SELFIE)
        return Identity(
            name="mediapipe-selfie",
            sha256=loaded.sha256,
            licence=SELFIE.licence,
            release=loaded.release,
            source=SELFIE.source,
            runtime=f"mediapipe {_version()}, cpu",
        )

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return the confidence that a pixel belongs to a person, at the pictures' own sizes."""
        found = []
        for image in images:
            matte = self._matte.matte(image)
            placement = network_input.identity((image.shape[0], image.shape[1]))
            found.append(Prediction(matte, placement, raw_max=float(matte.max())))
        return found


def _version() -> str:
    """Return mediapipe's version without the seconds that its import takes."""
    try:
        return version("mediapipe")
    except PackageNotFoundError:
        # A build of one's own, under another name.
        return "of unknown version"
