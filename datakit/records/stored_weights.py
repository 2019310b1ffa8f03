"""What ``weights`` reports: which weights there are, where, and under which licence."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from datakit.records.base import Record


class StoredWeights(Record, frozen=True, kw_only=True):
    """One set of weights."""

    name: Annotated[str, Meta(description="as --model or `weights pull` takes it, or a file name")]
    licence: Annotated[str, Meta(description="SPDX name; unknown when nobody stated it")]
    noncommercial: Annotated[bool, Meta(description="labels it makes inherit this")] = False
    source: Annotated[str, Meta(description="where it is published")] = ""
    download: Annotated[str | None, Meta(description="what `weights pull` fetches")] = None
    path: Annotated[str | None, Meta(description="where it was found")] = None
    sha256: Annotated[str | None, Meta(description="of the file that was found")] = None
    release: Annotated[str, Meta(description="what its digest is known as")] = ""


class WeightsReport(Record, frozen=True, kw_only=True):
    """The result of ``weights``."""

    verb: str = "weights"
    action: Annotated[str, Meta(description="list, add, path or pull")]
    weights: tuple[StoredWeights, ...] = ()
    note: Annotated[str, Meta(description="what was done")] = ""

    @property
    def exit_code(self) -> int:
        """0: what goes wrong is an error."""
        return 0
