"""ONNX models through onnxruntime, by their contract."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.images import network_input
from datakit.core.images.network_input import Placement
from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings
from datakit.models.prediction import Hint, Image, Map, Prediction
from datakit.models.runtimes.contract import (
    Contract,
    InputContract,
    finished,
    to_probability,
    to_values,
)
from datakit.models.runtimes.devices import choose_device, equal_runs
from datakit.models.runtimes.onnx_file import refuse_external
from datakit.models.runtimes.output_layout import arranged, refuse_parts_of_masks

UNKNOWN, OPAQUE = 128, 255
"""Levels of a trimap."""

_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}


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
        self._session, runtime = open_session(data, settings.device, identity.name)
        self.contract = contract
        self._sides = contract.output.sides if settings.sides else ()
        self.identity = replace(identity, runtime=runtime)
        self._batch = settings.batch_size
        self._fixed = False
        self._check()

    def _check(self) -> None:
        """Compare the contract with what the model declares."""
        name, given = self.identity.name, self.contract.input
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        picture = [one for one in inputs if one.name not in given.beside]
        missing = [key for key in given.beside if key not in {one.name for one in inputs}]
        shape = tuple(picture[0].shape) if len(picture) == 1 else ()
        sides = [side if isinstance(side, int) else None for side in shape]
        expected = given.shape()
        if missing or len(sides) != 4 or not _sides_fit(sides[1:], expected[1:], given):
            shapes = ", ".join(f"{one.name} {tuple(one.shape)}" for one in inputs)
            raise ModelError(
                f"{name}: the contract gives one input of shape "
                f"({', '.join(map(str, expected))}), the model takes {shapes}; correct "
                f"input.{_field(sides, given, len(picture))}"
            )
        self._dtype = self._input_dtype(picture[0].type)
        types = {one.name: _DTYPES.get(one.type, np.float32) for one in inputs}
        self._beside = {
            key: np.full(one.shape, one.value, types[key]) for key, one in given.beside.items()
        }
        if sides[0] is not None:
            self._batch, self._fixed = sides[0], True
        count = len(outputs)
        for index in (self.contract.output.index, *self._sides):
            if not -count <= index < count:
                raise ModelError(
                    f"{name}: the contract reads output {index}, the model has {count}; correct "
                    "output.index or output.sides"
                )
        refuse_parts_of_masks([one.shape for one in outputs], self.contract.output.index, name)
        self._input = picture[0].name
        wanted = (self.contract.output.index, *self._sides)
        self._outputs = [outputs[index].name for index in wanted]

    def _input_dtype(self, declared: str) -> type[np.generic]:
        if declared not in _DTYPES:
            raise ModelError(
                f"{self.identity.name}: expected an input of floats or bytes, found {declared}"
            )
        given = self.contract.input
        plain = (given.divide_by, *given.mean, *given.std) == (1, 0, 0, 0, 1, 1, 1)
        if _DTYPES[declared] is np.uint8 and not plain:
            raise ModelError(
                f"{self.identity.name}: the model takes bytes of 0 .. 255; set input.divide_by: 1 "
                "in its contract, and leave out input.mean and input.std"
            )
        return _DTYPES[declared]

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return one prediction per picture, at the model's resolution."""
        return self.segment_within(images, None)

    def segment_within(
        self, images: Sequence[Image], trimaps: Sequence[npt.NDArray[np.uint8]] | None
    ) -> list[Prediction]:
        """Return one prediction per picture, given (H, W) trimaps for a contract that has one."""
        places = [self.contract.input.place((i.shape[0], i.shape[1])) for i in images]
        found: list[Prediction] = []
        while len(found) < len(images):
            at = len(found)
            run = next(equal_runs(places[at:], self._batch))
            run = slice(at, at + run.stop)
            values = self._values(images[run], places[run], trimaps and trimaps[run])
            maps = self._run(values)
            if maps is None:
                # Most likely its memory ran out; a batch of one says what it is.
                self._batch = len(values) // 2
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

    def raw_output(self, image: Image) -> npt.NDArray[Any]:
        """Return the (C, h, w) output that the contract reads, before its activation.

        For a contract with a trimap all of the picture is unknown.
        """
        place = self.contract.input.place((image.shape[0], image.shape[1]))
        unknown = np.full(image.shape[:2], UNKNOWN, np.uint8)
        trimaps = [unknown] if self.contract.input.trimap else None
        outputs = self._computed(self._values([image], [place], trimaps))
        if outputs is None:
            raise ModelError(f"{self.identity.name}: one picture does not fit into memory")
        found: npt.NDArray[Any] = outputs[0][0]
        return found

    def _values(
        self,
        images: Sequence[Image],
        places: Sequence[Placement],
        trimaps: Sequence[npt.NDArray[np.uint8]] | None,
    ) -> Map:
        """Return what the model is fed of pictures whose inputs have one size."""
        given = self.contract.input
        pairs = list(zip(images, places, strict=True))
        stacked = np.stack(
            [network_input.to_input(image, place, given.padding) for image, place in pairs]
        )
        if trimaps is None:
            return to_values(stacked, given)
        placed = [
            network_input.to_input(np.repeat(one[..., None], 3, 2), place, (0, 0, 0))[..., 0]
            for one, place in zip(trimaps, places, strict=True)
        ]
        levels = np.stack(placed)
        # What is partly unknown is unknown.
        sure = (levels == 0) | (levels == OPAQUE)
        return to_values(stacked, given, np.where(sure, levels, np.uint8(UNKNOWN)))

    def _run(self, values: Map) -> list[Map] | None:
        """Return (N, h, w) maps: the wanted output, then its sides; None to try fewer pictures."""
        outputs = self._computed(values)
        if outputs is None:
            return None
        return [to_probability(found, self.contract.output) for found in outputs]

    def _computed(self, values: Map) -> list[npt.NDArray[Any]] | None:
        """Return the wanted outputs as (N, C, h, w); None to try fewer pictures."""
        count, given = len(values), self.contract.input
        if self._fixed and count < self._batch:
            values = np.pad(values, [(0, self._batch - count), (0, 0), (0, 0), (0, 0)])
        feeds = {self._input: values.astype(self._dtype, copy=False), **self._beside}
        try:
            outputs = run_session(self._session, self._outputs, feeds, self.identity.name)
        except ModelError:
            if count > 1 and not self._fixed:
                return None
            raise
        high, wide = values.shape[1:3] if given.layout == "nhwc" else values.shape[2:]
        output, name = self.contract.output, self.identity.name
        return [
            arranged(np.asarray(found)[:count], output, (high, wide), name) for found in outputs
        ]


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


def open_session(data: bytes, device: str, name: str) -> tuple[Any, str]:
    """Load an ONNX model; return its session, and what computes: library, version and device.

    Raises
    ------
    ModelError
        As `OnnxSegmenter`.
    """
    runtime = import_onnxruntime()
    providers = runtime.get_available_providers()
    # onnxruntime does not tell how many devices there are; a wrong number fails below.
    cuda_devices = 8 if "CUDAExecutionProvider" in providers else 0
    kind, number = choose_device(device, cuda_devices, "onnxruntime")
    session = _session(runtime, data, kind, number, name)
    place = f"cuda:{number}" if kind == "cuda" else "cpu"
    return session, f"onnxruntime {runtime.__version__}, {place}, float32"


def run_session(
    session: Any,
    outputs: Sequence[str] | None,
    feeds: Mapping[str, npt.NDArray[Any]],
    name: str,
) -> list[npt.NDArray[Any]]:
    """Run a session; None gives all outputs. ModelError when the model stops."""
    try:
        found: list[npt.NDArray[Any]] = session.run(outputs, feeds)
    except Exception as error:  # noqa: BLE001
        # onnxruntime's own exceptions share no base but Exception.
        raise ModelError(f"{name}: onnxruntime stopped: {error}") from None
    return found


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


def _sides_fit(
    sides: Sequence[int | None], expected: Sequence[object], given: InputContract
) -> bool:
    """Tell whether an input's sides (None: free) are those of the contract, the batch left out."""
    if given.fit == "multiple":
        channel = sides[-1] if given.layout == "nhwc" else sides[0]
        return channel in (given.channel_count, None) and sides.count(None) >= 2
    return all(side in (wanted, None) for side, wanted in zip(sides, expected, strict=True))


def _field(sides: Sequence[int | None], given: InputContract, pictures: int) -> str:
    """Return the field of the contract that most likely is wrong."""
    if pictures != 1:
        return "beside, which names the inputs that are no picture and their shapes"
    channels = (1, 3)
    first, last = (sides[1], sides[-1]) if len(sides) == 4 else (None, None)
    found = "nhwc" if last in channels and first not in channels else "nchw"
    if found != given.layout and (first in channels or last in channels):
        return f"layout: {found}"
    if (last if found == "nhwc" else first) not in (given.channel_count, None):
        return "channels"
    return "size"
