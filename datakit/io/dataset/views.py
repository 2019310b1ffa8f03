"""Manifests per split, inside the split's folder, for Hugging Face's ``imagefolder``."""

from __future__ import annotations

from pathlib import Path

import msgspec

from datakit.io.dataset.names import MANIFEST
from datakit.io.store import atomic
from datakit.io.store.storage import Location
from datakit.records.sample import Sample

_VIEW = (
    "file_name",
    "mask_file_name",
    "alpha_file_name",
    "trimap_file_name",
    "id",
    "width",
    "height",
    "group",
    "parent",
    "annotations",
    "fg_ratio",
)


class SplitViews:
    """The splits of a manifest, and the columns that all of their samples have.

    The loader takes a folder named like a split for the split and reads only manifests inside it;
    and it wants the same columns of the same types in each, so a column that a sample lacks is left
    out. With no splits it reads the manifest of the whole.
    """

    def __init__(self) -> None:
        self._splits: set[str] = set()
        self._columns: set[str] | None = None

    def add(self, sample: Sample) -> None:
        """Take a sample into account."""
        self._splits.add(sample.split or "")
        columns = _VIEW if self._columns is None else self._columns
        self._columns = {name for name in columns if getattr(sample, name) is not None}

    def write(self, out: Location, manifest: Path) -> None:
        """Write ``SPLIT/metadata.jsonl`` for every split of a manifest."""
        columns = self._columns or set()
        if "file_name" not in columns or self._splits <= {""}:
            return
        decoder, encoder = msgspec.json.Decoder(Sample), msgspec.json.Encoder()
        for split in sorted(self._splits - {""}):
            with atomic.writing(out / split / MANIFEST) as view, manifest.open("rb") as rows:
                for line in rows:
                    sample = decoder.decode(line)
                    if sample.split == split:
                        view.write(encoder.encode(_row(sample, split, columns)) + b"\n")


def _row(sample: Sample, split: str, columns: set[str]) -> dict[str, object]:
    return {
        name: str(value).removeprefix(f"{split}/") if name.endswith("file_name") else value
        for name in _VIEW
        if name in columns and (value := getattr(sample, name)) is not None
    }
