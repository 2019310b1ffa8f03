"""``eval --metrics coco``: average precision and recall of objects, by pycocotools' COCOeval."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, redirect_stdout
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from datakit.engine.base import LazyTask, ordered_map
from datakit.errors import InputError, SchemaError
from datakit.io.dataset import report_folder
from datakit.io.layouts.base import Item
from datakit.io.layouts.coco_index import identifier
from datakit.io.layouts.json_files import UNREADABLE, reason
from datakit.io.store import atomic
from datakit.io.store.storage import Location, location
from datakit.io.tables import csv_rows
from datakit.records.evaluation import ClassScores, InstanceEvaluation
from datakit.records.failure import Failure
from datakit.records.labels import FOREGROUND
from datakit.verbs.eval import report
from datakit.verbs.eval.labels import Labels, match_names, moved_note, read_labels
from datakit.verbs.eval.options import VERB, Options
from datakit.verbs.shared.coco_objects import CocoImage, CocoObject
from datakit.verbs.shared.progress import ProgressListener

MEASURES = (
    *("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large"),
    *("ar1", "ar10", "ar100", "ar_small", "ar_medium", "ar_large"),
)
"""COCO's twelve, in the order of COCOeval's ``stats``."""
_NO_OBJECT = -1
"""What COCOeval says of a measure that no true object decides."""
_MOST_DETECTIONS = 2
"""Place of 100 detections an image among COCOeval's limits."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A true image and what is predicted for it; None when nothing is."""

    key: str
    gt: Item
    pred: Item | None


def measure(options: Options, progress: ProgressListener) -> InstanceEvaluation:
    """Compare predicted objects with the true ones.

    Raises
    ------
    InputError
        If a source has no labels, no image of the truth is predicted, or DST holds something else.
    """
    started = time.perf_counter()
    out = location(options.out) if options.out else None
    if out:
        report_folder.check(out, report.FILES, overwrite=options.overwrite)
        report.check_apart(out, options.src)
    gt = read_labels(options.src[1], options.layout, options.read_settings)
    report.note_labels(gt, progress)
    pred = _predictions(options.src[0], options.src[1], gt)
    report.note_labels(pred, progress)
    matched, failures, moved = _matched(pred, gt)
    images, failed = _read(options, matched, (gt.label_map, pred.label_map), progress)
    failures = [*gt.failures, *pred.failures, *failures, *failed]
    if not images:
        raise InputError(f"{options.src[1]}: no image could be read; {failures[-1].error}")
    images, named = _same_class(images)
    measures, classes = _scores(images)
    result = InstanceEvaluation(
        pred=options.src[0],
        gt=options.src[1],
        out=options.out,
        samples=len(images),
        metrics=measures,
        classes=classes,
        failed=len(failures),
        notes=(
            *moved,
            *named,
            *_notes(images),
            *_strangers(classes),
            *report.not_compared(failures, out),
        ),
        seconds=time.perf_counter() - started,
    )
    if out:
        _write(out, result, failures)
    return result


def _predictions(path: str, truth: str, gt: Labels) -> Labels:
    """Read the predictions: labels of any layout, or a list of COCO results."""
    place = location(path)
    if path.lower().endswith(".json") and place.is_file():
        text = place.read_bytes()
        if text.lstrip()[:1] == b"[":
            return _results(path, text, truth, gt)
    return read_labels(path)


class _Image(msgspec.Struct):
    id: int | float | str
    file_name: str


class _Images(msgspec.Struct):
    images: list[_Image] = []


class _Owner(msgspec.Struct):
    image_id: int | float | str


def _results(path: str, text: bytes, truth: str, gt: Labels) -> Labels:
    """Read COCO results, which name images by the numbers that they have in the truth's file.

    Raises
    ------
    InputError
        If the truth is no COCO file.
    SchemaError
        If the list holds something else.
    """
    place = location(truth)
    if not (truth.lower().endswith(".json") and place.is_file()):
        raise InputError(
            f"{path}: a list of COCO results names images by their ids; give as GT the COCO .json "
            f"that they are of, not {truth}"
        )
    names = {
        identifier(one.id): one.file_name
        for one in msgspec.json.decode(place.read_bytes(), type=_Images).images
    }
    items = {item.listed_as: (key, item) for key, item in gt.items.items()}
    try:
        entries = msgspec.json.decode(text, type=list[msgspec.Raw])
        owners = [identifier(msgspec.json.decode(raw, type=_Owner).image_id) for raw in entries]
    except UNREADABLE as error:
        raise SchemaError(
            f"{path}: expected a list of COCO results with image_id ({reason(error)})"
        ) from None
    found: dict[str, list[bytes]] = {}
    unknown: dict[str, Failure] = {}
    for owner, raw in zip(owners, entries, strict=True):
        if names.get(owner) in items:
            found.setdefault(names[owner], []).append(bytes(raw))
        else:
            problem = f"image_id {owner}: {truth} has no image with this id"
            unknown[owner] = Failure(id=owner, file=path, step="match", error=problem)
    return Labels(
        path=path,
        items={
            items[name][0]: replace(items[name][1], annotations=b"[" + b",".join(raws) + b"]")
            for name, raws in found.items()
        },
        kinds=frozenset({"mask"}),
        failures=tuple(unknown.values()),
        notes=(f"read as COCO results: {len(entries):,} objects on {len(found):,} images",),
    )


def _matched(pred: Labels, gt: Labels) -> tuple[list[Matched], list[Failure], tuple[str, ...]]:
    """Match by name; an image without predictions has none, and counts."""
    names = match_names(pred.items, gt.items)
    if not names:
        raise InputError(
            f"{pred.path}: expected images named like the truth's "
            f"({next(iter(gt.items), 'none')}), found {next(iter(pred.items), 'none')}"
        )
    matched = [
        Matched(key, item, pred.items[names[key]] if key in names else None)
        for key, item in gt.items.items()
    ]
    used = set(names.values())
    failures = [
        Failure(
            id=key, file=item.source_name, step="match", error="the truth has no image of this name"
        )
        for key, item in pred.items.items()
        if key not in used
    ]
    return matched, failures, moved_note(names)


Pairs = list[tuple[CocoImage, CocoImage | None]]


def _read(
    options: Options,
    matched: Sequence[Matched],
    label_maps: tuple[Mapping[str, int], Mapping[str, int]],
    progress: ProgressListener,
) -> tuple[Pairs, list[Failure]]:
    task = LazyTask("datakit.verbs.eval.instances_task:Objects", {"label_maps": label_maps})
    images: Pairs = []
    failures: list[Failure] = []
    progress.begin(len(matched), VERB)
    try:
        with closing(ordered_map(options.make_engine(), task, matched)) as outcomes:
            for one, outcome in zip(matched, outcomes, strict=True):
                if outcome.value is None:
                    file, error = one.gt.source_name, str(outcome.error)
                    failures.append(Failure(id=one.key, file=file, step=VERB, error=error))
                else:
                    images.append(outcome.value)
                    failures += [f for side in outcome.value if side for f in side.failures]
                progress.advance(len(failures))
    finally:
        progress.end()
    return images, failures


def _same_class(images: Pairs) -> tuple[Pairs, tuple[str, ...]]:
    """Give the objects of masks that name no class the one class of the other side.

    Only where each side has one class: then ``foreground`` can mean nothing else.
    """
    sides = [
        {one.category for pair in images if (side := pair[which]) for one in side.objects} - {""}
        for which in (0, 1)
    ]
    if any(len(names) != 1 for names in sides) or sides[0] == sides[1]:
        return images, ()
    (true,), (predicted,) = sides
    if FOREGROUND not in (true, predicted):
        return images, ()
    name = predicted if true == FOREGROUND else true
    which, other = ("true", "predicted") if true == FOREGROUND else ("predicted", "true")
    note = f"the {which} masks name no class: their foreground is taken as {name!r}, the only "
    return _renamed(images, name), (f"{note}{other} class",)


def _renamed(images: Pairs, name: str) -> Pairs:
    def renamed(side: CocoImage) -> CocoImage:
        objects = (one._replace(category=name) if one.category else one for one in side.objects)
        return side._replace(objects=tuple(objects))

    return [(renamed(gt), None if pred is None else renamed(pred)) for gt, pred in images]


def _strangers(classes: Sequence[ClassScores]) -> tuple[str, ...]:
    """Say which classes are on one side alone, and score nothing for it."""
    extra = [one.category for one in classes if one.predicted and not one.true]
    missed = [one.category for one in classes if one.true and not one.predicted]
    parts = []
    if extra:
        parts.append(f"predicted, but not in the truth: {', '.join(extra)}")
    if missed:
        parts.append(f"in the truth, but never predicted: {', '.join(missed)}")
    if extra and missed:
        parts.append("classes meet by name (`coco2mask --map NAME=CLASS` renames)")
    return (f"classes without a partner: {'; '.join(parts)}",) if parts else ()


def _scores(images: Pairs) -> tuple[dict[str, float | None], tuple[ClassScores, ...]]:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    names = sorted(
        {one.category for pair in images for side in pair if side for one in side.objects} - {""}
    )
    # It prints what it does.
    with redirect_stdout(io.StringIO()):
        sides = []
        for which in (0, 1):
            coco = COCO()
            coco.dataset = _document([pair[which] for pair in images], images, names)
            coco.createIndex()
            sides.append(coco)
        found = COCOeval(*sides, "segm")
        found.evaluate()
        found.accumulate()
        found.summarize()
    measures = dict(zip(MEASURES, map(_measured, found.stats), strict=True))
    return measures, tuple(
        ClassScores(
            category=name,
            true=_count(images, 0, name),
            predicted=_count(images, 1, name),
            ap=_mean(found.eval["precision"][:, :, number, 0, _MOST_DETECTIONS]),
            ap50=_mean(found.eval["precision"][0, :, number, 0, _MOST_DETECTIONS]),
            ar100=_mean(found.eval["recall"][:, number, 0, _MOST_DETECTIONS]),
        )
        for number, name in enumerate(names)
    )


def _measured(value: float) -> float | None:
    return None if value == _NO_OBJECT else float(value)


def _mean(values: Any) -> float | None:
    known = values[values > _NO_OBJECT]
    return float(np.mean(known)) if known.size else None


def _count(images: Pairs, which: int, category: str) -> int:
    sides = (pair[which] for pair in images)
    return sum(
        one.category == category and not one.crowd
        for side in sides
        if side is not None
        for one in side.objects
    )


def _document(
    chosen: Sequence[CocoImage | None], images: Pairs, names: Sequence[str]
) -> dict[str, Any]:
    """Return one side as a COCO document; a region of every class is one of each."""
    annotations: list[dict[str, Any]] = []
    for number, (image, (truth, _)) in enumerate(zip(chosen, images, strict=True), 1):
        for one in () if image is None else image.objects:
            for category in [one.category] if one.category else names:
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": number,
                        "category_id": names.index(category) + 1,
                        "score": 1.0,
                        **one.annotation(truth),
                    }
                )
    return {
        "images": [
            {"id": number, "width": truth.width, "height": truth.height}
            for number, (truth, _) in enumerate(images, 1)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names, 1)],
        "annotations": annotations,
    }


def _notes(images: Pairs) -> tuple[str, ...]:
    predicted: list[CocoObject] = [
        one for _, side in images if side for one in side.objects if not one.crowd
    ]
    without = sum(one.score is None for one in predicted)
    missing = sum(side is None for _, side in images)
    notes = []
    if without:
        notes.append(
            f"{without:,} of {len(predicted):,} predicted objects have no score and count with 1: "
            "average precision ranks by scores"
        )
    if missing:
        notes.append(f"nothing is predicted for {missing:,} of {len(images):,} images; they count")
    return tuple(notes)


def _write(out: Location, result: InstanceEvaluation, failures: Sequence[Failure]) -> None:
    report_folder.clear(out, report.FILES)
    rows = [msgspec.structs.asdict(one) for one in result.classes]
    atomic.write_bytes(out / "eval.jsonl", b"".join(msgspec.json.encode(r) + b"\n" for r in rows))
    atomic.write_bytes(out / "eval.csv", csv_rows.records(rows))
    report.write_failures(out, failures)
    text = msgspec.json.format(msgspec.json.encode(result), indent=2)
    atomic.write_bytes(out / "eval.json", text + b"\n")
