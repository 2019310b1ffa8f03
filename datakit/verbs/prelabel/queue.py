"""The files of ``prelabel`` about all drafts: the queue, the calibration, one COCO file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, BinaryIO, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.drafts.uncertainty import WEIGHTS, Order, order_by_uncertainty
from datakit.core.drafts.uncertainty_weights import fit_weights
from datakit.errors import InputError, SchemaError
from datakit.io.dataset.output import DatasetWriter
from datakit.io.store import atomic
from datakit.io.store.storage import Location, location
from datakit.io.tables import csv_rows, jsonl, yaml_files
from datakit.models.factory import Identity
from datakit.records.draft import (
    CALIBRATION,
    CHANGES,
    COCO,
    DRAFTS,
    QUEUE,
    QUEUE_CSV,
    Box,
    Calibration,
    Change,
    Draft,
    Queued,
)
from datakit.version import __version__

Column = npt.NDArray[np.float64]


def calibration(path: str | None) -> Calibration:
    """Return the weights of the uncertainty measures.

    Parameters
    ----------
    path : str, optional
        A drafted dataset with merged reviews, to fit to what was changed; or a file made so. The
        plain weights when None.

    Raises
    ------
    InputError
        If there is nothing to fit to, or the file is not one.
    """
    if path is None:
        return Calibration(weights=dict(WEIGHTS))
    folder = location(path)
    if not folder.is_dir():
        return _read_calibration(folder)
    for name, way_out in ((DRAFTS, "draft it with prelabel"), (CHANGES, "merge a review first")):
        if not (folder / name).is_file():
            raise InputError(f"--calibrate {path}: expected {name} in it, found none; {way_out}")
    drafts = _measured(jsonl.read(folder / DRAFTS, Draft))
    changes = {change.id: 1 - change.iou for change in jsonl.read(folder / CHANGES, Change)}
    reviewed = np.array([name in changes for name in drafts.ids], bool)
    # Percentiles in the whole set, of which the reviewed drafts are a part.
    order = order_by_uncertainty(drafts.parts, drafts.area)
    fitted = fit_weights(
        {name: column[reviewed] for name, column in order.percentiles.items()},
        np.array([changes[name] for name in drafts.ids if name in changes]),
    )
    return Calibration(
        weights={**WEIGHTS, **fitted.weights},
        reviewed=int(reviewed.sum()),
        spearman=round(fitted.spearman, 6),
    )


def write(
    writer: DatasetWriter, category: str, weights: Calibration, models: Sequence[Identity]
) -> None:
    """Write queue, calibration and COCO file, from the drafts that the run has noted.

    Parameters
    ----------
    writer : DatasetWriter
        Of the run; its table of drafts is whole.
    category : str
        Name of the one class.
    weights : Calibration
        Of the uncertainty measures.
    models : sequence of Identity
        What drafted, for the COCO file's description.
    """
    drafts = _measured(_drafts(writer))
    rows = list(_queue(drafts, order_by_uncertainty(drafts.parts, drafts.area, weights.weights)))
    jsonl.write(writer.out / QUEUE, rows)
    atomic.write_bytes(writer.out / QUEUE_CSV, _csv(rows), durable=True)
    atomic.write_bytes(writer.out / CALIBRATION, _yaml(weights))
    with atomic.writing(writer.out / COCO, durable=True) as handle:
        _write_coco(handle, writer, category, models)


class _Measured(NamedTuple):
    """The measures of a set as columns; NaN where a draft lacks one."""

    ids: list[str]
    files: list[str]
    area: Column
    parts: dict[str, Column]
    missing_hands: list[Box | None]


def _drafts(writer: DatasetWriter) -> Iterator[Draft]:
    decoder = msgspec.json.Decoder(Draft)
    return map(decoder.decode, writer.lines(DRAFTS))


def _measured(drafts: Iterable[Draft]) -> _Measured:
    ids: list[str] = []
    files: list[str] = []
    area: list[float] = []
    parts: dict[str, list[float]] = {name: [] for name in WEIGHTS}
    missing_hands: list[Box | None] = []
    for draft in drafts:
        ids.append(draft.id)
        files.append(draft.file_name)
        area.append(draft.area)
        missing_hands.append(draft.missing_hand)
        for name, values in parts.items():
            values.append(draft.parts.get(name, float("nan")))
    columns = {name: np.array(values, np.float64) for name, values in parts.items()}
    known = {name: column for name, column in columns.items() if not np.isnan(column).all()}
    return _Measured(ids, files, np.array(area, np.float64), known, missing_hands)


def _queue(drafts: _Measured, order: Order) -> Iterator[Queued]:
    for rank, at in enumerate(np.argsort(-order.uncertainty, kind="stable"), 1):
        yield Queued(
            rank=rank,
            id=drafts.ids[at],
            file_name=drafts.files[at],
            doubt=round(float(order.uncertainty[at]), 6),
            reason=order.reason[at],
            parts={name: round(float(column[at]), 6) for name, column in order.percentiles.items()},
            missing_hand=drafts.missing_hands[at],
        )


def _csv(rows: Sequence[Queued]) -> bytes:
    """Return the queue as a table: percentiles of the measures, and the reason in one word."""
    names = [name for name in WEIGHTS if rows and name in rows[0].parts]
    header = ["rank", "id", "file_name", "doubt", "reason", *names]
    return csv_rows.table(
        header,
        (
            [row.rank, row.id, row.file_name, row.doubt, row.reason, *(row.parts[n] for n in names)]
            for row in rows
        ),
    )


def _yaml(weights: Calibration) -> bytes:
    lines = [
        f"# How much each uncertainty measure counts; {CALIBRATION} of another run is taken by",
        "# datakit prelabel --calibrate.",
        f"reviewed: {weights.reviewed}",
        f"spearman: {'null' if weights.spearman is None else weights.spearman}",
        "weights:",
        *(f"  {name}: {weight}" for name, weight in weights.weights.items()),
    ]
    return ("\n".join(lines) + "\n").encode()


def _read_calibration(path: Location) -> Calibration:
    data, _ = yaml_files.load(path)
    try:
        found = msgspec.convert(data, Calibration)
    except msgspec.ValidationError as error:
        raise SchemaError(
            f"{path}: expected weights of the uncertainty measures; {error}"
        ) from None
    unknown = [name for name in found.weights if name not in WEIGHTS]
    if unknown:
        raise SchemaError(
            f"{path}: {unknown[0]!r} is no uncertainty measure; expected some of "
            f"{', '.join(WEIGHTS)}"
        )
    return found


def _write_coco(
    handle: BinaryIO, writer: DatasetWriter, category: str, models: Sequence[Identity]
) -> None:
    """Write the drafts as COCO, one entry per line; ids count from 1."""
    encode = msgspec.json.encode
    made_by = "; ".join(f"{model.name}, {model.licence}" for model in models)
    info = {"description": f"drafted by {made_by}; not reviewed", "version": __version__}
    handle.write(b'{"info": ' + encode(info) + b',\n"licenses": [],\n"categories": ')
    handle.write(encode([{"id": 1, "name": category, "supercategory": "none"}]))
    handle.write(b',\n"images": [')
    _write_entries(handle, map(_image_entry, count(1), _drafts(writer)))
    handle.write(b'],\n"annotations": [')
    _write_entries(handle, _annotation_entries(_drafts(writer)))
    handle.write(b"]}\n")


def _image_entry(number: int, draft: Draft) -> dict[str, Any]:
    size = {"width": draft.width, "height": draft.height}
    return {"id": number, "file_name": draft.file_name, **size}


def _annotation_entries(drafts: Iterable[Draft]) -> Iterator[dict[str, Any]]:
    number = 0
    for image, draft in enumerate(drafts, 1):
        whole = () if draft.outlined is None else (draft.outlined,)
        for outlined in draft.objects or whole:
            number += 1
            yield {
                "id": number,
                "image_id": image,
                "category_id": 1,
                **msgspec.structs.asdict(outlined),
                "iscrowd": 0,
            }


def _write_entries(handle: BinaryIO, entries: Iterable[dict[str, Any]]) -> None:
    separator = b"\n"
    for entry in entries:
        handle.write(separator + msgspec.json.encode(entry))
        separator = b",\n"
