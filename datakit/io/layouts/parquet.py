"""``parquet``: tables with pictures, as Hugging Face's datasets writes and reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, ClassVar, cast

import msgspec

from datakit.errors import InputError
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.class_names import ClassNames, find_class_names
from datakit.io.layouts.croissant import croissant_of_tables
from datakit.io.layouts.folder_names import kind_of
from datakit.io.layouts.hub_card import hub_card, shard_globs
from datakit.io.layouts.label_study import Study
from datakit.io.layouts.picture import Picture
from datakit.io.layouts.pictures import PictureReader
from datakit.io.layouts.placements import Placement, is_image, stem_of
from datakit.io.layouts.sample_names import flat_name
from datakit.io.layouts.shard_samples import LABELS, facts_of, labels_of, shared_suffix
from datakit.io.layouts.shards import read_records, shards_of, split_of_shard
from datakit.io.layouts.writer import CreateFile, Facts, Settings, Shard
from datakit.io.store.containers import ParquetContainer
from datakit.io.store.files import FileRef, Root, container_of, safe_name
from datakit.records.card import Command
from datakit.records.failure import Failure
from datakit.records.labels import LabelState, is_binary

_FACTS = ("id", "group", "label_state")
LABEL_MAP = b"datakit.label_map"
"""Key of the table's metadata under which the classes of the masks are."""

_MAGIC = ((b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"RIFF", ".webp"), (b"BM", ".bmp"))


class ParquetReader(PictureReader):
    """``SPLIT-00000-of-00004.parquet`` with a column of photos and columns of labels.

    Columns are recognised by the words in their names: ``image``; ``mask``, ``label``,
    ``annotation``, ``alpha``, ``trimap`` …. A cell is a picture's bytes, or a struct of bytes and
    path. Columns ``id`` and ``group`` are kept where they are there; other columns are counted as
    not read.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        self._records = read_records(root, names)
        shards = sorted(shards_of(names, ".parquet"))
        places: dict[FileRef, Placement] = {}
        failures: list[Failure] = []
        unread: dict[str, int] = {}
        for shard in shards:
            table = _Table(root, shard)
            for column in table.unread:
                unread[f"column {column}"] = unread.get(f"column {column}", 0) + 1
            for row, (place, files) in enumerate(table.rows()):
                try:
                    safe_name(place.rel)
                except InputError as error:
                    failures.append(_bad(shard, row, str(error)))
                    continue
                places |= {ref: replace(place, kind=kind) for kind, ref in files.items()}
        card = self._records.card
        super().__init__(
            root,
            names,
            places,
            own=[*shards, *self._records.own],
            classes=find_class_names(root, names) or _stored_classes(root, shards),
            fixed=Study(label_map=card.label_map) if card and card.label_map else None,
            notes=card.notes if card else (),
        )
        self.failures = (*failures, *self.failures)
        self.unread = {**self.unread, **unread}

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is a table with a column of photos."""
        shard = next(shards_of(names, ".parquet"), None)
        return shard is not None and bool(_Table(root, shard).columns.get("image"))

    def items(self) -> Iterator[Item]:
        """Yield the rows; with what datakit's own manifest says of them, where it is there."""
        for item in super().items():
            sample = self._records.rows.get(item.key)
            yield item if sample is None else replace(item, sample=sample, group=sample.group)

    @property
    def commands(self) -> tuple[Command, ...]:
        """Those of the dataset that was exported."""
        return self._records.card.commands if self._records.card else ()


@dataclass
class _Table:
    """One Parquet file: its columns of pictures, and its rows."""

    root: Root
    shard: str

    def __post_init__(self) -> None:
        opened = container_of(str(self.root.root), self.shard)
        self._file = cast(ParquetContainer, opened)
        self.columns: dict[str, str] = {}
        self.unread: list[str] = []
        pictures = [field for field in self._file.table.schema_arrow if _is_picture(field)]
        self._structs = {field.name for field in pictures if _is_struct(field)}
        for field in pictures:
            kind = kind_of(field.name)
            if kind is None or self.columns.setdefault(kind, field.name) != field.name:
                self.unread.append(field.name)
        if "image" not in self.columns and self.unread:
            # Of pictures that no word tells, the first is the photo.
            self.columns["image"] = self.unread.pop(0)

    def rows(self) -> Iterator[tuple[Placement, dict[str, FileRef]]]:
        """Yield the place of each row's photo, and its files by kind."""
        split = split_of_shard(self.shard)
        plain = {name: list(self._texts(name)) for name in _FACTS}
        labels = {kind: name for kind, name in self.columns.items() if kind != "image"}
        present = {kind: self._present(name) for kind, name in labels.items()}
        root = str(self.root.root)
        for row, name in enumerate(self._names()):
            rel = self._rel(plain["id"][row] if plain["id"] else None, split, name, row)
            files = {"image": self._ref(root, row, "image", name)}
            for kind, there in present.items():
                if there[row]:
                    files[kind] = self._ref(root, row, kind, "x.png")
            group = plain["group"][row] if plain["group"] else None
            state = plain["label_state"][row] if plain["label_state"] else None
            known = cast(LabelState, state) if state in ("complete", "partial", "none") else None
            place = Placement("", split, rel, group or None, stem_of(rel), known)
            yield place, files

    def _ref(self, root: str, row: int, kind: str, name: str) -> FileRef:
        suffix = name[len(stem_of(name)) :]
        return FileRef(root, f"{row}/{self.columns[kind]}{suffix}", self.shard)

    def _rel(self, id_: str | None, split: str | None, name: str, row: int) -> str:
        if id_ and is_image(id_):
            return id_.removeprefix(f"{split}/") if split else id_
        stem = id_ or stem_of(name).lstrip("/") or f"{row:08d}"
        return f"{stem}{name[len(stem_of(name)) :]}"

    def _texts(self, column: str) -> Iterator[str]:
        if column in self._file.table.schema_arrow.names:
            yield from ("" if cell is None else str(cell) for cell in self._file.column(column))

    def _names(self) -> Iterator[str]:
        """Yield each photo's file name, with the suffix that its bytes have where it has none."""
        column = self.columns["image"]
        if column in self._structs and "path" in self._fields(column):
            names = [name or "" for name in self._file.column(f"{column}.path")]
            if all(map(is_image, names)):
                yield from names
                return
        inner = f"{column}.bytes" if column in self._structs else column
        stem = stem_of(self.shard).rpartition("/")[2]
        for row, data in enumerate(self._file.column(inner)):
            head = bytes(data[:4]) if data else b""
            suffix = next((s for magic, s in _MAGIC if head.startswith(magic)), ".png")
            yield f"{stem}_{row:08d}{suffix}"

    def _fields(self, column: str) -> list[str]:
        kind: Any = self._file.table.schema_arrow.field(column).type
        return [kind.field(index).name for index in range(kind.num_fields)]

    def _present(self, column: str) -> list[bool]:
        """Return which rows have a picture in a column: by its path, which is small, if there."""
        inner = f"{column}.path" if column in self._structs else column
        if column in self._structs and "path" not in self._fields(column):
            inner = f"{column}.bytes"
        found = [cell is not None for cell in self._file.column(inner)]
        if column in self._structs and not any(found):
            found = [cell is not None for cell in self._file.column(f"{column}.bytes")]
        return found


def _is_struct(field: Any) -> bool:
    return bool(field.type.num_fields)


def _is_picture(field: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(field.type):
        inner = {field.type.field(i).name for i in range(field.type.num_fields)}
        return "bytes" in inner
    binary = pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type)
    return binary and kind_of(field.name) is not None


def _stored_classes(root: Root, shards: list[str]) -> ClassNames | None:
    """Return the label map that datakit keeps in the table's own metadata."""
    if not shards:
        return None
    table = cast(ParquetContainer, container_of(str(root.root), shards[0])).table
    stored = (table.schema_arrow.metadata or {}).get(LABEL_MAP)
    if not stored:
        return None
    label_map = msgspec.json.decode(stored, type=dict[str, int])
    return ClassNames(file=shards[0], values={value: name for name, value in label_map.items()})


def _bad(shard: str, row: int, error: str) -> Failure:
    place = f"row {row}"
    return Failure(id=f"{shard} {place}", file=shard, step="read", error=error, path=place)


ROW_GROUP = 100
"""Rows a group: what a reader has in memory at least, and the writer at most."""

_COLUMNS = {
    "id": "string",
    "group": "string",
    "source": "string",
    "tags": "string",
    "width": "int32",
    "height": "int32",
    "label_state": "string",
    "fg_ratio": "float64",
}


class ParquetWriter:
    """``data/SPLIT-00000-of-00004.parquet``: ``image``, labels, and what is known of the sample.

    Pictures are {bytes, path} with the features that make Hugging Face's datasets decode them. A
    label that a sample lacks is null.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="Hugging Face datasets, pandas, anything that reads Parquet",
        loses="images have one format: sources that mix formats become JPEG",
        sharded=True,
        carries_ignore=True,
    )
    shard_samples = 1000

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._suffix = shared_suffix(settings.image_suffix)
        self._splits = [flat_name(split) if split else "train" for split in settings.splits]
        self._pictures = ["image", *(kind for kind in LABELS if kind in settings.kinds)]

    def check(self, picture: Picture) -> None:
        """Take every sample."""

    def write(
        self, shard: Shard, pictures: Iterator[Picture], create: CreateFile
    ) -> Mapping[str, int]:
        """Write one file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        counts: Counter[str] = Counter()
        schema = self._schema()
        # Pictures are compressed by themselves.
        compression = {f"{name}.bytes": "none" for name in self._pictures}
        compression |= {f"{name}.path": "zstd" for name in self._pictures}
        compression |= dict.fromkeys(_COLUMNS, "zstd")
        with (
            create(f"data/{flat_name(shard.split)}{shard.ending}.parquet") as handle,
            pq.ParquetWriter(
                handle, schema, compression=compression, use_dictionary=False
            ) as table,
        ):
            while rows := [self._row(picture, counts) for picture in islice(pictures, ROW_GROUP)]:
                table.write_table(pa.Table.from_pylist(rows, schema=schema))
        return +counts

    def finish(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write the card that Hugging Face reads."""
        yield from hub_card(self._settings, shard_globs(self._splits, ".parquet"))
        yield croissant_of_tables(self._settings, self._splits, self._pictures, _COLUMNS)

    def _row(self, picture: Picture, counts: Counter[str]) -> dict[str, Any]:
        image, again = picture.image_file(self._suffix)
        counts["images encoded again"] += again
        row: dict[str, Any] = dict(facts_of(picture))
        row["image"] = {"bytes": image, "path": picture.name + self._suffix}
        for kind, png in labels_of(picture).items():
            row[kind] = {"bytes": png, "path": f"{picture.name}.png"}
        return row

    def _schema(self) -> Any:
        import pyarrow as pa

        features: dict[str, Any] = {name: {"_type": "Image"} for name in self._pictures}
        features |= {name: {"dtype": kind, "_type": "Value"} for name, kind in _COLUMNS.items()}
        picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        fields = [pa.field(name, picture) for name in self._pictures]
        fields += [pa.field(name, pa.type_for_alias(kind)) for name, kind in _COLUMNS.items()]
        metadata = {b"huggingface": msgspec.json.encode({"info": {"features": features}})}
        if not is_binary(self._settings.label_map):
            metadata[LABEL_MAP] = msgspec.json.encode(self._settings.label_map)
        return pa.schema(fields, metadata=metadata)
