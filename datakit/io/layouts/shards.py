"""What the readers of shards share: rows of datakit's own manifest beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from datakit.errors import SchemaError
from datakit.io.dataset.output import CARD, MANIFEST
from datakit.io.layouts.base import SPLITS
from datakit.io.layouts.datakit import SHARD_INDEX
from datakit.io.store.files import Root
from datakit.records.card import Card
from datakit.records.sample import Sample


@dataclass(frozen=True)
class ShardRecords:
    """What datakit wrote beside shards; empty where another tool wrote them.

    Attributes
    ----------
    rows : mapping of str to Sample
        Id -> row.
    ids : mapping of (str, int) to str
        Shard (``train-00000-of-00004``) and number of the row -> id.
    card : Card, optional
    """

    rows: Mapping[str, Sample] = field(default_factory=dict)
    ids: Mapping[tuple[str, int], str] = field(default_factory=dict)
    card: Card | None = None

    @property
    def own(self) -> tuple[str, ...]:
        """The files that these records are from."""
        return (CARD, MANIFEST, SHARD_INDEX) if self.card else ()


def read_records(root: Root, names: list[str]) -> ShardRecords:
    """Read what datakit wrote beside shards.

    Raises
    ------
    SchemaError
        If the files are there and cannot be understood.
    """
    if not {CARD, MANIFEST, SHARD_INDEX} <= set(names):
        return ShardRecords()
    try:
        card = msgspec.json.decode(root.read(CARD), type=Card)
        decoder = msgspec.json.Decoder(Sample)
        with root.open(MANIFEST) as handle:
            rows = {sample.id: sample for sample in map(decoder.decode, handle)}
        with root.open(SHARD_INDEX) as handle:
            places = [msgspec.json.decode(line) for line in handle]
        ids = {(place["shard"], place["row"]): place["id"] for place in places}
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise SchemaError(f"{SHARD_INDEX}, {MANIFEST}, {CARD}: cannot be read ({error})") from None
    return ShardRecords(rows, ids, card)


def split_of_shard(name: str) -> str | None:
    """Return the split that a shard's file or folder names.

    Examples
    --------
    >>> split_of_shard("data/validation-00000-of-00001.parquet"), split_of_shard("test/x-0.tar")
    ('val', 'test')
    >>> split_of_shard("shard-000.tar") is None
    True
    """
    *folders, file = name.split("/")
    first = file.partition(".")[0].partition("-")[0]
    words = [first.lower(), *(folder.lower() for folder in reversed(folders))]
    return next((SPLITS[word] for word in words if word in SPLITS), None)


def shards_of(names: list[str], suffix: str) -> Iterator[str]:
    """Yield the shards of a suffix."""
    return (name for name in names if name.lower().endswith(suffix))
