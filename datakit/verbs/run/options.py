"""The options of ``run``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from datakit.engine import ENGINES
from datakit.errors import InputError
from datakit.records.base import Options as BaseOptions

VERB = "run"
COMMON = ("init", "explain", "dry_run", "redo")


class Options(BaseOptions, frozen=True, kw_only=True):
    """Options of ``run``.

    Examples
    --------
    >>> Options(pipeline="portraits.yaml", out="result").redo
    ()
    >>> Options(init="p3m").pipeline
    ''
    """

    pipeline: Annotated[
        str,
        Meta(
            description="the steps, as YAML", extra={"argument": "PIPELINE.yaml", "input": "path"}
        ),
    ] = ""
    out: Annotated[
        str, Meta(description="the folder of the run: one folder per step, and run.json")
    ] = ""
    init: Annotated[
        Literal["roboflow", "p3m", "selfie"] | None,
        Meta(description="print a commented example of this kind and do nothing else"),
    ] = None
    explain: Annotated[
        bool, Meta(description="say for each step why it would run or not, and do nothing else")
    ] = False
    dry_run: Annotated[
        bool, Meta(description="say what would be done, with counts, and write nothing")
    ] = False
    redo: Annotated[
        tuple[str, ...],
        Meta(
            description="do this step again, and what depends on it (repeatable)",
            extra={"metavar": "STEP"},
        ),
    ] = ()
    workers: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(
            description="worker processes of each step that does not name a number [default: CPUs]"
        ),
    ] = None
    engine: Annotated[
        str,
        Meta(
            description="execution engine of each step that does not name one",
            extra={"choices": ENGINES},
        ),
    ] = "local"

    ray_address: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            description="the Ray cluster to work on, for --engine ray: HOST:PORT or auto",
            extra={"metavar": "ADDRESS"},
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ray_address is not None and self.engine != "ray":
            raise InputError("--ray-address is for --engine ray; add that, or leave it out")
        if self.init is None and not self.pipeline:
            raise InputError("run: expected PIPELINE.yaml, or --init to get an example of one")
        if self.init is None and not self.out:
            raise InputError("run: expected -o DST, the folder of the run")
        if "://" in self.out:
            raise InputError(f"{self.out}: expected a folder on this machine; a run keeps it there")
