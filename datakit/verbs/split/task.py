"""A sample's files, copied or linked byte for byte to where its new split wants them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import label_files
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.files import FileRef
from datakit.io.store.reads import sha256
from datakit.io.store.storage import location
from datakit.records.product import Product
from datakit.records.sample import Operation
from datakit.verbs.shared.labelled import carried_bytes, carried_name, image_bytes
from datakit.verbs.shared.plates import beside, plate_files

Materialization = Literal["copy", "hardlink", "symlink"]


@dataclass(frozen=True)
class Materialize:
    """Copy or link an item's files into ``out``; its row says where they are now."""

    out: str
    how: Materialization
    step: Operation

    def __call__(self, item: Item) -> Product:
        """Write one sample's files."""
        data = image_bytes(item)
        digest = sha256(data)
        names = {"file_name": item.place("images")}
        assert item.image is not None
        files = {names["file_name"]: self._materialized(item.image, names["file_name"], data)}
        for kind, ref in label_files(item).items():
            names[f"{kind}_file_name"] = name = carried_name(item, kind, ref)
            # A link holds the source's bytes: a mask whose classes get new values is written anew.
            if self.how == "copy" or item.coding or ref.path is None:
                files[name] = self._write(name, carried_bytes(item, kind, ref))
            else:
                files[name] = self._link(ref.path, name)
        for folder, ref in plate_files(item).items():
            name = beside(names["file_name"], folder)
            files[name] = self._materialized(ref, name, ref.read())
        width, height = images.probe(data, item.source_name).size_wh
        row = item.describe(width, height, digest, self.step)
        return Product(samples=(msgspec.structs.replace(row, **names),), files=files)

    def _materialized(self, file: FileRef, name: str, data: bytes) -> int:
        if self.how == "copy" or file.path is None:
            return self._write(name, data)
        return self._link(file.path, name)

    def _write(self, name: str, data: bytes) -> int:
        atomic.write_bytes(location(self.out, name), data)
        return len(data)

    def _link(self, path: Path, name: str) -> int:
        return atomic.link(path, location(self.out, name), symbolic=self.how == "symlink")
