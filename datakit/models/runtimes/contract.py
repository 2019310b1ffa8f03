"""What a model expects and returns, written as YAML: the contract between it and datakit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from datakit.core.images.network_input import InputFit, Map, Placement, place
from datakit.errors import ModelError, SchemaError
from datakit.records.yaml_text import parse

Side = Annotated[int, Meta(ge=8, le=8192)]
OutputLayout = Literal["nchw", "nhwc", "flat"]
Kind = TypeVar("Kind")
Triple = tuple[float, float, float]
MAX_BYTES = 1 << 16
LUMA = (0.299, 0.587, 0.114)
_EPSILON = 1e-6


class Constant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An input that is the same for every picture."""

    shape: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=8192)], ...], Meta(max_length=6, description="its sides")
    ]
    value: Annotated[float, Meta(description="of all its elements")] = 0


class InputContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a picture becomes the model's input: resized, divided, shifted and scaled."""

    size: Annotated[tuple[Side, Side], Meta(description="height and width in pixels")]
    fit: Annotated[InputFit, Meta(description="stretch, letterbox, corner or multiple")] = "stretch"
    multiple: Annotated[int, Meta(ge=1, le=256, description="fit: multiple; of what")] = 1
    padding: Annotated[
        tuple[int, int, int], Meta(description="RGB around a letterboxed picture")
    ] = (0, 0, 0)
    channels: Annotated[
        Literal["rgb", "bgr", "grey"], Meta(description="their order, or one of luma (BT.601)")
    ] = "rgb"
    layout: Annotated[
        Literal["nchw", "nhwc"], Meta(description="where the channels are: (N, 3, h, w) or last")
    ] = "nchw"
    divide_by: Annotated[
        float | Literal["max"],
        Meta(description="255, 1, or max: the largest value of each resized picture"),
    ] = 255
    mean: Annotated[Triple, Meta(description="of RGB, taken off after dividing")] = (0, 0, 0)
    std: Annotated[Triple, Meta(description="of RGB, divided by at last")] = (1, 1, 1)
    trimap: Annotated[
        bool,
        Meta(
            description="onnx: the last channel is a trimap, 0, 0.5 and 1, around the outline of "
            "mediapipe-selfie's draft"
        ),
    ] = False
    beside: Annotated[
        dict[str, Constant],
        Meta(description="onnx: inputs beside the picture (the first states of a video model)"),
    ] = {}

    def __post_init__(self) -> None:
        if self.divide_by != "max" and self.divide_by <= 0:
            raise ValueError("divide_by: expected a number above 0, or max")
        if min(self.std) <= 0:
            raise ValueError("std: expected three numbers above 0")

    @property
    def channel_count(self) -> int:
        """How many channels the model sees."""
        return (1 if self.channels == "grey" else 3) + self.trimap

    def shape(self, batch: object = "N") -> tuple[object, ...]:
        """Return the shape of the input as error messages show it."""
        high, wide = self.size
        if self.layout == "nhwc":
            return (batch, high, wide, self.channel_count)
        return (batch, self.channel_count, high, wide)

    def place(self, image_hw: tuple[int, int]) -> Placement:
        """Return where a picture goes in the input."""
        return place(image_hw, self.size, self.fit, self.multiple)


class OutputContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the model's outputs become a probability of foreground."""

    index: Annotated[int, Meta(ge=-32, le=31, description="which output; -1: the last one")] = 0
    activation: Annotated[
        Literal["none", "sigmoid", "softmax", "class-index"],
        Meta(description="what the model leaves out; class-index: each pixel holds its class"),
    ] = "none"
    layout: Annotated[
        OutputLayout, Meta(description="(N, C, h, w) or (N, h, w); (N, h, w, C); (N, h·w)")
    ] = "nchw"
    divide_by: Annotated[float, Meta(gt=0, description="255 for maps of 0 .. 255")] = 1
    channel: Annotated[
        int, Meta(ge=0, le=4095, description="the foreground's channel or class; 15 in VOC")
    ] = 0
    invert: Annotated[bool, Meta(description="the channel is the background")] = False
    min_max: Annotated[
        bool,
        Meta(
            description="stretch each map to [0, 1], as rembg does: it invents people in empty "
            "scenes"
        ),
    ] = False
    sides: Annotated[
        tuple[int, ...], Meta(max_length=16, description="side outputs, finest first")
    ] = ()

    def __post_init__(self) -> None:
        if self.divide_by != 1 and self.activation != "none":
            raise ValueError(
                f"divide_by: expected 1 for activation {self.activation}, as only maps of 0 .. 255 "
                f"are divided, found {self.divide_by:g}"
            )


class Contract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model's contract.

    Examples
    --------
    >>> shipped("u2net").input.divide_by
    'max'
    """

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    source: Annotated[str, Meta(description="where the numbers were published")] = ""
    input: InputContract
    output: OutputContract = OutputContract()


def shipped_names() -> tuple[str, ...]:
    """Return the contracts that come with datakit.

    Examples
    --------
    >>> shipped_names()
    ('birefnet', 'deeplabv3', 'isnet', 'modnet', 'p3mnet', 'rvm', 'smp', 'u2net', 'unet', \
'vitmatte')
    """
    folder = resources.files("datakit.models") / "contracts"
    return tuple(
        sorted(
            entry.name.removesuffix(".yaml")
            for entry in folder.iterdir()
            if entry.name.endswith(".yaml")
        )
    )


def shipped(name: str) -> Contract:
    """Return a contract that comes with datakit."""
    file = resources.files("datakit.models") / "contracts" / f"{name}.yaml"
    return parse_contract(file.read_text("utf-8"), f"{name}.yaml")


def read_contract(given: str | Path) -> Contract:
    """Read a contract: the name of a shipped one, or a YAML file.

    Raises
    ------
    ModelError
        If there is no such file.
    SchemaError
        If it is no contract; the text names the line.
    """
    if str(given) in shipped_names():
        return shipped(str(given))
    return parse_contract(read_text(given, shipped_names()), str(given))


def read_text(given: str | Path, shipped: Sequence[str]) -> str:
    """Read a contract's file; ModelError when there is none, with the names of shipped ones."""
    path = Path(given)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"contract {path}: expected a YAML file or one of {', '.join(shipped)}; "
            f"found {error.strerror or error}"
        ) from None
    if len(data) > MAX_BYTES:
        raise SchemaError(f"{path}: expected at most {MAX_BYTES:,} bytes, found {len(data):,}")
    return data.decode("utf-8", "replace")


def parse_contract(text: str, name: str) -> Contract:
    r"""Parse a contract.

    Raises
    ------
    SchemaError
        If it is not YAML or not a contract, with the line of the fault.

    Examples
    --------
    >>> parse_contract("name: x\ninput:\n  size: [320, 320]\n  fit: squash\n", "x.yaml")
    Traceback (most recent call last):
    datakit.errors.SchemaError: x.yaml line 4: input.fit: Invalid enum value 'squash'
    """
    return parsed_as(Contract, text, name)


def parsed_as(kind: type[Kind], text: str, name: str) -> Kind:
    """Parse a contract of a kind; SchemaError with the line of the fault."""
    data, lines = parse(text, name)
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        words, _, where = str(error).partition(" - at `$")
        path = re.sub(r"\[(\d+)\]", r".\1", where.rstrip("`")).strip(".")
        unknown = re.search(r"unknown field `([^`]+)`", words)
        line = lines.get(".".join(filter(None, (path, unknown[1] if unknown else ""))))
        while line is None and path:
            line = lines.get(path)
            path = path.rpartition(".")[0] if line is None else path
        reason = f"{path}: {words}" if path else words
        raise SchemaError(f"{name} line {line or 1}: {reason}") from None


def read_given(
    kind: type[Kind], given: str | Path, shipped: Sequence[str], folder: Traversable
) -> Kind:
    """Read a contract of a kind: the name of a shipped one, or a YAML file.

    Parameters
    ----------
    kind : type
    given : str or Path
    shipped : sequence of str
        Names of those that come with datakit.
    folder : Traversable
        Where their files are.

    Raises
    ------
    ModelError
        If there is no such file.
    SchemaError
        If it is no contract; the text names the line.
    """
    if str(given) in shipped:
        file = folder / f"{given}.yaml"
        return parsed_as(kind, file.read_text("utf-8"), file.name)
    return parsed_as(kind, read_text(given, shipped), str(given))


def to_values(
    stacked: npt.NDArray[Any], contract: InputContract, trimaps: npt.NDArray[Any] | None = None
) -> Map:
    """Bring (N, h, w, 3) values of 0 .. 255, RGB, to the float32 that a model is fed.

    Parameters
    ----------
    stacked : (N, h, w, 3)
    contract : InputContract
    trimaps : (N, h, w) of 0, 128 and 255, optional
        For a contract with a trimap.

    Raises
    ------
    ModelError
        If the contract has a trimap, and none is given.
    """
    if contract.trimap and trimaps is None:
        raise ModelError(
            "input.trimap: expected in the contract of --model onnx only; leave it out"
        )
    values = stacked.astype(np.float32)
    if contract.divide_by == "max":
        values /= np.maximum(values.max(axis=(1, 2, 3), keepdims=True), _EPSILON)
    else:
        values /= np.float32(contract.divide_by)
    values = (values - np.asarray(contract.mean, np.float32)) / np.asarray(contract.std, np.float32)
    if contract.channels == "bgr":
        values = values[..., ::-1]
    elif contract.channels == "grey":
        values = (values @ np.asarray(LUMA, np.float32))[..., None]
    if trimaps is not None:
        # 0, 0.5 and 1: 128 of 255 stands for one half.
        known = np.rint(trimaps.astype(np.float32) / 127.5) / 2
        values = np.concatenate([values, known[..., None].astype(np.float32)], axis=-1)
    if contract.layout == "nchw":
        values = values.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(values)


def to_probability(output: npt.NDArray[Any], contract: OutputContract) -> Map:
    """Bring one output, (N, C, h, w) as `arranged` gives it, to (N, h, w) before `finished`."""
    if contract.activation == "class-index":
        person: Map = (output[:, 0] == contract.channel).astype(np.float32)
        return 1 - person if contract.invert else person
    values = output.astype(np.float32) / np.float32(contract.divide_by)
    if contract.activation == "softmax":
        values = np.exp(values - values.max(axis=1, keepdims=True))
        values /= values.sum(axis=1, keepdims=True)
    found: Map = values[:, contract.channel]
    if contract.activation == "sigmoid":
        found = sigmoid(found)
    return 1 - found if contract.invert else found


def sigmoid(logits: Map) -> Map:
    """Return the logistic function of float32 values, of which none overflows."""
    found: Map = np.tanh(logits * np.float32(0.5)) * np.float32(0.5) + np.float32(0.5)
    return found


def finished(probability: Map, contract: OutputContract, name: str) -> Map:
    """Stretch maps when the contract says so, and hold them in [0, 1]; (N, h, w) float32.

    Raises
    ------
    ModelError
        If a value is not a number, or far outside [0, 1]: an activation is missing.
    """
    low, high = float(probability.min()), float(probability.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ModelError(f"{name}: the model returned values that are no numbers")
    if contract.min_max:
        bottom = probability.min(axis=(1, 2), keepdims=True)
        span = probability.max(axis=(1, 2), keepdims=True) - bottom
        # A constant map stays as it is: stretching it would divide by zero.
        stretched = (probability - bottom) / np.where(span > _EPSILON, span, 1)
        probability = np.where(span > _EPSILON, stretched, probability).astype(np.float32)
    elif low < -0.5 or high > 1.5:
        raise ModelError(
            f"{name}: expected an output in [0, 1], found {low:.3g} .. {high:.3g}; set "
            "output.activation in its contract"
        )
    return np.clip(probability, 0, 1)
