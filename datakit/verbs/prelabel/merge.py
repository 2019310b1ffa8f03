"""``prelabel --merge``: what people corrected comes back into the drafts, and what they changed.

The drafts are never half changed: the merged dataset is written beside them, in a folder of its
own, into which every file that stays as it is is linked; when it is whole the two folders change
places in one step, and the old one is removed. A run that is killed before leaves the drafts as
they were, and the next one starts again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import msgspec

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.dataset.output import DatasetWriter
from datakit.io.layouts import READERS
from datakit.io.layouts.annotated import AnnotatedReader
from datakit.io.layouts.base import Item, Reader, ReadSettings
from datakit.io.layouts.image_names import IMAGE_NAME
from datakit.io.layouts.sources import Collection, Derived, open_sources, read_as
from datakit.io.store import atomic
from datakit.io.store.exchange import exchange, restore
from datakit.io.store.files import FileRef, Folder, Root, open_root
from datakit.io.store.lock import claim
from datakit.io.tables import csv_rows, jsonl
from datakit.records.counts import counted
from datakit.records.draft import CHANGES, COCO, Change
from datakit.records.failure import Failure
from datakit.records.labels import ClassRules
from datakit.records.review import REVIEWED as ACCEPTED
from datakit.records.summary import Summary
from datakit.verbs.prelabel.merge_task import EMPTIED, HEADER, TABLE
from datakit.verbs.prelabel.options import VERB, MergeOptions
from datakit.verbs.prelabel.pairs import Given, Pair
from datakit.verbs.prelabel.review_matching import Matches, match, soft_alpha_of, soft_alphas
from datakit.verbs.shared.layout_settings import read_settings
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener, note_source
from datakit.verbs.shared.run_record import Run

REVIEWED_AS = (
    "cvat",
    "supervisely",
    "label-studio",
    "via",
    "labelme",
    "coco",
    "yolo-seg",
    "datakit",
)
"""Layouts in which reviews come back. A dataset that holds a tool's file beside it is that tool's,
so datakit's own comes last."""

_OWN = frozenset({output.CARD, output.MANIFEST, TABLE, CHANGES})
_STALE = frozenset({COCO})
"""What speaks of the labels as they were."""


def merge(options: MergeOptions, progress: ProgressListener | None = None) -> Summary:
    """Bring reviewed labels back into a drafted dataset.

    Parameters
    ----------
    options : MergeOptions
        What a tool exported (a folder, a .zip, or a single .json or .xml), the drafted dataset,
        which is replaced in one step when all is done, and what classes and rectangles are.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary
        Counts of reviewed and changed samples; its notes say how much was changed. DST gets
        ``review.csv`` and ``changes.jsonl``.

    Raises
    ------
    InputError
        If ``into`` is no finished dataset, another merge is at work on it, REVIEWED is no export
        that is known, or none of its images is one of the drafts.
    """
    reviewed, into = options.merge, options.into
    if "://" in into:
        raise InputError(f"--into {into}: expected a local folder; copy the dataset, then merge")
    drafts = Path(into)
    restore(drafts)
    _check_drafts(drafts)
    _check_not_current(drafts)
    root, names = _opened(reviewed, drafts)
    tool, reader = _recognised(root, names, ReadSettings(annotator=options.annotator))
    source = note_source(open_sources((into,), layout="datakit"), progress)
    if progress is not None:
        progress.note(read_as(tool, len(reader), reader.labelled, reader.unread))
    if source.failures:
        raise InputError(
            f"--into {into}: {source.failures[0].error}; repair {output.MANIFEST} first (datakit "
            "validate lists what is wrong)"
        )
    matches = match(tool, _reviewed(reader), list(source.items()))
    if not matches.by_key:
        failures = (*matches.failures, *reader.failures)
        reason = failures[0].error if failures else "no task is annotated"
        raise InputError(f"{reviewed}: expected reviews of the drafts, found none ({reason})")
    beside = drafts.resolve().with_name(f".{drafts.resolve().name}.merging")
    if not options.dry_run:
        _clear(beside)
    # What is recorded is the tool, not where its export lay.
    recorded = msgspec.structs.replace(
        options,
        src=(into, reviewed),
        out=str(beside.with_suffix(".plan") if options.dry_run else beside),
        merge=tool,
        overwrite=beside.exists(),
    )
    pairs = _Pairs(source, reader, matches, _earlier(drafts), soft_alphas(root, names))
    try:
        summary = _process(recorded, drafts, pairs, source, progress)
        if not options.dry_run:
            gone = [name for name in _STALE if (drafts / name).exists()]
            gone = [name for name in gone if not (beside / name).exists()]
            notes = _notes(beside / TABLE, tool, matches, gone)
            exchange(drafts.resolve(), beside)
            summary = msgspec.structs.replace(summary, notes=(*summary.notes, *notes))
    finally:
        # Now the old dataset, or what an error left of the new one.
        if not options.dry_run:
            shutil.rmtree(beside, ignore_errors=True)
    return msgspec.structs.replace(summary, out=into)


@dataclass(frozen=True)
class _Pairs:
    """The samples of the drafts, each with its review: a source of its own."""

    source: Collection
    reader: Reader
    matches: Matches
    earlier: dict[str, Change]
    alphas: Mapping[str, FileRef]

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What of the reviews could not be read, and what belongs to no draft."""
        return (*self.reader.failures, *self.matches.failures)

    def items(self) -> Iterator[Pair]:
        """Yield the pairs in the order of the drafts."""
        for item in self.source.items():
            yield Pair(item, self._given(item), self.earlier.get(item.key))

    def _given(self, item: Item) -> Given | None:
        if item.key not in self.matches.by_key:
            return None
        review, matched_by = self.matches.by_key[item.key]
        alpha = None if item.alpha else soft_alpha_of(item, self.alphas)
        return Given(review, matched_by, alpha, self.reader.label_map)


def _process(
    options: MergeOptions,
    drafts: Path,
    pairs: _Pairs,
    source: Collection,
    progress: ProgressListener | None,
) -> Summary:
    settings = read_settings(source)
    merged = Derived(source, pairs.items, len(source), pairs.failures)
    return process(
        Run(VERB, options, merged.collection()),
        LazyTask(
            "datakit.verbs.prelabel.merge_task:MergeReview",
            {
                "out": options.out,
                "settings": settings,
                "known": _known(source, settings.classes, pairs.reader),
                "mapping": ClassRules.parse(options.map),
                "boxes": options.boxes,
            },
        ),
        contents=Contents(
            tables={TABLE: csv_rows.line(HEADER), CHANGES: ""},
            finishing=lambda writer: _carry_over(drafts, writer, len(source)),
        ),
        progress=progress,
    )


def _check_drafts(drafts: Path) -> None:
    if not drafts.is_dir() or not output.is_dataset(drafts):
        raise InputError(f"--into {drafts}: expected a dataset that datakit wrote, found none")
    if not output.is_finished(drafts):
        raise InputError(
            f"--into {drafts}: expected a finished dataset, found an interrupted run; finish it "
            "with --resume"
        )


def _check_not_current(drafts: Path) -> None:
    """Refuse to replace the folder that somebody stands in: their shell would lose it."""
    here = Path.cwd()
    if drafts.resolve() in (here, *here.parents):
        raise InputError(
            f"--into {drafts}: expected a folder to be called from outside, found the current one "
            "in it, and the merge replaces it; change to another folder"
        )


def _clear(beside: Path) -> None:
    """Take away what a killed merge left; InputError when a merge is at work there."""
    if beside.exists():
        with claim(beside):
            shutil.rmtree(beside)


def _opened(reviewed: str, drafts: Path) -> tuple[Root, list[str]]:
    """Open a review; of one file, with the images of its folder that are not the drafts' own."""
    path = Path(reviewed)
    if path.suffix.lower() in (".json", ".xml") and path.is_file():
        folder = Folder(path.parent)
        images = [name for name in folder.names() if IMAGE_NAME.search(name)]
        above, inside = path.parent.resolve(), drafts.resolve()
        if inside.is_relative_to(above):
            own = f"{inside.relative_to(above).as_posix()}/"
            images = [name for name in images if not name.startswith(own)]
        return folder, [path.name, *images]
    root = open_root(reviewed)
    return root, list(root.names())


def _recognised(root: Root, names: list[str], settings: ReadSettings) -> tuple[str, Reader]:
    for tool in REVIEWED_AS:
        layout = READERS.load(tool)
        if layout.accepts(root, names):
            reader = layout(root, names, settings)
            if isinstance(reader, AnnotatedReader) and reader.unfit_for_review:
                raise InputError(
                    f"{root.root}: expected what people drew, found {reader.unfit_for_review}"
                )
            return tool, reader
    raise InputError(
        f"{root.root}: expected what a tool exported after a review ({', '.join(REVIEWED_AS)}), "
        f"found {len(names)} other files"
    )


def _reviewed(reader: Reader) -> Iterator[Item]:
    """Yield the images that a person has labelled; of a dataset, those that one has accepted."""
    for item in reader.items():
        if item.sample is None:
            if item.annotations is not None:
                yield item
        elif ACCEPTED in item.sample.tags:
            yield item


def _known(source: Collection, classes: tuple[str, ...], reader: Reader) -> frozenset[str]:
    """Return the classes that the drafts have, by all names that they go by.

    Drafts that name no class take the one name that a review has for it.
    """
    values = [name for name, value in source.label_map.items() if value]
    if len(values) > 1:
        return frozenset(values)
    named = {name for item in source.items() if item.sample for name in item.sample.categories}
    theirs = ClassRules({}).classes(reader.classes)
    alone = theirs if not named and len(theirs) == 1 else ()
    return frozenset({*named, *classes, *values, *alone})


def _earlier(drafts: Path) -> dict[str, Change]:
    if not (drafts / CHANGES).is_file():
        return {}
    return {change.id: change for change in jsonl.read(drafts / CHANGES, Change)}


def _carry_over(drafts: Path, writer: DatasetWriter, total: int) -> None:
    """Link every file that the merge did not write into the new dataset."""
    if writer.samples < total:
        raise InputError(
            f"merge: expected {total} samples, {total - writer.samples} were lost with their "
            f"worker; {drafts} is as it was, merge again"
        )
    out = Path(str(writer.out))
    left = _OWN | ({output.FAILURES} if writer.failed else frozenset())
    if _changed(writer):
        left |= _STALE
    for parent, folders, names in os.walk(drafts):
        inside = Path(parent).relative_to(drafts)
        if inside == Path():
            folders[:] = [name for name in folders if name != output.WORK]
            names = [name for name in names if name not in left]
        for name in names:
            target = out / inside / name
            if not target.exists():
                _link(Path(parent, name), target)
                writer.keep((inside / name).as_posix())


def _changed(writer: DatasetWriter) -> bool:
    rows = csv_rows.read_records(line.decode() for line in writer.lines(TABLE))
    return any(row["changed_px"] != "0" for row in rows)


def _link(source: Path, target: Path) -> None:
    with atomic.write_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError:
            # A file system without links.
            shutil.copy2(source, target, follow_symlinks=False)


def _notes(table: Path, tool: str, matches: Matches, gone: list[str]) -> list[str]:
    with table.open(newline="") as handle:
        reviewed = list(csv_rows.read_records(handle))
    scores = [float(row["iou"]) for row in reviewed]
    emptied = sum(row[EMPTIED] == "1" for row in reviewed)
    notes = [f"read as {tool}"]
    if scores:
        changed = [score for score in scores if score < 1]
        notes.append(
            f"{len(changed):,} of {len(scores):,} reviewed masks changed; mean IoU of draft and "
            f"review {fmean(scores):.4f}, lowest {min(scores):.4f}: {TABLE}"
        )
        if (same := len(scores) - len(changed)) and tool != "datakit":
            notes.append(
                f"{counted(same, 'samples')} came back as sent and count as reviewed: {tool} does "
                "not say whether anybody looked; leave out of the export what nobody has looked at"
            )
    if emptied:
        notes.append(
            f"labels that were emptied: {emptied:,}, as the review lists their image without a "
            f"shape ({EMPTIED} in {TABLE}); some tools also list images that nobody has looked at"
        )
    if matches.without_image:
        notes.append(f"{matches.without_image:,} came without their image: matched by file name")
    if matches.other_bytes:
        notes.append(
            f"{matches.other_bytes:,} have an image with other bytes than the draft's: matched by "
            "file name"
        )
    notes += [
        f"{name} spoke of the drafts and is gone; datakit mask2coco makes it anew" for name in gone
    ]
    return notes
