"""``numpy``: memory-mappable arrays of samples of one size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError
from datakit.io.layouts.base import SPLITS, Item, ReadSettings
from datakit.io.layouts.class_names import find_class_names
from datakit.io.layouts.folder_names import kind_of
from datakit.io.layouts.label_study import Study
from datakit.io.layouts.picture import Picture
from datakit.io.layouts.pictures import PictureReader
from datakit.io.layouts.placements import Placement, stem_of
from datakit.io.layouts.sample_names import flat_name
from datakit.io.layouts.shards import ShardRecords, read_records, shards_of
from datakit.io.layouts.writer import CreateFile, Facts, Settings, Shard, label_map_file
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
        places: dict[FileRef, Placement] = {}
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
) -> dict[FileRef, Placement]:
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
    found: dict[FileRef, Placement] = {}
    for row in range(total):
        rel = f"{number.lstrip('-') or 'row'}_{row:08d}.png"
        if id_ := records.ids.get((shard, row)):
            own = records.rows[id_].split
            rel, split = (id_.removeprefix(f"{own}/") if own else id_), own
        for kind, name in arrays.items():
            ref = FileRef(place, f"{row}.png", name)
            found[ref] = Placement(kind, split, rel, shared=stem_of(rel))
    return found


CHUNK_BYTES = 128 << 20
"""A chunk's images in memory while it is written, and what one `numpy.load` maps."""

_LABELS = ("mask", "alpha", "trimap", "ignore")


class NumpyWriter:
    """``SPLIT/images-00000-of-00004.npy`` (N, H, W, 3) uint8 RGB, ``masks-…`` (N, H, W), ….

    ``alphas-…``, ``trimaps-…`` and ``ignores-…`` likewise, for the labels that the set has, and
    ``label_map.json`` where the masks hold classes. Row ``n`` of each
    array is the same sample; ``shards.jsonl`` tells which.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="numpy.load(…, mmap_mode='r')",
        loses="all samples have one size; every sample must have every label of the set",
        sharded=True,
        carries_ignore=True,
        needs_size=True,
    )

    def __init__(self, settings: Settings) -> None:
        self._label_map = settings.label_map
        width, height = settings.size_wh or (1, 1)
        self.shard_samples = max(1, CHUNK_BYTES // (3 * width * height))
        self._kinds = tuple(kind for kind in _LABELS if kind in settings.kinds)

    def check(self, picture: Picture) -> None:
        """Refuse a sample that lacks a label of the set."""
        needed = (kind for kind in self._kinds if kind != "ignore")
        missing = [kind for kind in needed if getattr(picture, kind) is None]
        if missing:
            raise InputError(
                f"{picture.item.source_name}: expected a {missing[0]} as other samples have, found "
                "none; an array has no empty rows"
            )

    def write(
        self, shard: Shard, pictures: Iterator[Picture], create: CreateFile
    ) -> Mapping[str, int]:
        """Write one array a kind."""
        rows: dict[str, list[npt.NDArray[Any]]] = {kind: [] for kind in ("image", *self._kinds)}
        for picture in pictures:
            for kind, arrays in rows.items():
                array = getattr(picture, kind)
                nothing = np.zeros(picture.image.shape[:2], np.uint8)
                arrays.append(nothing if array is None else array)
        for kind, arrays in rows.items():
            dtype = np.result_type(*{array.dtype for array in arrays})
            with create(f"{flat_name(shard.split)}/{kind}s{shard.ending}.npy") as handle:
                header = {
                    "descr": dtype.str,
                    "fortran_order": False,
                    "shape": (len(arrays), *arrays[0].shape),
                }
                np.lib.format.write_array_header_1_0(handle, header)  # type: ignore[no-untyped-call]
                for array in arrays:
                    handle.write(np.ascontiguousarray(_widened(kind, array, dtype)).data)
        return {}

    def finish(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Name the classes."""
        yield from label_map_file(self._label_map)


def _widened(kind: str, array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return an array in a wider type; an alpha keeps its share of the type's largest value."""
    wide: npt.NDArray[Any] = array.astype(dtype, copy=False)
    if kind == "alpha" and array.dtype != dtype:
        wide = wide * dtype.type(np.iinfo(dtype).max // np.iinfo(array.dtype).max)
    return wide
