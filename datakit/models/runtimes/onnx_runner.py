"""ONNX models through onnxruntime, by their contract."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.images import network_input
from datakit.errors import ModelError
from datakit.models.runtimes.contract import Contract, finished, to_probability, to_values
from datakit.models.runtimes.devices import choose_device, equal_runs
from datakit.models.runtimes.onnx_file import refuse_external
from datakit.models.segmenters.base import Hint, Identity, Image, Map, Prediction, Settings

_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class OnnxSegmenter:
    """One ONNX model, with one thread for each CPU that ``OMP_NUM_THREADS`` allows.

    An ONNX file is a graph of known operators, not a program: it cannot open files or run code.
    Weights in other files and operators of one's own are refused.

    Parameters
    ----------
    identity : Identity
        What the file is; the runtime is added.
    data : bytes
    contract : Contract
    settings : Settings

    Raises
    ------
    ModelError
        If onnxruntime is missing, cannot read the file, or lacks the device that was asked for;
        if the contract does not fit the model, with both shapes.
    """

    takes_hints = False

    def __init__(
        self, identity: Identity, data: bytes, contract: Contract, settings: Settings
    ) -> None:
        runtime = import_onnxruntime()
        providers = runtime.get_available_providers()
        # onnxruntime does not tell how many devices there are; a wrong number fails below.
        cuda_devices = 8 if "CUDAExecutionProvider" in providers else 0
        kind, number = choose_device(settings.device, cuda_devices, "onnxruntime")
        self._session = _session(runtime, data, kind, number, identity.name)
        self.contract = contract
        self._sides = contract.output.sides if settings.sides else ()
        device = f"cuda:{number}" if kind == "cuda" else "cpu"
        self.identity = replace(
            identity, runtime=f"onnxruntime {runtime.__version__}, {device}, float32"
        )
        self._batch = settings.batch_size
        self._fixed = False
        self._check()

    def _check(self) -> None:
        """Compare the contract with the model."""
        name, (high, wide) = self.identity.name, self.contract.input.size
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shape = tuple(inputs[0].shape)
        sides = [side if isinstance(side, int) else None for side in shape]
        fits = len(inputs) == 1 and len(sides) == 4 and sides[1] in (3, None)
        if self.contract.input.fit == "multiple":
            fits = fits and sides[2:] == [None, None]
        fits = fits and sides[2] in (high, None) and sides[3] in (wide, None)
        if not fits:
            raise ModelError(
                f"{name}: the contract gives one input of shape (N, 3, {high}, {wide}), the model "
                f"takes {', '.join(str(tuple(i.shape)) for i in inputs)}; correct input.size"
            )
        if inputs[0].type not in _DTYPES:
            raise ModelError(f"{name}: expected an input of floats, found {inputs[0].type}")
        self._dtype = _DTYPES[inputs[0].type]
        if sides[0] is not None:
            self._batch, self._fixed = sides[0], True
        count = len(outputs)
        for index in (self.contract.output.index, *self._sides):
            if not -count <= index < count:
                raise ModelError(
                    f"{name}: the contract reads output {index}, the model has {count}; correct "
                    "output.index or output.sides"
                )
        self._input = inputs[0].name
        wanted = (self.contract.output.index, *self._sides)
        self._outputs = [outputs[index].name for index in wanted]

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return one prediction a picture, at the model's resolution."""
        places = [self.contract.input.place((i.shape[0], i.shape[1])) for i in images]
        found: list[Prediction] = []
        while len(found) < len(images):
            at = len(found)
            run = next(equal_runs(places[at:], self._batch))
            run = slice(at, at + run.stop)
            stacked = np.stack(
                [
                    network_input.to_input(image, place, self.contract.input.padding)
                    for image, place in zip(images[run], places[run], strict=True)
                ]
            )
            maps = self._run(to_values(stacked, self.contract.input))
            if maps is None:
                # Most likely its memory ran out; a batch of one says what it is.
                self._batch = len(stacked) // 2
                continue
            raw_max = maps[0].max(axis=(1, 2))
            output, name = self.contract.output, self.identity.name
            probability = finished(maps[0], output, name)
            sides = _stacked(maps[1:], name)
            found += [
                Prediction(
                    probability[number],
                    place,
                    raw_max=float(raw_max[number]),
                    sides=None if sides is None else sides[number],
                )
                for number, place in enumerate(places[run])
            ]
        return found

    def _run(self, values: Map) -> list[Map] | None:
        """Return (N, h, w) maps: the wanted output, then its sides; None to try fewer pictures."""
        count = len(values)
        if self._fixed and count < self._batch:
            values = np.pad(values, [(0, self._batch - count), (0, 0), (0, 0), (0, 0)])
        try:
            outputs: list[npt.NDArray[Any]] = self._session.run(
                self._outputs, {self._input: values.astype(self._dtype, copy=False)}
            )
        except Exception as error:  # noqa: BLE001
            # onnxruntime's own exceptions share no base but Exception.
            if count > 1 and not self._fixed:
                return None
            raise ModelError(f"{self.identity.name}: onnxruntime stopped: {error}") from None
        name, output = self.identity.name, self.contract.output
        return [to_probability(np.asarray(found)[:count], output, name) for found in outputs]


def import_onnxruntime() -> Any:
    """Import onnxruntime; ModelError with the way out when it is not installed."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError(
            f"onnxruntime: expected to be installed, found {error}; "
            "install it: pip install 'datakit[prelabel]'"
        ) from None
    onnxruntime.set_default_logger_severity(3)
    return onnxruntime


def _session(runtime: Any, data: bytes, kind: str, number: int, name: str) -> Any:
    refuse_external(data, name)
    options = runtime.SessionOptions()
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit():
        options.intra_op_num_threads = int(threads)
    options.inter_op_num_threads = 1
    providers: list[Any] = ["CPUExecutionProvider"]
    if kind == "cuda":
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": number}))
    try:
        session = runtime.InferenceSession(data, options, providers=providers)
    except Exception as error:  # noqa: BLE001
        raise ModelError(f"{name}: onnxruntime cannot read the model: {error}") from None
    if kind == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
        raise ModelError(f"{name}: onnxruntime could not start on cuda:{number}; use --device cpu")
    return session


def _stacked(maps: list[Map], name: str) -> Map | None:
    """Return side outputs as (N, k, h, w); None without any."""
    if not maps:
        return None
    if len({found.shape for found in maps}) > 1:
        shapes = ", ".join(str(found.shape[1:]) for found in maps)
        raise ModelError(f"{name}: expected side outputs of one size, found {shapes}")
    return np.clip(np.stack(maps, axis=1), 0, 1)
