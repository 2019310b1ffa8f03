"""The options of ``validate``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from datakit.verbs.shared.options import ReadOptions

VERB = "validate"


class Options(ReadOptions, frozen=True, kw_only=True):
    """Options of ``validate``."""

    images_dir: Annotated[
        str | None,
        Meta(
            description="the folder of the images, when SRC is a .json",
            extra={"flag": "--images", "input": "path"},
        ),
    ] = None
