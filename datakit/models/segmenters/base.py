"""Person segmenters: the protocol, and the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from datakit.models.factory import Factory, Identity, Settings, chosen_factory
from datakit.models.prediction import Hint, Image, Map, Prediction
from datakit.registry import Registry


class Segmenter(Protocol):
    """Says for each pixel how likely it is foreground.

    Attributes
    ----------
    identity : Identity
        What runs.
    takes_hints : bool
        Whether `hints` change the result.
    """

    identity: Identity
    takes_hints: bool

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return one prediction for each (H, W, 3) uint8 RGB picture, in their order.

        Pictures may differ in size and their number is free; `hints` has one entry per picture.
        """
        ...


@runtime_checkable
class Submits(Protocol):
    """A segmenter whose device works on its own while the caller prepares the next batch."""

    def submit(self, images: Sequence[Image]) -> Callable[[], list[Prediction]]:
        """Start a batch; the returned function waits for it."""
        ...


SEGMENTERS: Registry[Factory[Segmenter]] = Registry(
    "segmenter",
    {
        "mediapipe-selfie": "datakit.models.segmenters.people:PEOPLE",
        "u2netp": "datakit.models.segmenters.u2net_segmenter:SMALL",
        "u2net": "datakit.models.segmenters.u2net_segmenter:FULL",
        "unet": "datakit.models.segmenters.unet_segmenter:UNET",
        "onnx": "datakit.models.segmenters.contracted:ONNX",
        "torchscript": "datakit.models.segmenters.contracted:TORCHSCRIPT",
        "torch-export": "datakit.models.segmenters.contracted:TORCH_EXPORT",
        "promptable": "datakit.models.segmenters.promptable:PROMPTABLE",
        "grabcut": "datakit.models.segmenters.grabcut:GrabCutSegmenter",
        "kmeans": "datakit.models.segmenters.kmeans:KMeansSegmenter",
        "gmm": "datakit.models.segmenters.gmm:GmmSegmenter",
        "meanshift": "datakit.models.segmenters.meanshift:MeanShiftSegmenter",
        "otsu": "datakit.models.segmenters.otsu:OtsuSegmenter",
        "ensemble": "datakit.models.segmenters.ensemble:EnsembleSegmenter",
    },
    group="datakit.segmenters",
)


def identify(name: str, settings: Settings | None = None) -> Identity:
    """Say which weights a segmenter would run, before any work.

    Raises
    ------
    InputError
        If the name is not known, or a setting is given that the segmenter has no use for.
    ModelError
        If weights or a runtime are missing or damaged.
    """
    settings = settings or Settings()
    return chosen_factory(SEGMENTERS, name, settings).identify(settings)


def build(name: str, settings: Settings | None = None) -> Segmenter:
    """Build a segmenter of the registry; raises as `identify`."""
    settings = settings or Settings()
    return chosen_factory(SEGMENTERS, name, settings)(settings)


def segment_one(segmenter: Segmenter, image: Image, hint: Hint | None = None) -> Map:
    """Return (H, W) float32 in [0, 1] for one (H, W, 3) uint8 RGB picture."""
    return segmenter.segment([image], [hint])[0].to_image_size()


def stream(segmenter: Segmenter, batches: Iterable[Sequence[Image]]) -> Iterator[list[Prediction]]:
    """Yield the predictions of each batch, in order.

    A segmenter that can `submit` has the next batch on its way while one is read: the device does
    not wait for the host. Others segment batch by batch.
    """
    if not isinstance(segmenter, Submits):
        for batch in batches:
            yield segmenter.segment(batch)
        return
    ahead: Callable[[], list[Prediction]] | None = None
    for batch in batches:
        started = segmenter.submit(batch)
        if ahead is not None:
            yield ahead()
        ahead = started
    if ahead is not None:
        yield ahead()
