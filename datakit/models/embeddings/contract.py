"""What a face embedding expects and returns, written as YAML."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from datakit.core.faces.alignment import Alignment
from datakit.core.faces.identities import Distance
from datakit.models.runtimes.contract import InputContract, read_given

SHIPPED = ("faceres", "sface")
"""The contracts that come with datakit."""


class EmbeddingContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A face embedding's contract.

    Examples
    --------
    >>> read_embedding("sface").alignment
    'five-points'
    """

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    source: Annotated[str, Meta(description="where the numbers were published")] = ""
    weights: Annotated[
        str | None, Meta(description="name of the known weights it is for; none: a file is given")
    ] = None
    alignment: Annotated[
        Alignment,
        Meta(
            description="eyes: the square around the face's box, level with its eyes; "
            "five-points: the template of ArcFace"
        ),
    ]
    scale: Annotated[
        float, Meta(gt=0, le=4, description="eyes: side of the square in widths of the box")
    ] = 1.0
    mirror: Annotated[
        bool, Meta(description="take the mean of the face's embedding and of its mirror image's")
    ] = False
    input: InputContract
    output: Annotated[int, Meta(ge=-32, le=31, description="which output is the embedding")] = 0
    distance: Distance = "cosine"
    threshold: Annotated[
        float,
        Meta(description="cosine similarity from which, or distance up to which, it is one person"),
    ]
    false_accepts: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(description="share of pairs of different people that pass the threshold"),
    ] = None
    calibrated_on: Annotated[str, Meta(description="the pairs that the threshold is from")] = ""
    min_face_px: Annotated[
        float, Meta(ge=1, description="a smaller box tells too little of a person")
    ] = 40

    def __post_init__(self) -> None:
        plain = self.input.fit == "stretch" and not self.input.beside
        if not plain or self.input.size[0] != self.input.size[1]:
            raise ValueError("input: expected a square size, fit: stretch and no beside")


def read_embedding(given: str | Path) -> EmbeddingContract:
    """Read a contract: the name of a shipped one, or a YAML file.

    Raises
    ------
    ModelError
        If there is no such file.
    SchemaError
        If it is no contract; the text names the line.
    """
    folder = resources.files("datakit.models.embeddings") / "contracts"
    return read_given(EmbeddingContract, given, SHIPPED, folder)
