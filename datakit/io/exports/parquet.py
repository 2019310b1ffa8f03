"""``parquet``: shards that Hugging Face's datasets reads as images, and pandas as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from datakit.io.exports.hub_card import hub_card
from datakit.io.exports.shard_samples import facts_of, labels_of, shared_suffix
from datakit.io.layouts.picture import Picture, flat_name
from datakit.io.layouts.writer import Facts, Place, Settings, Shard

ROW_GROUP = 100
"""Rows a group: what a reader has in memory at least, and the writer at most."""

_LABELS = ("mask", "alpha", "trimap")
_PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_COLUMNS = {
    "id": ("string", pa.string()),
    "group": ("string", pa.string()),
    "source": ("string", pa.string()),
    "tags": ("string", pa.string()),
    "width": ("int32", pa.int32()),
    "height": ("int32", pa.int32()),
    "fg_ratio": ("float64", pa.float64()),
}


class Parquet:
    """``data/SPLIT-00000-of-00004.parquet``: ``image``, labels, and what is known of the sample.

    Pictures are {bytes, path} with the features that make Hugging Face's datasets decode them. A
    label that a sample lacks is null.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="Hugging Face datasets, pandas, anything that reads Parquet",
        loses="images have one format: sources that mix formats become JPEG",
        sharded=True,
    )
    shard_samples = 1000

    def __init__(self, settings: Settings) -> None:
        self._suffix = shared_suffix(settings.image_suffix)
        self._splits = [flat_name(split) if split else "train" for split in settings.splits]
        self._pictures = ["image", *(kind for kind in _LABELS if kind in settings.kinds)]

    def check(self, picture: Picture) -> None:
        """Take every sample."""

    def write(self, shard: Shard, pictures: Iterator[Picture], place: Place) -> Mapping[str, int]:
        """Write one file."""
        counts: Counter[str] = Counter()
        schema = self._schema()
        # Pictures are compressed by themselves.
        compression = {f"{name}.bytes": "none" for name in self._pictures}
        compression |= {f"{name}.path": "zstd" for name in self._pictures}
        compression |= dict.fromkeys(_COLUMNS, "zstd")
        with (
            place(f"data/{flat_name(shard.split)}{shard.ending}.parquet") as handle,
            pq.ParquetWriter(
                handle, schema, compression=compression, use_dictionary=False
            ) as table,
        ):
            while rows := [self._row(picture, counts) for picture in islice(pictures, ROW_GROUP)]:
                table.write_table(pa.Table.from_pylist(rows, schema=schema))
        return +counts

    def finish(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write the card that Hugging Face reads."""
        return hub_card(self._splits, ".parquet")

    def _row(self, picture: Picture, counts: Counter[str]) -> dict[str, Any]:
        image, again = picture.image_file(self._suffix)
        counts["images encoded again"] += again
        row: dict[str, Any] = dict(facts_of(picture))
        row["image"] = {"bytes": image, "path": picture.name + self._suffix}
        for kind, png in labels_of(picture).items():
            row[kind] = {"bytes": png, "path": f"{picture.name}.png"}
        return row

    def _schema(self) -> pa.Schema:
        features: dict[str, Any] = {name: {"_type": "Image"} for name in self._pictures}
        features |= {
            name: {"dtype": kind, "_type": "Value"} for name, (kind, _) in _COLUMNS.items()
        }
        fields = [pa.field(name, _PICTURE) for name in self._pictures]
        fields += [pa.field(name, kind) for name, (_, kind) in _COLUMNS.items()]
        metadata = {b"huggingface": msgspec.json.encode({"info": {"features": features}})}
        return pa.schema(fields, metadata=metadata)
