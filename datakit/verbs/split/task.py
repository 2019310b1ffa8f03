"""Putting a sample's files, byte for byte, where its new split wants them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

import msgspec

from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.files import FileRef
from datakit.io.store.storage import Location, location
from datakit.records.product import Product
from datakit.records.sample import Operation, Sample
from datakit.verbs.shared.labelled import FOLDERS, image_bytes, label_files, sha256

Placing = Literal["copy", "hardlink", "symlink"]


@dataclass(frozen=True)
class Place:
    """Copy or link an item's files into ``out``; its row says where they are now."""

    out: str
    placing: Placing
    step: Operation

    def setup(self) -> None:
        """Need nothing."""

    def __call__(self, item: Item) -> Product:
        """Place one sample."""
        data = image_bytes(item)
        places = {"image": item.place("images")}
        for kind, ref in label_files(item).items():
            places[kind] = item.place(FOLDERS[kind], PurePosixPath(ref.name).suffix)
        assert item.image is not None
        files = {
            places["image"]: self._place(item.image, location(self.out, places["image"]), data)
        }
        for kind, ref in label_files(item).items():
            files[places[kind]] = self._place(ref, location(self.out, places[kind]), None)
        names = {
            "file_name" if kind == "image" else f"{kind}_file_name": name
            for kind, name in places.items()
        }
        return Product(samples=(_row(item, data, names, self.step),), files=files)

    def _place(self, ref: FileRef, path: Location, data: bytes | None) -> int:
        if self.placing == "copy" or ref.path is None:
            data = ref.read() if data is None else data
            atomic.write_bytes(path, data)
            return len(data)
        return atomic.link(ref.path, path, symbolic=self.placing == "symlink")


def _row(item: Item, data: bytes, names: dict[str, str], step: Operation) -> Sample:
    if item.sample is not None:
        # Everything that was known stays known: tags, classes, foreground.
        return msgspec.structs.replace(
            item.sample,
            id=item.key,
            split=item.split,
            group=item.group,
            history=(*item.sample.history, step),
            **names,
        )
    width, height = images.probe(data, item.source_name).size_wh
    return msgspec.structs.replace(item.describe(width, height, sha256(data), step), **names)
