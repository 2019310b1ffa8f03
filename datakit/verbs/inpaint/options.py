"""The options of ``inpaint``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.models.inpainting.base import INPAINTERS
from datakit.verbs.shared.options import WriteOptions

VERB = "inpaint"
COMMON = ("model", "weights", "remove", "category", "grow")

Removed = Literal["masks", "alphas", "ignores", "faces", "category"]
"""What of a photo is removed."""


class Options(WriteOptions, frozen=True, kw_only=True):
    """Options of ``inpaint``.

    Examples
    --------
    >>> Options(src=("dataset",), out="plates").model
    'exemplar'
    >>> Options(src=("dataset",), out="plates", remove="category")
    Traceback (most recent call last):
    datakit.errors.InputError: --remove category and --category NAME go together; give both
    """

    BYTES_PER_PIXEL: ClassVar[int] = 190

    model: Annotated[
        str,
        Meta(
            description="what fills the hole; exemplar copies patches of the photo and is no "
            "network",
            extra={"choices": INPAINTERS},
        ),
    ] = "exemplar"
    weights: Annotated[
        str | None,
        Meta(
            description="the model's weights, a file",
            extra={"metavar": "FILE", "input": "path"},
        ),
    ] = None
    contract: Annotated[
        str | None,
        Meta(
            description="input and output contract of a custom model: a YAML file or a shipped "
            "name",
            extra={"metavar": "FILE|NAME", "input": "word"},
        ),
    ] = None
    device: Annotated[
        str,
        Meta(
            pattern="^(auto|cpu|cuda(:[0-9]+)?)$",
            description="where the model runs",
            extra={"metavar": "auto|cpu|cuda[:N]"},
        ),
    ] = "auto"
    remove: Annotated[
        Removed | None,
        Meta(description="what is removed [default: the alpha, of photos without one the mask]"),
    ] = None
    category: Annotated[
        str | None, Meta(description="the class that --remove category takes out")
    ] = None
    grow: Annotated[
        Annotated[float, Meta(ge=0, le=0.5)] | None,
        Meta(
            description="how far the region grows, as a share of the longer side "
            "[default: 0.015 for masks and faces, 0.005 for alphas and ignored regions]"
        ),
    ] = None
    shadows: Annotated[
        bool, Meta(description="also remove the shadow and the reflection next to the region")
    ] = False
    layers: Annotated[
        bool,
        Meta(
            description="also write foregrounds/: RGBA that, laid over the plate, gives the photo "
            "back within 1 of 255"
        ),
    ] = False
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1, description="random seed of the fill")] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.remove == "category") != (self.category is not None):
            raise InputError("--remove category and --category NAME go together; give both")
