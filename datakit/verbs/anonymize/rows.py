"""What one photo adds to the manifest, the audit, the review list and the counts."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from datakit.io.tables import csv_rows
from datakit.records.anonymization import AUDIT, REVIEW, Anonymization
from datakit.records.product import Product
from datakit.records.sample import Sample


def rows(
    record: Anonymization, source_name: str, sample: Sample | None, files: Mapping[str, int]
) -> Product:
    """Return the product of one photo.

    Parameters
    ----------
    record : Anonymization
        The line of the audit.
    source_name : str
        The photo's path in the source, for the person who reviews it.
    sample : Sample or None
        The row of the manifest; None when the photo is kept out of the dataset.
    files : mapping of str to int
        What was written, and its bytes.
    """
    faces = sum(face.mask != "none" for face in record.faces)
    lines = {AUDIT: msgspec.json.encode(record).decode() + "\n"}
    if sample is None:
        row = [record.id, source_name, record.status, str(faces), "; ".join(record.reasons)]
        lines[REVIEW] = csv_rows.line(row)
    return Product(
        samples=() if sample is None else (sample,),
        files=dict(files),
        lines=lines,
        counts={record.status: 1, "faces": faces},
    )
