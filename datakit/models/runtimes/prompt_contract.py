"""What a promptable model expects and returns: an encoder once a picture, a decoder per prompt."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from datakit.models.runtimes.contract import Constant, InputContract, read_given

SHIPPED = ("sam",)

Name = Annotated[str, Meta(min_length=1, max_length=80)]


class PromptInputs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of the decoder's inputs."""

    embeddings: Annotated[
        dict[str, int], Meta(min_length=1, description="input -> which output of the encoder")
    ] = msgspec.field(default_factory=lambda: {"image_embeddings": 0})
    points: Annotated[Name, Meta(description="(1, N, 2) float: x, y in pixels of the input")] = (
        "point_coords"
    )
    labels: Annotated[
        Name,
        Meta(
            description="(1, N) float: 1 and 0 of clicks, 2 and 3 of a box's corners, -1 of filling"
        ),
    ] = "point_labels"
    size: Annotated[
        str, Meta(description="(2,) float: height and width of the picture; empty: not taken")
    ] = ""
    beside: Annotated[dict[str, Constant], Meta(description="other inputs")] = {}


class PromptOutput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the decoder's outputs become a probability."""

    index: Annotated[int, Meta(ge=-32, le=31, description="the masks, (1, M, h, w)")] = 0
    scores: Annotated[
        int | None,
        Meta(description="(1, M): how good each mask is; the best is taken. null: the first mask"),
    ] = None
    activation: Annotated[
        Literal["none", "sigmoid"], Meta(description="what the model leaves out")
    ] = "sigmoid"
    frame: Annotated[
        Literal["input", "picture"],
        Meta(description="what a mask covers: the encoder's whole input, or the picture"),
    ] = "input"


class PromptContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A promptable model's contract.

    Attributes
    ----------
    name, source : str
    input : InputContract
        Of the encoder.
    prompts : PromptInputs
    output : PromptOutput
        Of the decoder.
    """

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    source: Annotated[str, Meta(description="where the numbers were published")] = ""
    input: InputContract
    prompts: PromptInputs = msgspec.field(default_factory=PromptInputs)
    output: PromptOutput = PromptOutput()


def read_prompt_contract(given: str | Path) -> PromptContract:
    """Read a contract: ``sam``, or a YAML file.

    Raises
    ------
    ModelError
        If there is no such file.
    SchemaError
        If it is no contract; the text names the line.

    Examples
    --------
    >>> read_prompt_contract("sam").input.fit
    'corner'
    """
    folder = resources.files("datakit.models") / "contracts" / "promptable"
    return read_given(PromptContract, given, SHIPPED, folder)
