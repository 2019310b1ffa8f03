"""The options of ``augment``."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.transforms.document import preset_names
from datakit.verbs.shared.options import WriteOptions

VERB = "augment"
COMMON = (
    "preset",
    "pipeline",
    "copies",
    "seed",
    "include_originals",
    "backgrounds",
    "preview",
)


DEFAULT_PRESET = "p3m"


Split = Literal["train", "val", "test"]


class Options(WriteOptions, frozen=True, kw_only=True):
    """Options of ``augment``.

    Examples
    --------
    >>> Options(src=("dataset",), out="more", copies=4).preset
    'p3m'
    """

    BYTES_PER_PIXEL: ClassVar[int] = 44

    preset: Annotated[
        str | None,
        Meta(
            description="a pipeline that comes with datakit [default: p3m]",
            extra={"choices": preset_names()},
        ),
    ] = None
    pipeline: Annotated[
        str | None,
        Meta(
            description="a pipeline of your own (YAML), instead of a preset",
            extra={"input": "word"},
        ),
    ] = None
    copies: Annotated[int, Meta(ge=1, le=1000, description="copies of each sample")] = 1
    seed: Annotated[
        int, Meta(ge=0, le=2**63 - 1, description="another seed gives other copies")
    ] = 0
    only: Annotated[
        tuple[Split, ...], Meta(description="splits that are augmented (repeatable)")
    ] = ("train",)
    also: Annotated[
        tuple[Split, ...], Meta(description="augment this split too (repeatable); recorded")
    ] = ()
    include_originals: Annotated[
        bool, Meta(description="put the originals, of all splits, into DST as they are")
    ] = False
    balance: Annotated[
        Literal["class", "fg_ratio"] | None,
        Meta(description="rare classes or foreground shares get more of the copies"),
    ] = None
    min_visible: Annotated[
        float,
        Meta(ge=0, le=1, description="share of the foreground that must stay in the frame"),
    ] = 0.5
    backgrounds: Annotated[
        str | None,
        Meta(description="a folder of pictures to put behind the subject", extra={"input": "path"}),
    ] = None
    background_share: Annotated[
        float, Meta(gt=0, le=1, description="share of the copies that get another background")
    ] = 1.0
    allow_people: Annotated[
        bool, Meta(description="do not refuse backgrounds that show people")
    ] = False
    linear_light: Annotated[
        bool, Meta(description="mix subject and background as light, not as code values")
    ] = False
    match_colours: Annotated[
        float,
        Meta(ge=0, le=1, description="move the subject's colours towards the background's"),
    ] = 0.0
    preview: Annotated[
        int,
        Meta(
            ge=0, le=100, description="draw this many originals and their copies on a contact sheet"
        ),
    ] = 0
    replay: Annotated[
        str | None, Meta(description="make only the copy with this id, byte for byte")
    ] = None
    manifest: Annotated[
        str | None,
        Meta(
            description="the augmented dataset whose settings --replay takes [default: SRC]",
            extra={"input": "path"},
        ),
    ] = None

    @classmethod
    def completed(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values with the preset that is taken where neither it nor a pipeline is."""
        if values.get("preset") is None and values.get("pipeline") is None:
            return values | {"preset": DEFAULT_PRESET}
        return values

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.preset is not None and self.pipeline is not None:
            raise InputError("--preset and --pipeline exclude each other; choose one")
        if self.manifest is not None and self.replay is None:
            raise InputError("--manifest goes with --replay ID; name the copy to make again")

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that are augmented."""
        return tuple(dict.fromkeys((*self.only, *self.also)))
