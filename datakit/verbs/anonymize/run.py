"""``anonymize``: faces made unrecognisable, the soft boundary untouched, and the proof of it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from datakit.verbs.shared.pipeline import Watch, WriteOptions, operation, process
from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.store.files import FileRef, open_root
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import location
from datakit.records.anonymization import AUDIT, REVIEW, REVIEW_HEADER
from datakit.records.summary import Summary
from datakit.records.where import Where

VERB = "anonymize"
Detector = Literal["mediapipe", "centerface", "yunet"]
DETECTORS: tuple[Detector, ...] = ("mediapipe", "centerface")
WEAK_SIGMA_IOD = 0.5


class Options(WriteOptions, frozen=True, kw_only=True):
    """Options of ``anonymize``.

    Examples
    --------
    >>> Options(src=("photos",), out="safe").sigma
    1.0
    >>> Options(src=("photos",), out="safe", sigma=0.3)
    Traceback (most recent call last):
    datakit.errors.InputError: --sigma 0.3: below 0.5 a face can be restored; add --weak if \
that is what you want
    """

    method: Annotated[
        Literal["gaussian", "solid", "mosaic"],
        Meta(
            description="gaussian: as in P3M-10k; mosaic: coarse cells; solid: grey, the only "
            "one that cannot be matched with another copy of the photo"
        ),
    ] = "gaussian"
    sigma: Annotated[
        float,
        Meta(gt=0, le=10, description="blur (or mosaic cell) in inter-ocular distances"),
    ] = 1.0
    weak: Annotated[bool, Meta(description="allow --sigma below 0.5")] = False
    region: Annotated[
        Literal["oval", "p3m", "head"],
        Meta(description="oval: the whole face; p3m: jaw line to brows; head: and hairline, ears"),
    ] = "oval"
    detectors: Annotated[
        tuple[Detector, ...],
        Meta(
            description="what looks for faces, united (repeatable) [default: mediapipe, centerface]"
        ),
    ] = DETECTORS
    threshold: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description="lowest score of a face [default: each detector's own]"),
    ] = None
    min_face: Annotated[
        float,
        Meta(ge=0, description="leave faces alone whose longer side has fewer pixels"),
    ] = 0.0
    weights: Annotated[
        tuple[str, ...],
        Meta(
            description="file or folder of weights that no package carries (yunet; repeatable)",
            extra={"input": "path"},
        ),
    ] = ()
    matte: Annotated[
        Literal["given", "auto", "none"],
        Meta(
            description="where the soft boundary is known from: the dataset's alpha or "
            "--alpha-dir; auto: where there is none, a segmentation of the person"
        ),
    ] = "given"
    alpha_dir: Annotated[
        str | None,
        Meta(description="folder of mattes with the stems of the photos", extra={"input": "path"}),
    ] = None
    on_no_face: Annotated[
        Literal["review", "copy", "fail"],
        Meta(description="a photo without a face: list it for a person, copy it, or fail"),
    ] = "review"
    on_residual: Annotated[
        Literal["review", "solid", "fail"],
        Meta(description="a face that a detector still sees: list it, paint it over, or fail"),
    ] = "review"
    skip_where: Annotated[
        str | None,
        Meta(description="leave samples sharp that meet a condition: \"'celebrity' in tags\""),
    ] = None
    release: Annotated[
        tuple[str, ...],
        Meta(description="ids that a person has looked at and lets through (repeatable, or a,b)"),
    ] = ()
    facemask_dir: Annotated[
        str | None,
        Meta(
            description="also write the masks of the faces (0/255) to this folder",
            extra={"output": "path"},
        ),
    ] = None
    preview: Annotated[
        int,
        Meta(
            ge=0,
            le=400,
            description="contact sheet of N photos before and after, DST.preview.jpg beside "
            "DST; it shows faces",
        ),
    ] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sigma < WEAK_SIGMA_IOD and self.method != "solid" and not self.weak:
            raise InputError(
                f"--sigma {self.sigma:g}: below {WEAK_SIGMA_IOD:g} a face can be restored; "
                "add --weak if that is what you want"
            )
        if not self.detectors:
            raise InputError("--detectors: expected at least one, found none")
        if self.alpha_dir is not None and self.matte == "none":
            raise InputError("--alpha-dir and --matte none exclude each other; choose one")
        if self.skip_where is not None:
            Where(self.skip_where)

    @property
    def released(self) -> frozenset[str]:
        """Ids of ``--release``, commas taken apart."""
        return frozenset(part for text in self.release for part in text.split(",") if part)


def run(options: Options, watch: Watch | None = None) -> Summary:
    """Make the faces of a folder of photos, or of a dataset, unrecognisable.

    Parameters
    ----------
    options : Options
        What to read, how to hide faces, where to write.
    watch : Watch, optional
        Who is told of the progress.

    Returns
    -------
    Summary
        Its ``findings`` counts photos that wait for a person in ``review.csv``.

    Raises
    ------
    InputError
        If DST must not be written, an id to release is unknown, or a folder is not there.
    ModelError
        If a model is missing or damaged.
    """
    from datakit.verbs.anonymize.release import reopen_for_release, unknown_release
    from datakit.verbs.anonymize.task import check_models

    source = options.open()
    if problem := unknown_release(options.released, source):
        raise InputError(problem)
    options = reopen_for_release(VERB, options, options.released, source)
    check_models(options.detectors, options.threshold, options.weights, options.matte)
    task = LazyTask("datakit.verbs.anonymize.task:Anonymize", _task_params(options))
    tables = {AUDIT: "", REVIEW: REVIEW_HEADER}
    summary = process(VERB, options, source, task, tables=tables, watch=watch)
    waiting = summary.counts.get("review", 0)
    if options.on_no_face == "review":
        waiting += summary.counts.get("no-face", 0)
    notes = list(summary.notes)
    if waiting and not options.dry_run:
        notes.append(
            f"{waiting} photos are not in the dataset: look at {options.out}/{REVIEW}, then run "
            "again with --release IDS --resume"
        )
    if options.preview and not options.dry_run:
        notes.append(_preview(options, source, task))
    return msgspec.structs.replace(summary, findings=waiting, notes=tuple(notes))


def _task_params(options: Options) -> dict[str, object]:
    from datakit.verbs.anonymize.face_hiding import Hiding

    return {
        "out": options.out,
        # Who was let in is the card's business: every other photo is the same without it.
        "step": operation(VERB, msgspec.structs.replace(options, release=())),
        "detectors": options.detectors,
        "threshold": options.threshold,
        "weights": options.weights,
        "region": options.region,
        "hiding": Hiding(
            method=options.method,
            sigma_iod=options.sigma,
            min_face_px=options.min_face,
            solid_on_residual=options.on_residual == "solid",
        ),
        "matte": options.matte,
        "alphas": _alphas(options.alpha_dir),
        "on_no_face": options.on_no_face,
        "on_residual": options.on_residual,
        "skip_where": options.skip_where,
        "release": options.released,
        "facemask_dir": options.facemask_dir,
    }


def _alphas(folder: str | None) -> dict[str, FileRef] | None:
    """Return stem -> matte of ``--alpha-dir``."""
    if folder is None:
        return None
    root = open_root(folder)
    found: dict[str, FileRef] = {}
    for name in root.names():
        stem = PurePosixPath(name).with_suffix("").as_posix()
        if stem in found:
            raise InputError(
                f"{folder}: expected one matte a stem, found {found[stem].name} and {name}"
            )
        found[stem] = FileRef(str(root.root), name)
    return found


def _preview(options: Options, source: Collection, task: LazyTask) -> str:
    from datakit.verbs.anonymize.preview import write_preview

    path = location(f"{options.out.rstrip('/')}.preview.jpg")
    count = write_preview(path, source.items(), task.params, options.preview)
    return f"{path}: {count} photos before and after; it shows faces, do not pass it on"
