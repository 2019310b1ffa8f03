"""Drafting: a model labels photos, and a queue says which labels to look at first."""

from __future__ import annotations

from typing import Any

import msgspec

from datakit.engine.base import LazyTask, Needs, Outcome
from datakit.errors import InputError
from datakit.machine import has_gpu_device
from datakit.models.factory import Identity
from datakit.models.segmenters.base import SEGMENTERS
from datakit.records.draft import DRAFTS
from datakit.records.drafting import Drafting
from datakit.records.product import Product
from datakit.verbs.prelabel import queue
from datakit.verbs.prelabel.models import (
    follows_edges,
    identify_model,
    is_thorough,
    settings_of,
)
from datakit.verbs.prelabel.options import (
    GPU_BATCH,
    THREADS_OF_A_PROCESS,
    VERB,
    DraftOptions,
    is_gpu,
)
from datakit.verbs.prelabel.plausibility import Plausibility
from datakit.verbs.prelabel.stages import StageTimes
from datakit.verbs.shared.models import contract_content, decided_by, licence_notes
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run, operation

PHOTOS_AT_ONCE_ON_GPU = 512
PHOTOS_AT_ONCE_ON_CPU = 4
"""Photos handed to a worker together; on a GPU enough that its stages are seldom empty."""


def draft(options: DraftOptions, progress: ProgressListener | None) -> Drafting:
    """Draft the labels of photos; raises as `datakit.prelabel`."""
    options, choice = _with_device(options)
    source = options.open(progress)
    thorough = is_thorough(options.model, options.effort)
    models = [
        identify_model(
            name,
            settings,
            thorough=thorough and not number,
            boxed=options.prompts != "none" and not number,
        )
        for number, (name, settings) in enumerate(_models(options))
    ]
    calibration = queue.calibration(options.calibrate)
    gpu_processes = options.gpu_processes if is_gpu(options.device) else None
    times = StageTimes(options.hands, gpu_processes)
    plausibility = _plausibility(options)

    def count(outcome: Outcome[Product]) -> None:
        times.count(outcome)
        plausibility.count(outcome)

    summary = process(
        Run(VERB, options, source, decided_by(models, options.contract)),
        _task(options),
        label_map={"background": 0} | ({} if options.instances else {options.category: 255}),
        contents=Contents(
            notes=licence_notes(models, "labels"),
            tables={DRAFTS: ""},
            finishing=lambda writer: queue.write(writer, options.category, calibration, models),
        ),
        on_outcome=count,
        progress=progress,
    )
    notes = (*summary.notes, choice, *filter(None, [plausibility.note()]))
    summary = msgspec.structs.replace(summary, notes=notes)
    return Drafting(
        **{name: getattr(summary, name) for name in summary.__struct_fields__},
        models=tuple(map(_named, models)),
        stages=times.table(summary.seconds),
    )


def _with_device(options: DraftOptions) -> tuple[DraftOptions, str]:
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
    if not has_gpu_device():
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


def _models(options: DraftOptions) -> list[tuple[str, dict[str, Any]]]:
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
    models = [(options.model, settings_of(options.model, options.effort, first))]
    if options.second is None:
        return models
    second = {"weights": options.second_weights, "sides": False, **shared}
    if "device" not in SEGMENTERS.load(options.second).USES:
        second["device"] = "cpu"
    return [*models, (options.second, second)]


def _without_paths(options: DraftOptions) -> DraftOptions:
    """Return what decides a label: of files, their digest is in the history, not their path."""
    contract = contract_content(options.contract)
    return msgspec.structs.replace(
        options, weights=(), second_weights=(), calibrate=None, contract=contract
    )


def _batch(options: DraftOptions) -> int:
    return (options.batch or GPU_BATCH) if is_gpu(options.device) else 1


def _task(options: DraftOptions) -> LazyTask:
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
            "step": operation(VERB, _without_paths(options)),
            "model": model,
            "second": second[0] if second else None,
            "flip": options.tta == "flip",
            "people": options.people,
            "prompts": options.prompts,
            "thorough": is_thorough(options.model, options.effort),
            "cleaning": {
                "min_max": options.min_max,
                "refine": options.refine or follows_edges(options.model, options.effort),
                "largest": options.largest,
                "min_area": options.min_area,
                "matting": options.matting,
            },
            "depth": int(options.depth),
            "outline": options.outline,
            "category": options.category,
            "instances": options.instances,
            "batch": _batch(options),
            "threads": threads if gpu else 0,
        },
        Needs(
            gpus=1 / THREADS_OF_A_PROCESS if gpu else 0.0,
            cpus=float(threads) if gpu else 1.0,
            chunk=PHOTOS_AT_ONCE_ON_GPU if gpu else PHOTOS_AT_ONCE_ON_CPU,
        ),
    )


def _plausibility(options: DraftOptions) -> Plausibility:
    """Make what says what to check when nearly all drafts are empty, or full."""
    if options.contract is not None:
        said = (
            "check output.channel, output.index, output.invert and the input's channels, mean and "
            "std in the contract"
        )
        return Plausibility(empty=said, full=said)
    if options.weights:
        said = (
            "the weights may not have learnt to find people, or be of another model; see the "
            "verdict of `datakit train` (training.json beside them), train longer or on more "
            "samples, or draft with another --model"
        )
        return Plausibility(empty=said, full=said)
    doubted = "--people any keeps drafts that no body or face agrees with; "
    return Plausibility(
        empty="no person may be on these photos, or the model misses them; "
        f"{doubted if options.people != 'any' else ''}another --model may see more",
        full="the model may not tell people from what is around them; try another --model",
    )


def _named(model: Identity) -> str:
    if model.sha256 is None:
        return f"{model.name} (no weights)"
    licence = "licence not known" if model.licence == "unknown" else model.licence
    return f"{model.name} ({licence}, sha256 {model.sha256})"
