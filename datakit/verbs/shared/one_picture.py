"""One photo in, one picture out: a verb whose DST is named like a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import msgspec

from datakit.errors import InputError
from datakit.io.dataset.output import FAILURES, MANIFEST
from datakit.io.pixels.formats import ALWAYS_READ
from datakit.io.store import atomic
from datakit.io.store.storage import location
from datakit.io.tables import jsonl
from datakit.records.failure import Failure
from datakit.records.sample import Sample
from datakit.records.summary import Summary
from datakit.verbs.shared.options import WriteOptions
from datakit.verbs.shared.progress import ProgressListener

Work = Callable[..., Summary]


def or_one_picture(work: Work, fields: Sequence[str]) -> Work:
    """Return a verb's function that writes a single picture where DST is named like one.

    Parameters
    ----------
    work : callable
        ``run(options, progress)`` of a verb that writes a dataset.
    fields : sequence of str
        The row's fields that name the picture; the first one that it has counts.
    """

    @wraps(work)
    def run(options: WriteOptions, progress: ProgressListener | None = None) -> Summary:
        if _format(options.out) is None:
            return work(options, progress)
        return _one_picture(work, fields, options, progress)

    return run


def _one_picture(
    work: Work, fields: Sequence[str], options: WriteOptions, progress: ProgressListener | None
) -> Summary:
    target = location(options.out)
    if options.resume or options.dry_run:
        raise InputError(f"{target}: --resume and --dry-run go with a folder as DST")
    if target.exists() and not options.overwrite:
        raise InputError(f"{target}: exists already; name another file, or add --overwrite")
    photos = len(options.open())
    if photos != 1:
        raise InputError(
            f"{target}: expected one photo for one picture, found {photos:,} in SRC; name a "
            "folder as DST"
        )
    with TemporaryDirectory(prefix="datakit-") as folder:
        dataset = Path(folder, "dataset")
        inside = msgspec.structs.replace(options, out=str(dataset), overwrite=False)
        summary = work(inside, progress)
        written = _written(dataset, fields, options)
        if _format(written) != _format(options.out):
            raise InputError(
                f"{target}: expected a name with {PurePosixPath(written).suffix}, as the result "
                "is that kind of picture; give it this suffix"
            )
        atomic.write_bytes(target, (dataset / written).read_bytes())
    return msgspec.structs.replace(summary, out=str(target))


def _format(name: str) -> str | None:
    suffix = PurePosixPath(name).suffix.lower()
    return next((kind for kind, suffixes in ALWAYS_READ.items() if suffix in suffixes), None)


def _written(dataset: Path, fields: Sequence[str], options: WriteOptions) -> str:
    """Return the result's name in the dataset; InputError says why there is none."""
    for row in jsonl.read(dataset / MANIFEST, Sample):
        if name := next((name for field in fields if (name := getattr(row, field))), None):
            return str(name)
    place = dataset / FAILURES
    failures = [*jsonl.read(place, Failure)] if place.exists() else []
    if failures:
        raise InputError(f"nothing was written: {failures[0].error}")
    raise InputError(
        f"nothing was written to {options.out}: the result waits for a person; name a folder as "
        "DST, and review.csv in it says why"
    )
