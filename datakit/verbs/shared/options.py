"""Options that verbs share: of those that read, look at each sample, or write a dataset."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from datakit.engine import ENGINES
from datakit.engine.base import Engine
from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.layouts import READERS
from datakit.io.layouts.base import ReadSettings, Transparency
from datakit.io.layouts.sources import Collection, open_sources
from datakit.io.pixels.memory import parse_bytes
from datakit.io.store import standard_input
from datakit.io.store.storage import Location, location
from datakit.records.base import Options
from datakit.verbs.shared.picture_engine import PictureEngine
from datakit.verbs.shared.progress import ProgressListener, note_source

Device = Annotated[
    str,
    Meta(
        pattern="^(auto|cpu|cuda(:[0-9]+)?)$",
        description="where the model runs; auto takes a GPU when there is one, and says so",
        extra={"metavar": "auto|cpu|cuda[:N]"},
    ),
]
"""The option ``--device`` of verbs that run a segmenter."""


class SourceOptions(Options, frozen=True, kw_only=True):
    """Options of every verb that reads a source."""

    src: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            description="folders, .zip, annotations or photos; -: one photo on stdin",
        ),
    ]
    layout: Annotated[
        str | None,
        Meta(
            description="layout of SRC, if it is not recognised by content; datumaro:NAME is read "
            "by Datumaro's importer of that name",
            extra={"choices": READERS, "flag": "--from"},
        ),
    ] = None

    images_dir: Annotated[
        str | None,
        Meta(
            description="folder of the images, if the layout does not define it",
            extra={"metavar": "FOLDER", "input": "path"},
        ),
    ] = None
    labels_dir: Annotated[
        str | None,
        Meta(
            description="folder of the labels, if the layout does not define it",
            extra={"metavar": "FOLDER", "input": "path"},
        ),
    ] = None
    labels: Annotated[
        Literal["mask", "alpha", "trimap"] | None,
        Meta(description="what the files of --labels-dir are"),
    ] = None
    annotator: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            description="whose labels count where several people labelled an image: a name, "
            "last, or agree (only where all of them do)",
            extra={"metavar": "NAME|last|agree"},
        ),
    ] = None
    predictions: Annotated[
        bool, Meta(description="read a model's predictions in an annotation file as labels")
    ] = False

    transparency: Annotated[
        Transparency,
        Meta(
            description="transparent photos: composite onto the colour of their border (white "
            "if that is clear), the same with the opacity kept as alpha if there is no label, "
            "or refuse"
        ),
    ] = "composite"

    @property
    def read_settings(self) -> ReadSettings:
        """How the sources are read."""
        return ReadSettings(
            images_dir=self.images_dir,
            labels_dir=self.labels_dir,
            labels=self.labels,
            annotator=self.annotator,
            predictions=self.predictions,
            transparency=self.transparency,
        )

    def open(self, progress: ProgressListener | None = None) -> Collection:
        """Open the sources, and say as what they are read and what is not read of them."""
        source = open_sources(self.src, layout=self.layout, settings=self.read_settings)
        source.check_heeded(self.read_settings)
        return note_source(source, progress)


class ReadOptions(SourceOptions, frozen=True, kw_only=True):
    """Options of every verb that looks at each sample.

    Attributes
    ----------
    BYTES_PER_PIXEL : int
        What the work on a picture takes at its peak, measured by
        ``benchmarks/picture_memory.py`` and rounded up.
    """

    BYTES_PER_PIXEL: ClassVar[int] = 16

    workers: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="worker processes; 0: this process [default: CPUs]"),
    ] = None
    engine: Annotated[str, Meta(description="execution engine", extra={"choices": ENGINES})] = (
        "local"
    )

    ray_address: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            description="the Ray cluster to work on, for --engine ray: HOST:PORT, or auto for the "
            "one on this machine [default: one is started for this run]",
            extra={"metavar": "ADDRESS"},
        ),
    ] = None

    max_memory: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            description="memory that one worker may use for a picture: 800M, 4G; larger "
            "pictures are failures [default: 6G, or a worker's share of a smaller machine]",
            extra={"metavar": "SIZE"},
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_memory is not None:
            parse_bytes(self.max_memory)
        if self.ray_address is not None and self.engine != "ray":
            raise InputError("--ray-address is for --engine ray; add that, or leave it out")

    def make_engine(self) -> Engine:
        """Build the engine that the options name.

        Raises
        ------
        InputError
            If a path is in this process's memory and the work would be done in others.
        """
        paths = (*self.src, str(getattr(self, "out", None) or ""))
        if self.workers != 0 and any(path.startswith("memory://") for path in paths):
            raise InputError("memory:// is seen by one process only; use --workers 0")
        workers = self.workers
        if standard_input.NAME in self.src:
            if self.engine != "local":
                raise InputError(
                    "SRC -: standard input is seen by one process only; leave out --engine"
                )
            workers = 0
        build = ENGINES.load(self.engine)
        engine: Engine = (
            build(workers) if self.ray_address is None else build(workers, self.ray_address)
        )
        return self.bounded(engine)

    def bounded(self, engine: Engine) -> Engine:
        """Return an engine whose workers refuse pictures that would take too much memory."""
        limit = None if self.max_memory is None else parse_bytes(self.max_memory)
        return PictureEngine(engine, self.BYTES_PER_PIXEL, limit)


class WriteOptions(ReadOptions, frozen=True, kw_only=True):
    """Options of every verb that turns a source into a dataset."""

    out: Annotated[str, Meta(min_length=1, description="the dataset folder to write")]
    resume: Annotated[bool, Meta(description="continue an interrupted run")] = False
    overwrite: Annotated[bool, Meta(description="replace a dataset that datakit wrote")] = False
    dry_run: Annotated[bool, Meta(description="say what would be done and write nothing")] = False
    strict: Annotated[bool, Meta(description="stop at the first item that fails")] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.out == standard_input.NAME:
            raise InputError(
                "-o -: expected a folder or a file to write, found standard output; name one: "
                "-o hidden.jpg"
            )
        if self.resume and self.overwrite:
            raise InputError("--resume and --overwrite exclude each other; choose one")

    @property
    def mode(self) -> output.Mode:
        """What the target may hold."""
        return "resume" if self.resume else "overwrite" if self.overwrite else "new"


def existing_inputs(options: Options) -> tuple[tuple[str, Location], ...]:
    """Return flag and path of what the options name to be read and is there.

    An option says so in its Meta: ``extra={"input": "path"}``, or ``"word"`` where a name that is
    no path may stand.
    """
    found: list[tuple[str, Location]] = []
    for field in msgspec.structs.fields(options):
        notes = getattr(field.type, "__metadata__", ())
        extra = next((note.extra for note in notes if isinstance(note, Meta)), None) or {}
        given = getattr(options, field.name)
        if "input" not in extra or not given:
            continue
        flag = extra.get("flag", f"--{field.name.replace('_', '-')}")
        for text in (given,) if isinstance(given, str) else given:
            # A recorded pipeline is the text itself.
            if "\n" not in text and (path := location(text)).exists():
                found.append((flag, path))
    return tuple(found)


# How a run is done, or where: it cannot change a byte of the result and is not recorded.
_CIRCUMSTANCES = frozenset(
    {
        "src",
        "out",
        "into",
        "workers",
        "engine",
        "ray_address",
        "max_memory",
        "resume",
        "overwrite",
        "dry_run",
        "strict",
        "preview",
    }
)


def recorded_options(options: Options) -> dict[str, Any]:
    """Return the options that decide the result, for the card and the history."""
    return {
        name: value
        for name, value in msgspec.structs.asdict(options).items()
        if name not in _CIRCUMSTANCES
    }
