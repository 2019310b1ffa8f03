"""``parquet``: tables with pictures, as Hugging Face's datasets writes and reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

from datakit.errors import InputError
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.class_names import ClassNames, find_class_names
from datakit.io.layouts.images_masks import kind_of
from datakit.io.layouts.label_study import Study
from datakit.io.layouts.pictures import PictureReader, Place, is_image, stem_of
from datakit.io.layouts.shards import read_records, shards_of, split_of_shard
from datakit.io.store.containers import ParquetContainer
from datakit.io.store.files import FileRef, Root, container_of, safe_name
from datakit.records.card import Command
from datakit.records.failure import Failure

_MAGIC = ((b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"RIFF", ".webp"), (b"BM", ".bmp"))


class ParquetReader(PictureReader):
    """``SPLIT-00000-of-00004.parquet`` with a column of photos and columns of labels.

    Columns are told by the words of their names: ``image``; ``mask``, ``label``, ``annotation``,
    ``alpha``, ``trimap`` …. A cell is a picture's bytes, or a struct of bytes and path. Columns
    ``id`` and ``group`` are kept where they are there; other columns are counted as not read.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        self._records = read_records(root, names)
        shards = sorted(shards_of(names, ".parquet"))
        places: dict[FileRef, Place] = {}
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

    def rows(self) -> Iterator[tuple[Place, dict[str, FileRef]]]:
        """Yield the place of each row's photo, and its files by kind."""
        split = split_of_shard(self.shard)
        plain = {name: list(self._texts(name)) for name in ("id", "group")}
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
            yield Place("", split, rel, group=group or None, shared=stem_of(rel)), files

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
    import msgspec

    if not shards:
        return None
    table = cast(ParquetContainer, container_of(str(root.root), shards[0])).table
    stored = (table.schema_arrow.metadata or {}).get(b"datakit.label_map")
    if not stored:
        return None
    label_map = msgspec.json.decode(stored, type=dict[str, int])
    return ClassNames(file=shards[0], values={value: name for name, value in label_map.items()})


def _bad(shard: str, row: int, error: str) -> Failure:
    place = f"row {row}"
    return Failure(id=f"{shard} {place}", file=shard, step="read", error=error, path=place)
