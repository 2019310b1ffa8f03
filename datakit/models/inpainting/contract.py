"""What an inpainting network expects and returns, written as YAML."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from datakit.core.images.network_input import InputFit, Placement, place, to_input
from datakit.models.runtimes.contract import read_given

Image = npt.NDArray[np.uint8]
Float = npt.NDArray[np.float32]
Side = Annotated[int, Meta(ge=8, le=4096)]
Range = tuple[float, float]

SHIPPED = ("deepfillv2", "lama", "migan")
"""Contracts that come with datakit."""

FOLDER = resources.files("datakit.models.inpainting") / "contracts"


class PhotoContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a photo becomes the network's input."""

    size: Annotated[tuple[Side, Side], Meta(description="height and width in pixels")]
    fit: Annotated[InputFit, Meta(description="stretch, letterbox or multiple")] = "stretch"
    multiple: Annotated[int, Meta(ge=1, le=256, description="fit: multiple; of what")] = 1
    channels: Annotated[Literal["rgb", "bgr"], Meta(description="order")] = "rgb"
    range: Annotated[Range, Meta(description="what 0 and 255 become")] = (0.0, 1.0)
    blank: Annotated[
        float | None, Meta(description="what is put under the hole, in the range; none: the photo")
    ] = None

    def __post_init__(self) -> None:
        if self.range[0] == self.range[1]:
            raise ValueError("range: expected two numbers that differ")

    def place(self, image_hw: tuple[int, int]) -> Placement:
        """Return where a photo goes in the input."""
        return place(image_hw, self.size, self.fit, self.multiple)

    def values(self, photo: Image, placement: Placement) -> Float:
        """Return an (H, W, 3) uint8 RGB photo as the (h, w, 3) values that the network is fed."""
        low, high = self.range
        scaled = to_input(photo, placement, (0, 0, 0)).astype(np.float32)
        found = scaled * np.float32((high - low) / 255) + np.float32(low)
        return found[..., ::-1] if self.channels == "bgr" else found


class MaskContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the hole is encoded: its values, and where they go."""

    hole: Annotated[float, Meta(description="value in the hole")] = 1.0
    known: Annotated[float, Meta(description="value elsewhere")] = 0.0
    place: Annotated[
        Literal["input", "last", "first"],
        Meta(description="an input of its own after the photo, or a channel after or before it"),
    ] = "input"

    def __post_init__(self) -> None:
        if self.hole == self.known:
            raise ValueError("mask: expected two values that differ")


class FilledContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the network returns."""

    index: Annotated[int, Meta(ge=-16, le=15, description="which output")] = 0
    range: Annotated[Range, Meta(description="what stands for 0 and 255")] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.range[0] == self.range[1]:
            raise ValueError("range: expected two numbers that differ")


class InpaintingContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network's contract.

    Examples
    --------
    >>> read_inpainting_contract("lama").output.range
    (0.0, 255.0)
    """

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    source: Annotated[str, Meta(description="where the numbers were published")] = ""
    input: PhotoContract
    mask: MaskContract = MaskContract()
    output: FilledContract = FilledContract()


def read_inpainting_contract(given: str | Path) -> InpaintingContract:
    """Read a contract: the name of a shipped one, or a YAML file.

    Raises
    ------
    ModelError
        If there is no such file.
    SchemaError
        If it is no contract; the text names the line.
    """
    return read_given(InpaintingContract, given, SHIPPED, FOLDER)
