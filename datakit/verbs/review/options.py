"""The options of ``review``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.io.store.storage import is_remote, is_url, shown
from datakit.records.review import DECISIONS
from datakit.verbs.shared.options import Device, WriteOptions

VERB = "review"
_NAME = re.compile(r"[\w-]{1,64}")
COMMON = ("out", "apply", "records", "only_accepted", "port", "no_browser")


class FolderOptions(WriteOptions, frozen=True, kw_only=True):
    """Options that say which dataset is reviewed, and where its decisions lie."""

    out: Annotated[str, Meta(description="with --apply: the dataset folder to write")] = ""
    decisions: Annotated[
        str | None,
        Meta(
            description="folder for the decisions (review.jsonl) and edits [default: SRC.review, "
            "beside SRC]",
            extra={"input": "path"},
        ),
    ] = None

    reviewer: Annotated[
        str,
        Meta(
            description="your name: your decisions lie in SRC.NAME.review, apart from those of "
            "other reviewers of SRC"
        ),
    ] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.decisions is not None and is_url(self.decisions):
            raise InputError("--decisions: expected a folder on this machine, found a URL")
        if self.reviewer and not _NAME.fullmatch(self.reviewer):
            raise InputError(
                f"--reviewer: expected letters, digits, - and _, found {self.reviewer!r}"
            )

    @property
    def command_line(self) -> str:
        """How a person comes to these decisions again."""
        named = {"--decisions": self.decisions, "--reviewer": self.reviewer}
        words = [f" {option} {value}" for option, value in named.items() if value]
        return f"datakit review {self.src[0]}{''.join(words)}"

    @property
    def folder(self) -> str:
        """Where the decisions lie."""
        if self.decisions is None and is_remote(self.src[0]):
            raise InputError(
                f"{shown(self.src[0])}: expected --decisions FOLDER, a folder on this machine"
            )
        name = f".{self.reviewer}" if self.reviewer else ""
        return self.decisions or f"{self.src[0].rstrip('/')}{name}.review"


class ServeOptions(FolderOptions, frozen=True, kw_only=True):
    """Options of the page: what it shows, and where it is served."""

    records: Annotated[
        tuple[str, ...],
        Meta(
            description="folders with records to go through: a report of qc, the dataset that "
            "anonymize or prelabel wrote (repeatable)",
            extra={"input": "path"},
        ),
    ] = ()
    compare: Annotated[
        str | None,
        Meta(
            description="an earlier dataset, whose labels are shown as before",
            extra={"input": "path"},
        ),
    ] = None
    photos: Annotated[
        str | None,
        Meta(
            description="the source that anonymize read, to show photos before and after, those on "
            "its review list as they would be; no copy of them is kept",
            extra={"input": "path"},
        ),
    ] = None
    model: Annotated[
        Literal["promptable"] | None,
        Meta(
            description="a promptable model (SAM and the like) that answers clicks, boxes and "
            "lassos; with --weights ENCODER --weights DECODER --contract sam [default: none; "
            "colours, edges, the draft and where people are seen answer]"
        ),
    ] = None
    weights: Annotated[
        tuple[str, ...],
        Meta(
            description="the model's two ONNX files, the encoder first (repeatable)",
            extra={"metavar": "FILE", "input": "path"},
        ),
    ] = ()
    contract: Annotated[
        str | None,
        Meta(
            description="the model's input and output contract: a YAML file or a shipped name",
            extra={"metavar": "FILE|NAME", "input": "word"},
        ),
    ] = None
    device: Device = "auto"
    port: Annotated[int, Meta(ge=0, le=65535, description="port of the page; 0: any free one")] = 0
    blind: Annotated[
        bool, Meta(description="keep the verdicts of other reviewers of SRC off the page")
    ] = False
    no_browser: Annotated[
        bool, Meta(description="do not open the page; its address is printed")
    ] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model is None and (self.weights or self.contract):
            raise InputError(
                "--weights and --contract are for --model promptable; add that, or leave them out"
            )


class ApplyOptions(FolderOptions, frozen=True, kw_only=True):
    """Options of ``--apply``."""

    apply: bool
    only_accepted: bool = False
    expect: str | None = None


class Options(ServeOptions, frozen=True, kw_only=True):
    """Options of ``review``.

    Examples
    --------
    >>> Options(src=("dataset",)).folder
    'dataset.review'
    >>> Options(src=("dataset",), out="reviewed")
    Traceback (most recent call last):
    datakit.errors.InputError: -o DST goes with --apply; without it, review shows the page
    """

    apply: Annotated[
        bool, Meta(description="write DST: rejected samples left out, edits painted in")
    ] = False
    only_accepted: Annotated[
        bool, Meta(description="with --apply: leave out what was not accepted, too")
    ] = False
    expect: Annotated[
        str | None,
        Meta(
            description="with --apply: sha256 of the decisions that DST must come from "
            "[default: whatever was decided]"
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.apply and not self.out:
            raise InputError("--apply: expected -o DST, the dataset to write")
        if self.out and not self.apply:
            raise InputError("-o DST goes with --apply; without it, review shows the page")

    @property
    def also_reads(self) -> tuple[str, ...]:
        """What --apply reads besides SRC, when it is there."""
        return (f"{self.folder}/{DECISIONS}", f"{self.folder}/edits")

    @property
    def waits_for(self) -> str | None:
        """What a person has to do before --apply can; None when there are decisions."""
        if Path(self.folder, DECISIONS).is_file():
            return None
        return self.command_line
