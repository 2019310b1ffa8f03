"""``numpy``: memory-mappable arrays of samples of one size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from datakit.errors import InputError
from datakit.io.layouts.base import SPLITS, Item, ReadSettings
from datakit.io.layouts.class_names import find_class_names
from datakit.io.layouts.images_masks import kind_of
from datakit.io.layouts.label_study import Study
from datakit.io.layouts.pictures import PictureReader, Place, stem_of
from datakit.io.layouts.shards import ShardRecords, read_records, shards_of
from datakit.io.store.containers import NpyContainer
from datakit.io.store.files import FileRef, Root, container_of
from datakit.records.card import Command


class NumpyReader(PictureReader):
    """``[SPLIT/]images[-00000-of-00004].npy`` (N, H, W, 3) with ``masks…``, ``alphas…`` (N, H, W).

    Row ``n`` of each array is the same sample. Its name is its number, or its id where datakit's
    own ``shards.jsonl`` is there. Alphas of floats are in [0, 1].
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        self._records = read_records(root, names)
        places: dict[FileRef, Place] = {}
        chunks = _chunks(names)
        for ending, arrays in chunks.items():
            places |= _rows(root, ending, arrays, self._records)
        card = self._records.card
        super().__init__(
            root,
            names,
            places,
            own=self._records.own,
            classes=find_class_names(root, names),
            fixed=Study(label_map=card.label_map) if card and card.label_map else None,
            notes=card.notes if card else (),
        )

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is an array of images."""
        return any("image" in arrays for arrays in _chunks(names).values())

    def items(self) -> Iterator[Item]:
        """Yield the rows; with what datakit's own manifest says of them, where it is there."""
        for item in super().items():
            sample = self._records.rows.get(item.key)
            yield item if sample is None else replace(item, sample=sample, group=sample.group)

    @property
    def commands(self) -> tuple[Command, ...]:
        """Those of the dataset that was exported."""
        return self._records.card.commands if self._records.card else ()


def _chunks(names: list[str]) -> dict[str, dict[str, str]]:
    """Return folder and number of a chunk -> {kind: array}."""
    found: dict[str, dict[str, str]] = {}
    for name in sorted(shards_of(names, ".npy")):
        folder, slash, file = name.rpartition("/")
        word, dash, number = stem_of(file).partition("-")
        if kind := kind_of(word):
            found.setdefault(folder + slash + dash + number, {})[kind] = name
    return found


def _rows(
    root: Root, chunk: str, arrays: Mapping[str, str], records: ShardRecords
) -> dict[FileRef, Place]:
    place = str(root.root)
    if "image" not in arrays:
        return {}
    total = len(cast(NpyContainer, container_of(place, arrays["image"])).array)
    for kind, name in arrays.items():
        array = cast(NpyContainer, container_of(place, name)).array
        if len(array) != total:
            raise InputError(
                f"{name}: expected a {kind} for each of the {total} rows of {arrays['image']}, "
                f"found {len(array)}"
            )
    folder, _, number = chunk.rpartition("/")
    top = folder.partition("/")[0]
    split = SPLITS.get(top.lower())
    shard = f"{top}{number}" if number else top
    found: dict[FileRef, Place] = {}
    for row in range(total):
        rel = f"{number.lstrip('-') or 'row'}_{row:08d}.png"
        if id_ := records.ids.get((shard, row)):
            own = records.rows[id_].split
            rel, split = (id_.removeprefix(f"{own}/") if own else id_), own
        for kind, name in arrays.items():
            ref = FileRef(place, f"{row}.png", name)
            found[ref] = Place(kind, split, rel, shared=stem_of(rel))
    return found
