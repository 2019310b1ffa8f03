"""``prelabel``: a model drafts the labels of photos, and a queue says which to look at first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from datakit.verbs.shared.pipeline import Watch, WriteOptions, operation, process
from datakit.verbs.prelabel.contents import contract_content, decided_by
from datakit.engine import ENGINES
from datakit.engine.base import Engine, LazyTask, Needs
from datakit.errors import InputError
from datakit.io.layouts.sources import open_sources
from datakit.models.segmenters.base import SEGMENTERS, Identity, Settings, identify
from datakit.records.draft import DRAFTS
from datakit.records.drafting import Drafting
from datakit.records.summary import Summary

VERB = "prelabel"
GPU_BATCH = 64
PHOTOS_AT_ONCE_ON_GPU = 512
PHOTOS_AT_ONCE_ON_CPU = 4
"""Photos handed to a worker together; on a GPU enough that its stages are seldom empty."""
THREADS_OF_A_PROCESS = 4
"""Beside a GPU: of the time that a photo takes to be read, measured and written, Python's lock is
held for 23 %, so that more threads would wait for one another; more processes share the GPU."""

_GPU_NODES = ("/dev/nvidiactl", "/dev/dxg")


class Options(WriteOptions, frozen=True, kw_only=True):
    """Options of ``prelabel``.

    Examples
    --------
    >>> Options(src=("photos",), out="drafts").model
    'mediapipe-selfie'
    """

    src: Annotated[tuple[str, ...], Meta(description="folders, .zip or COCO .json to read")] = ()
    out: Annotated[str, Meta(description="the dataset folder to write")] = ""
    model: Annotated[
        str, Meta(description="what drafts the labels", extra={"choices": SEGMENTERS})
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
            description="how a model of another make is fed: a YAML file or a shipped name",
            extra={"metavar": "FILE|NAME", "input": "word"},
        ),
    ] = None
    member: Annotated[
        tuple[str, ...], Meta(description="a member of --model ensemble (repeatable)")
    ] = ()
    device: Annotated[
        str,
        Meta(
            pattern="^(auto|cpu|cuda(:[0-9]+)?)$",
            description="where the model runs; auto takes a GPU when there is one, and says so",
            extra={"metavar": "auto|cpu|cuda[:N]"},
        ),
    ] = "auto"
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
        Meta(description="flip: look at the mirrored photo too, for the doubt; twice the work"),
    ] = "none"
    second: Annotated[
        str | None,
        Meta(
            description="another model whose disagreement is a measure of doubt",
            extra={"choices": SEGMENTERS},
        ),
    ] = None
    second_weights: Annotated[
        tuple[str, ...],
        Meta(description="weights of --second", extra={"metavar": "FILE", "input": "path"}),
    ] = ()
    people: Annotated[
        Literal["any", "faces"],
        Meta(
            description="faces: a photo in which no face is found gets an empty label and comes "
            "first in the queue (some models take any object for a person)"
        ),
    ] = "any"
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
    merge: Annotated[
        str | None,
        Meta(
            description="bring these reviewed labels back into the drafts of --into",
            extra={"metavar": "REVIEWED", "input": "path"},
        ),
    ] = None
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
        if self.merge is None and (not self.src or not self.out):
            raise InputError("prelabel: expected SRC and -o DST, or --merge REVIEWED --into DST")
        if self.second_weights and self.second is None:
            raise InputError("--second-weights is for --second NAME; add that, or leave it out")

    def make_engine(self) -> Engine:
        """Build the engine; beside a GPU, workers are threads of the processes that share it."""
        if self.engine == "local" and is_gpu(self.device):
            engine: Engine = ENGINES.load(self.engine)(self.gpu_processes)
            return engine
        return super().make_engine()

    @property
    def hands(self) -> int:
        """How many photos can be read or written at once."""
        if self.workers is not None:
            return max(1, self.workers)
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1

    @property
    def gpu_processes(self) -> int:
        """How many processes share a GPU; 0: this one."""
        return 0 if self.workers == 0 else max(1, self.hands // THREADS_OF_A_PROCESS)


def run(options: Options, watch: Watch | None = None) -> Summary:
    """Draft the labels of photos, or merge reviewed ones.

    Parameters
    ----------
    options : Options
        What to read, which model drafts, where to write.
    watch : Watch, optional
        Who is told of the progress.

    Returns
    -------
    Summary
        Of a draft a `Drafting`: with the model, and how busy each stage of the work was.

    Raises
    ------
    InputError
        If SRC cannot be read, DST must not be written, or an option does not fit the model.
    ModelError
        If weights or a runtime are missing or damaged, or the device is not there.
    EngineError
        If the device's memory cannot hold the model and one photo.
    """
    if options.merge is not None and options.into is not None:
        from datakit.verbs.prelabel.merge import merge

        return merge(
            options.merge,
            options.into,
            workers=options.workers,
            engine=options.engine,
            ray_address=options.ray_address,
            strict=options.strict,
            dry_run=options.dry_run,
            watch=watch,
        )
    from datakit.verbs.prelabel import queue
    from datakit.verbs.prelabel.stages import StageTimes

    options, choice = _placed(options)
    source = open_sources(options.src, layout=options.layout)
    models = [identify(name, Settings(**settings)) for name, settings in _models(options)]
    calibration = queue.calibration(options.calibrate)
    gpu_processes = options.gpu_processes if is_gpu(options.device) else None
    times = StageTimes(options.hands, gpu_processes)
    summary = process(
        VERB,
        options,
        source,
        _task(options),
        label_map={"background": 0, options.category: 255},
        tables={DRAFTS: ""},
        finishing=lambda writer: queue.write(writer, options.category, calibration, models),
        heard=times.hear,
        notes=_taint(models),
        decided_by=decided_by(models, options.contract),
        watch=watch,
    )
    summary = msgspec.structs.replace(summary, notes=(*summary.notes, choice))
    return Drafting(
        **{name: getattr(summary, name) for name in summary.__struct_fields__},
        models=tuple(map(_named, models)),
        stages=times.table(summary.seconds),
    )


def is_gpu(device: str) -> bool:
    """Tell whether a resolved device is a GPU."""
    return device.startswith("cuda")


def _placed(options: Options) -> tuple[Options, str]:
    """Return the options with the device that is taken, and a sentence about it."""
    if "device" not in SEGMENTERS.load(options.model).USES:
        if is_gpu(options.device):
            raise InputError(
                f"--device {options.device}: expected cpu or auto, as {options.model} runs on the "
                "CPU only; leave it out, or take another model"
            )
        device = "cpu"
    else:
        device = _found_device(options.model) if options.device == "auto" else options.device
    chosen = " (chosen by auto)" if options.device == "auto" else ""
    return msgspec.structs.replace(options, device=device), f"device: {device}{chosen}"


def _found_device(model: str) -> str:
    # The runtimes take seconds to import: they are asked only where there is a driver.
    if not any(Path(node).exists() for node in _GPU_NODES):
        return "cpu"
    try:
        if model == "onnx":
            import onnxruntime

            providers = onnxruntime.get_available_providers()
            return "cuda" if "CUDAExecutionProvider" in providers else "cpu"
        import torch

        return "cuda" if torch.cuda.is_available() else "cpu"
    except ImportError:
        # Without its runtime the model cannot run at all, and says so when it is identified.
        return "cpu"


def _models(options: Options) -> list[tuple[str, dict[str, Any]]]:
    """Return name and settings of the model and, if there is one, of the second."""
    shared = {"device": options.device, "batch_size": _batch(options)}
    first = {
        "weights": options.weights,
        "contract": options.contract,
        "precision": options.precision,
        "compiled": options.compiled,
        "members": options.member,
        **shared,
    }
    if options.second is None:
        return [(options.model, first)]
    second = {"weights": options.second_weights, "sides": False, **shared}
    if "device" not in SEGMENTERS.load(options.second).USES:
        second["device"] = "cpu"
    return [(options.model, first), (options.second, second)]


def _without_places(options: Options) -> Options:
    """Return what decides a label: of files, their digest is in the history, not their place."""
    contract = contract_content(options.contract)
    return msgspec.structs.replace(
        options, weights=(), second_weights=(), calibrate=None, contract=contract
    )


def _batch(options: Options) -> int:
    return (options.batch or GPU_BATCH) if is_gpu(options.device) else 1


def _task(options: Options) -> LazyTask:
    model, *second = _models(options)
    gpu = is_gpu(options.device)
    threads = (
        THREADS_OF_A_PROCESS
        if options.engine != "local"
        else min(options.hands, THREADS_OF_A_PROCESS)
    )
    return LazyTask(
        "datakit.verbs.prelabel.task:Prelabel",
        {
            "out": options.out,
            "step": operation(VERB, _without_places(options)),
            "model": model,
            "second": second[0] if second else None,
            "flip": options.tta == "flip",
            "only_faces": options.people == "faces",
            "cleaning": {
                "min_max": options.min_max,
                "refine": options.refine,
                "largest": options.largest,
                "min_area": options.min_area,
                "matting": options.matting,
            },
            "depth": int(options.depth),
            "outline": options.outline,
            "category": options.category,
            "batch": _batch(options),
            "threads": threads if gpu else 0,
        },
        Needs(
            gpus=1 / THREADS_OF_A_PROCESS if gpu else 0.0,
            cpus=float(threads) if gpu else 1.0,
            chunk=PHOTOS_AT_ONCE_ON_GPU if gpu else PHOTOS_AT_ONCE_ON_CPU,
        ),
    )


def _named(model: Identity) -> str:
    if model.sha256 is None:
        return f"{model.name} (no weights)"
    return f"{model.name} ({model.licence}, sha256 {model.sha256})"


def _taint(models: list[Identity]) -> tuple[str, ...]:
    return tuple(
        f"{model.name} is {model.licence}: its labels may not be used commercially; each is tagged "
        "noncommercial-model"
        for model in models
        if model.noncommercial
    )
