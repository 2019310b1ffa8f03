"""Options that say how people are distinguished."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from datakit.verbs.shared.options import WriteOptions


class PeopleOptions(WriteOptions, frozen=True, kw_only=True):
    """How faces are compared, where people are looked for."""

    face_model: Annotated[
        str,
        Meta(
            description="face embedding: sface, faceres, or the .yaml contract of another",
            extra={"input": "word"},
        ),
    ] = "sface"
    face_weights: Annotated[
        tuple[str, ...],
        Meta(
            description="the embedding's ONNX file, or a folder that contains it (repeatable)",
            extra={"input": "path"},
        ),
    ] = ()
    same_person: Annotated[
        Annotated[float, Meta(ge=-1, le=1e6)] | None,
        Meta(
            description="similarity from which two faces are one person [default: the contract's "
            "threshold]"
        ),
    ] = None
