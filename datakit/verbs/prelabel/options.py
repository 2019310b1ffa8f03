"""The options of ``prelabel``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from datakit.engine import ENGINES
from datakit.engine.base import Engine
from datakit.errors import InputError
from datakit.machine import usable_cpus
from datakit.models.segmenters.base import SEGMENTERS
from datakit.records.labels import ClassRules
from datakit.verbs.shared.options import Device, WriteOptions

VERB = "prelabel"
COMMON = ("out", "model", "weights", "refine", "largest", "merge", "into")


GPU_BATCH = 64


THREADS_OF_A_PROCESS = 4
"""Beside a GPU: of the time that a photo takes to be read, measured and written, Python's lock is
held for 23 %, so that more threads would wait for one another; more processes share the GPU."""


def is_gpu(device: str) -> bool:
    """Tell whether a resolved device is a GPU."""
    return device.startswith("cuda")


class DraftOptions(WriteOptions, frozen=True, kw_only=True):
    """Options of drafting: the model, what becomes of its maps, the queue."""

    BYTES_PER_PIXEL: ClassVar[int] = 20

    model: Annotated[
        str, Meta(description="the model that drafts the labels", extra={"choices": SEGMENTERS})
    ] = "mediapipe-selfie"
    weights: Annotated[
        tuple[str, ...],
        Meta(
            description="the model's weights, a file or a folder; one for each member of an "
            "ensemble (repeatable)",
            extra={"metavar": "FILE", "input": "path"},
        ),
    ] = ()
    contract: Annotated[
        str | None,
        Meta(
            description="input and output contract of a custom model: a YAML file or a shipped "
            "name",
            extra={"metavar": "FILE|NAME", "input": "word"},
        ),
    ] = None
    member: Annotated[
        tuple[str, ...], Meta(description="a member of --model ensemble (repeatable)")
    ] = ()
    effort: Annotated[
        Literal["fast", "default", "best"],
        Meta(
            description="passes over each photo. fast: one; default: mediapipe-selfie also "
            "runs on the mirrored photo and on people's boxes and bodies, and follows edges; "
            "best: a model with weights runs twice, averaged with that chain; hands that a draft "
            "lacks are reported"
        ),
    ] = "default"
    prompts: Annotated[
        Literal["none", "boxes", "faces", "annotations"],
        Meta(
            description="draft what is in these boxes, each by itself, and nothing else. boxes: "
            "objects that the source only boxed; annotations: all that it annotated; faces: the "
            "people of the faces that are found"
        ),
    ] = "none"
    instances: Annotated[
        bool,
        Meta(
            description="masks hold an id for each person: parts are split along the faces that "
            "are found, or along the boxes of --prompts"
        ),
    ] = False
    device: Device = "auto"
    batch: Annotated[
        Annotated[int, Meta(ge=1, le=4096)] | None,
        Meta(
            description=f"photos at once on a GPU [default: {GPU_BATCH}]; a CPU takes one at a "
            "time, so that no photo's label depends on its neighbours"
        ),
    ] = None
    precision: Annotated[
        Literal["float32", "bfloat16", "float16"],
        Meta(description="of the convolutions; probabilities are always computed in float32"),
    ] = "float32"
    compiled: Annotated[
        bool,
        Meta(
            description="compile the model: slow to start, faster after",
            extra={"flag": "--compile"},
        ),
    ] = False
    tta: Annotated[
        Literal["none", "flip"],
        Meta(
            description="flip: also run on the mirrored photo, to measure uncertainty; takes "
            "twice as long"
        ),
    ] = "none"
    second: Annotated[
        str | None,
        Meta(
            description="another model whose disagreement measures uncertainty",
            extra={"choices": SEGMENTERS},
        ),
    ] = None
    second_weights: Annotated[
        tuple[str, ...],
        Meta(description="weights of --second", extra={"metavar": "FILE", "input": "path"}),
    ] = ()
    people: Annotated[
        Literal["verified", "any", "faces"],
        Meta(
            description="which drafts are kept; others are empty and come first in the queue. "
            "verified: where a body or a face agrees (as far as --effort looks for them); "
            "faces: where a face is found, with any model; any: all"
        ),
    ] = "verified"
    min_max: Annotated[
        bool,
        Meta(description="stretch each map to 0..1 as rembg does; invents people in empty scenes"),
    ] = False
    refine: Annotated[
        bool, Meta(description="draw soft edges along the photo's own, by the guided filter")
    ] = False
    largest: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="keep only this many parts")
    ] = None
    min_area: Annotated[
        float, Meta(ge=0, le=1, description="drop parts below this share of the photo")
    ] = 0.0
    matting: Annotated[
        bool, Meta(description="estimate the alpha around the outline by closed-form matting")
    ] = False
    depth: Annotated[Literal["8", "16"], Meta(description="bits of the alphas")] = "8"
    outline: Annotated[
        Literal["rle", "polygons", "bridged"],
        Meta(
            description="what annotations.coco.json holds; a mask with holes stays RLE among "
            "polygons, and bridged cuts its holes open"
        ),
    ] = "rle"
    category: Annotated[
        str, Meta(min_length=1, description="name of the class that is drafted")
    ] = "person"
    calibrate: Annotated[
        str | None,
        Meta(
            description="order the queue by what people changed: a drafted dataset into which "
            "reviewed labels were merged, or a calibration.yaml",
            extra={"metavar": "REVIEWED", "input": "path"},
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.second_weights and self.second is None:
            raise InputError("--second-weights is for --second NAME; add that, or leave it out")

    def make_engine(self) -> Engine:
        """Build the engine; beside a GPU, workers are threads of the processes that share it."""
        if self.engine == "local" and is_gpu(self.device):
            engine: Engine = ENGINES.load(self.engine)(self.gpu_processes)
            return self.bounded(engine)
        return super().make_engine()

    @property
    def hands(self) -> int:
        """How many photos can be read or written at once."""
        if self.workers is not None:
            return max(1, self.workers)
        return usable_cpus()

    @property
    def gpu_processes(self) -> int:
        """How many processes share a GPU; 0: this one."""
        return 0 if self.workers == 0 else max(1, self.hands // THREADS_OF_A_PROCESS)


class MergeOptions(WriteOptions, frozen=True, kw_only=True):
    """Options of ``--merge``; ``src`` and ``out`` are named while the merge runs."""

    src: tuple[str, ...] = ()
    out: str = ""
    merge: str
    into: str
    map: tuple[str, ...] = ()
    boxes: Literal["skip", "paint"] = "skip"


class Options(DraftOptions, frozen=True, kw_only=True):
    """Options of ``prelabel``.

    Examples
    --------
    >>> Options(src=("photos",), out="drafts").model
    'mediapipe-selfie'
    """

    src: Annotated[
        tuple[str, ...],
        Meta(description="folders, .zip, annotations or photos; -: one photo on stdin"),
    ] = ()
    out: Annotated[str, Meta(description="the dataset folder to write")] = ""
    merge: Annotated[
        str | None,
        Meta(
            description="bring these reviewed labels back into the drafts of --into",
            extra={"metavar": "REVIEWED", "input": "path"},
        ),
    ] = None
    map: Annotated[
        tuple[str, ...],
        Meta(
            description="--merge: what a class of the review is in the drafts (repeatable)",
            extra={"metavar": "NAME=CLASS|background|ignore"},
        ),
    ] = ()
    boxes: Annotated[
        Literal["skip", "paint"],
        Meta(
            description="--merge: a rectangle is an unknown region (the ignore mask, and the "
            "image is partial), or painted"
        ),
    ] = "skip"
    into: Annotated[
        str | None,
        Meta(
            description="the drafted dataset that --merge writes to",
            extra={"metavar": "DST", "input": "path"},
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.merge is None) != (self.into is None):
            raise InputError("--merge REVIEWED and --into DST go together; name both")
        if self.merge is not None and (self.src or self.out):
            raise InputError("--merge takes no SRC and no -o: it writes to --into DST")
        if self.merge is not None and (self.resume or self.overwrite):
            raise InputError(
                "--merge replaces the labels in one step; leave out --resume and --overwrite"
            )
        if self.merge is None and (self.map or self.boxes != "skip"):
            raise InputError("--map and --boxes are for --merge REVIEWED; leave them out")
        ClassRules.parse(self.map)
        if self.merge is None and (not self.src or not self.out):
            raise InputError("prelabel: expected SRC and -o DST, or --merge REVIEWED --into DST")
