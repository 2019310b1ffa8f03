"""How different two photos look to a network: LPIPS and its like, by contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from datakit.core.inpainting.fill import context_window
from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings
from datakit.models.inpainting.contract import FOLDER, PhotoContract
from datakit.models.inpainting.contracted import open_forward
from datakit.models.runtimes.contract import read_given
from datakit.models.weights.files import kind_of
from datakit.models.weights.given import GivenWeights, open_weights, require_runtime

Image = npt.NDArray[np.uint8]
Bool = npt.NDArray[np.bool_]

SHIPPED = ("lpips",)
"""Contracts that come with datakit."""


class PerceptualContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A perceptual distance's contract: two photos in, a distance or a map of distances out.

    Examples
    --------
    >>> read_perceptual_contract("lpips").input.range
    (-1.0, 1.0)
    """

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    source: Annotated[str, Meta(description="where the numbers were published")] = ""
    input: PhotoContract
    output: Annotated[int, Meta(ge=-16, le=15, description="which output is the distance")] = 0


def read_perceptual_contract(given: str | Path) -> PerceptualContract:
    """Read a contract: the name of a shipped one, or a YAML file.

    Raises
    ------
    ModelError
        If there is no such file.
    SchemaError
        If it is no contract; the text names the line.
    """
    return read_given(PerceptualContract, given, SHIPPED, FOLDER)


def identify_perceptual(weights: str | Path, contract: str | Path) -> Identity:
    """Say which network would run, before any work; raises as `PerceptualDistance`."""
    given, _, described = _read(weights, contract)
    return given.identity(described.name)


class PerceptualDistance:
    """A network that says how different two photos look, on the CPU.

    Parameters
    ----------
    weights : path
        An ONNX file, a graph of known operators; or a TorchScript file, a PROGRAM: use files of
        people that you trust.
    contract : path or str
        A YAML file, or the name of a shipped one.

    Raises
    ------
    ModelError
        If a file or a runtime is missing or damaged, or the network does not take two photos.
    SchemaError
        If the contract is none.
    """

    def __init__(self, weights: str | Path, contract: str | Path) -> None:
        given, kind, self._contract = _read(weights, contract)
        self._forward, runtime = open_forward(given, kind, 2, "cpu")
        self.identity = replace(given.identity(self._contract.name), runtime=runtime)

    def distance(self, plate: Image, truth: Image, hole: Bool) -> float:
        """Return how different the surroundings of a hole look in two photos.

        Parameters
        ----------
        plate, truth : (H, W, 3) uint8 RGB
        hole : (H, W) bool
            At least one pixel; its bounds grown by half their size are compared.

        Returns
        -------
        float
            0 for equal photos; of a map of distances, its mean.

        Raises
        ------
        ModelError
            If the network does not take its input, or returns what is no finite distance.
        """
        window = context_window(hole).slices
        inputs = []
        for photo in (plate[window], truth[window]):
            placement = self._contract.input.place((photo.shape[0], photo.shape[1]))
            values = self._contract.input.values(photo, placement)
            inputs.append(np.ascontiguousarray(values.transpose(2, 0, 1)[None]))
        outputs = self._forward(inputs)
        name, index = self._contract.name, self._contract.output
        if not -len(outputs) <= index < len(outputs):
            raise ModelError(
                f"{name}: the contract reads output {index}, the model has {len(outputs)}; correct "
                "output"
            )
        found = float(np.mean(outputs[index], dtype=np.float64))
        if not np.isfinite(found):
            raise ModelError(f"{name}: the model returned values that are no numbers")
        return found


def _read(
    weights: str | Path, contract: str | Path
) -> tuple[GivenWeights, Literal["onnx", "torchscript"], PerceptualContract]:
    described = read_perceptual_contract(contract)
    given = open_weights(Settings(weights=(weights,)), None, described.name)
    kind = kind_of(given.data, str(given.path))
    if kind not in ("onnx", "torchscript"):
        raise ModelError(f"{given.path}: expected an ONNX or TorchScript network, found {kind}")
    require_runtime(given, kind)
    return given, kind, described
