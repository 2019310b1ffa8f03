"""``imagefolder``: photos and labels named by a metadata file, as Hugging Face's tools do it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from datakit.errors import InputError
from datakit.io.layouts.base import SPLITS, Item, ReadSettings
from datakit.io.layouts.class_names import find_class_names
from datakit.io.layouts.folder_names import kind_of
from datakit.io.layouts.hub_card import hub_card
from datakit.io.layouts.pictures import PictureReader
from datakit.io.layouts.placements import Placement, is_image, stem_of
from datakit.io.layouts.sample_names import side
from datakit.io.layouts.shard_samples import labels_of
from datakit.io.layouts.writer import Facts, Settings, Written, label_map_file
from datakit.io.store.files import FileRef, Root, safe_name
from datakit.records.failure import Failure
from datakit.records.sample import Sample

if TYPE_CHECKING:  # a reader writes nothing, and does without the library of pixels
    from datakit.io.layouts.picture import Picture

_TABLES = ("metadata.jsonl", "metadata.csv")
_PROBED_ROWS = 20


class ImageFolderReader(PictureReader):
    """``metadata.jsonl`` or ``metadata.csv`` with ``file_name`` and columns that name labels.

    Columns are recognised by the words in their names: ``mask_file_name``, ``mask``, ``alpha``,
    ``label`` … whose cells name pictures. The files may lie in a folder for each split. A dataset
    of datakit's whose card was lost is one of these.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        known = set(names)
        tables = _tables(names)
        places: dict[FileRef, Placement] = {}
        self._rows: dict[str, Sample] = {}
        failures: list[Failure] = []
        for table in tables:
            for number, row in _read(root, table):
                try:
                    self._add(root, table, row, known, places)
                except InputError as error:
                    failures.append(_bad(table, number, str(error)))
        super().__init__(root, names, places, own=tables, classes=find_class_names(root, names))
        self.failures = (*failures, *self.failures)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether a metadata file names photos together with label pictures."""
        known = set(names)
        for table in _tables(names)[:1]:
            for number, row in _read(root, table):
                folder = table.rpartition("/")[0]
                if _files(row, folder, known).keys() - {"image"}:
                    return True
                if number >= _PROBED_ROWS:
                    break
        return False

    def items(self) -> Iterator[Item]:
        """Yield the pictures, with what their row says where it is one of datakit's."""
        for item in super().items():
            sample = self._rows.get(item.source_name)
            yield item if sample is None else replace(item, sample=sample)

    def _add(
        self,
        root: Root,
        table: str,
        row: Mapping[str, Any],
        known: set[str],
        places: dict[FileRef, Placement],
    ) -> None:
        folder = table.rpartition("/")[0]
        files = _files(row, folder, known)
        image = files.get("image")
        if image is None:
            raise InputError(f"file_name {row.get('file_name')!r}: the file is not there")
        if FileRef(str(root.root), image) in places:
            # A split's own metadata file names what the whole one does.
            return
        split, rel = _place(image, row)
        group = row.get("group")
        for kind, name in files.items():
            place = Placement(
                kind,
                split,
                rel if kind == "image" else name,
                group=group if isinstance(group, str) and group else None,
                shared=stem_of(rel),
            )
            places[FileRef(str(root.root), name)] = place
        try:
            self._rows[image] = msgspec.convert(dict(row), Sample)
        except msgspec.ValidationError:
            # Another tool's row: only what names files and groups is taken.
            return


def _tables(names: list[str]) -> list[str]:
    """Return the metadata files, the one nearest to the top first."""
    found = [name for name in names if name.rpartition("/")[2] in _TABLES]
    return sorted(found, key=lambda name: (name.count("/"), name))


def _read(root: Root, table: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield (number, row); a row that cannot be read is empty."""
    if table.endswith(".csv"):
        text = root.read(table).decode("utf-8-sig", "replace")
        yield from enumerate(csv.DictReader(io.StringIO(text)), 1)
        return
    with root.open(table) as handle:
        for number, line in enumerate(handle, 1):
            if not line.strip():
                continue
            try:
                row = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                row = {}
            yield number, row if isinstance(row, dict) else {}


def _files(row: Mapping[str, Any], folder: str, known: set[str]) -> dict[str, str]:
    """Return kind -> file of the pictures that a row names and the source has."""
    found: dict[str, str] = {}
    for column, cell in row.items():
        if not isinstance(cell, str) or not is_image(cell):
            continue
        name = safe_name(f"{folder}/{cell}" if folder else cell)
        kind = "image" if column == "file_name" else kind_of(column)
        if kind is not None and name in known:
            found.setdefault(kind, name)
    return found


def _place(image: str, row: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return the split, by the row or the top folder, and the path within it."""
    parts = image.split("/")
    split = row.get("split")
    if not isinstance(split, str) or not split:
        split = SPLITS.get(parts[0].lower()) if len(parts) > 1 else None
    rest = parts[1:] if len(parts) > 1 and SPLITS.get(parts[0].lower()) == split else parts
    kept = [p for n, p in enumerate(rest) if n == len(rest) - 1 or kind_of(p) != "image"]
    return split, "/".join(kept)


def _bad(table: str, number: int, error: str) -> Failure:
    place = f"line {number}"
    return Failure(id=f"{table} {place}", file=table, step="read", error=error, path=place)


class ImageFolderWriter:
    """``[SPLIT/]images/NAME.jpg`` with ``masks/NAME.png``, ``alphas/`` …, and ``metadata.jsonl``.

    A dataset as datakit has it, made ready to be published: under names that any loader takes, with
    a card and ``croissant.json``.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="Hugging Face datasets (imagefolder)", carries_ignore=True, split_manifests=True
    )

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def folder(self, item: Item) -> str | None:
        """Return the split's folder."""
        return f"{side(item)}/" if item.split else ""

    def write(self, picture: Picture) -> Written:
        """Return image and labels, at their stored depth."""
        folder = self.folder(picture.item)
        image, again = picture.image_file(picture.suffix)
        labels = labels_of(picture)
        names = {kind: f"{folder}{kind}s/{picture.name}.png" for kind in labels}
        names["image"] = f"{folder}images/{picture.name}{picture.suffix}"
        return Written(
            files={name: labels.get(kind, image) for kind, name in names.items()},
            roles=names,
            counts={"images encoded again": again} if again else {},
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write the card that Hugging Face reads, and name the classes."""
        yield from hub_card(self._settings, {})
        yield from label_map_file(self._settings.label_map)
