"""What tells people from background: the protocol, and the registry of segmenters.

A segmenter is built in two steps: `identify` says what it would run (weights, licence) without
loading a runtime, so that a missing file is found before any work; `build` loads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from datakit.core.images import network_input
from datakit.core.images.network_input import Placement
from datakit.errors import InputError
from datakit.registry import Registry

Image = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]
Precision = Literal["float32", "bfloat16", "float16"]
Effort = Literal["fast", "default", "best"]
NOT_NEEDED = "not needed"

Built = TypeVar("Built", covariant=True)


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """What a segmenter says of one picture.

    Attributes
    ----------
    probability : (h, w) float32 in [0, 1]
        How likely each pixel is foreground, at the model's own resolution; padding included.
    placement : Placement
        Where the picture lies in it; `to_image_size` reads it.
    raw_max : float
        Largest value the model gave before any normalisation; low where it saw nobody.
    sides : (k, h', w') float32 in [0, 1], optional
        Side outputs of a deeply supervised model, finest first.
    hint : str
        Where the region came from that the segmenter started with; empty for models.
    is_person : bool, optional
        Whether there is anybody at all, where the segmenter verified it; None where it did not.
    """

    probability: Map
    placement: Placement
    raw_max: float
    sides: Map | None = None
    hint: str = ""
    is_person: bool | None = None

    def to_image_size(self) -> Map:
        """Return (H, W) float32 in [0, 1], at the size of the picture and without padding."""
        return np.clip(network_input.to_image_size(self.probability, self.placement), 0, 1)


@dataclass(frozen=True, slots=True)
class Hint:
    """Where the person is, as a prompt: what segmenters without a model start from.

    Attributes
    ----------
    box_xyxy : four floats, optional
        Pixel edges of the picture.
    polygons : tuple of (N, 2) float64
        Outlines, x and y in pixel edges; they go before the box.
    source : str
        The source of the prompt, for the label's history: ``annotation``, ``face``, ``option``.
    boxes_xyxy : tuple of four floats each
        Around each object by itself, where that is known.
    """

    box_xyxy: Box | None = None
    polygons: tuple[npt.NDArray[np.float64], ...] = ()
    source: str = "annotation"
    boxes_xyxy: tuple[Box, ...] = ()

    def object_boxes(self) -> tuple[Box, ...]:
        """Return the boxes of single objects, else those of the outlines, else the one around all.

        Examples
        --------
        >>> Hint(box_xyxy=(0, 0, 4, 4)).object_boxes()
        ((0, 0, 4, 4),)
        >>> Hint(polygons=(np.array([[1.0, 2], [5, 2], [5, 9]]),)).object_boxes()
        ((1.0, 2.0, 5.0, 9.0),)
        """
        if self.boxes_xyxy:
            return self.boxes_xyxy
        if self.polygons:
            corners = [(*ring.min(axis=0), *ring.max(axis=0)) for ring in self.polygons]
            return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in corners)
        return () if self.box_xyxy is None else (self.box_xyxy,)

    def mirrored(self, width: float) -> Hint:
        """Return the hint of the mirror image of a picture that is `width` pixels wide.

        Examples
        --------
        >>> Hint(box_xyxy=(0, 0, 4, 4), boxes_xyxy=((0, 0, 4, 4),)).mirrored(10).object_boxes()
        ((6, 0, 10, 4),)
        """

        def turned(box: Box) -> Box:
            return width - box[2], box[1], width - box[0], box[3]

        return replace(
            self,
            box_xyxy=None if self.box_xyxy is None else turned(self.box_xyxy),
            polygons=tuple(ring * (-1, 1) + (width, 0) for ring in self.polygons),
            boxes_xyxy=tuple(map(turned, self.boxes_xyxy)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What runs, for the history of every label.

    Attributes
    ----------
    name : str
        As in the registry.
    sha256 : str or None
        Digest of the weights' bytes; None for methods without weights.
    licence : str
        SPDX name, ``unknown`` for weights that no table knows, `NOT_NEEDED` for methods without.
    noncommercial : bool
        Whether the licence forbids commercial use: labels that it made inherit the restriction.
    release, source : str
        What the digest is known as, and where it is published; empty when it is not known.
    runtime : str
        What computes: library, version, device, precision.
    members : tuple of Identity
        The parts of an ensemble.
    """

    name: str
    sha256: str | None = None
    licence: str = "unknown"
    noncommercial: bool = False
    release: str = ""
    source: str = ""
    runtime: str = ""
    members: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to build a segmenter; what its family has no use for is refused, not ignored.

    Attributes
    ----------
    weights : tuple of path
        The file (``--weights``), or folders to look in; for ``ensemble`` one a member, ``-`` for
        a member that finds its own.
    contract : path, optional
        The YAML contract of ``onnx``, ``torchscript`` and ``torch-export``, or the name of a
        shipped one.
    device : str
        ``cpu``, ``cuda``, ``cuda:N`` or ``auto``.
    batch_size : int
        Pictures that go through the model at once.
    precision : {"float32", "bfloat16", "float16"}
        Of the convolutions; probabilities are always computed in float32.
    compiled : bool
        Compile at a static size: slow to start, faster after.
    sides : bool
        Whether side outputs are wanted.
    members : tuple of str
        Names of the parts of ``ensemble``.
    effort : {"fast", "default", "best"}
        How often a photo is looked at: `datakit.models.segmenters.people` and `thorough`.
    """

    weights: tuple[str | Path, ...] = ()
    contract: str | Path | None = None
    device: str = "auto"
    batch_size: int = 8
    precision: Precision = "float32"
    compiled: bool = False
    sides: bool = True
    members: tuple[str, ...] = ()
    effort: Effort = "fast"


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

        Pictures may differ in size and their number is free; `hints` has one entry a picture.
        """
        ...


@runtime_checkable
class Submits(Protocol):
    """A segmenter whose device works on its own while the caller prepares the next batch."""

    def submit(self, images: Sequence[Image]) -> Callable[[], list[Prediction]]:
        """Start a batch; the returned function waits for it."""
        ...


class Factory(Protocol[Built]):
    """Builds a segmenter or another model; a registry entry is one of these (a class will do).

    Attributes
    ----------
    USES : frozenset of str
        The fields of `Settings` that it reads. `device`: it can run on a GPU. The batch size
        and the wish for side outputs may be given to all.
    """

    USES: frozenset[str]

    def identify(self, settings: Settings) -> Identity:
        """Say what would run, from files alone; ModelError when something is missing."""
        ...

    def __call__(self, settings: Settings) -> Built:
        """Build it; ModelError when its runtime or its weights are missing or damaged."""
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
_EVERYWHERE = frozenset({"device", "batch_size", "sides"})
# What runs on the CPU only takes these for granted.
_ON_CPU = ("auto", "cpu")


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


def joined(name: str, members: Sequence[Identity]) -> Identity:
    """Return the identity of several models that run as one."""
    licences = dict.fromkeys(member.licence for member in members)
    if len(licences) > 1:
        licences.pop(NOT_NEEDED, None)
    digests = "\n".join(f"{member.name} {member.sha256}" for member in members)
    return Identity(
        name=name,
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
        licence=" AND ".join(licences),
        noncommercial=any(member.noncommercial for member in members),
        release=" + ".join(member.release or member.name for member in members),
        runtime=" + ".join(dict.fromkeys(m.runtime for m in members if m.runtime)),
        members=tuple(members),
    )


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


def chosen_factory(
    registry: Registry[Factory[Built]], name: str, settings: Settings
) -> Factory[Built]:
    """Return the factory of a model that has a use for all the settings.

    Raises
    ------
    InputError
        If the name is not known, a field is set that the model does not read, or a GPU is asked
        for and the model runs on the CPU only.
    """
    factory = registry.load(name)
    subject, uses = f"{registry.family} {name!r}", factory.USES
    plain = Settings()
    for field in fields(Settings):
        given = getattr(settings, field.name)
        unused = field.name not in uses and field.name not in _EVERYWHERE
        if unused and given != getattr(plain, field.name):
            flag = field.name.replace("_", "-")
            raise InputError(f"{subject} has no use for {flag} ({given}); leave it out")
    if "device" not in uses and settings.device not in _ON_CPU:
        raise InputError(
            f"--device {settings.device}: expected cpu or auto, as {subject} runs on the CPU only; "
            "leave it out, or take another model"
        )
    return factory
