"""``via``: projects and region data of the VGG Image Annotator 1 to 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from datakit.errors import InputError
from datakit.io.layouts.annotated import AnnotatedReader, Listed
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.json_files import one_of_many
from datakit.io.layouts.via_classes import CLASS_NAMES, class_of, has_attributes
from datakit.io.layouts.via_files import Listing, is_via, listed
from datakit.io.store.files import Root
from datakit.records.failure import Failure
from datakit.records.labels import FOREGROUND, LabelObject


class _Entry(msgspec.Struct):
    filename: str
    regions: list[Any] | dict[str, Any] = []


class ViaReader(AnnotatedReader):
    """Every project and every file of region data below the root, JSON or CSV.

    Where no region of a file has an attribute, there is one class, the foreground.
    """

    layout = "via"

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        super().__init__(root, names, settings)
        files = _files(root, names)
        if not files:
            raise InputError(f"{root.root}: expected a file of VIA's (JSON or CSV), found none")
        failures: list[Failure] = []
        entries = [entry for name in files for entry in self._read(root, name, failures)]
        self.failures = tuple(failures)
        self.index(entries, files)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is a file of VIA's."""
        return bool(_files(root, names))

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return an image's regions."""
        from datakit.io.layouts.via_regions import read_regions

        return read_regions(item.annotations or b"[]")

    def _read(self, root: Root, name: str, failures: list[Failure]) -> Iterator[Listed]:
        folder = name.rpartition("/")[0]
        entries = list(listed(root, name))
        classless = _is_classless(entries)
        if classless:
            self.notes += (f"{name} says no class of any region; they are all {FOREGROUND!r}",)
        for key, entry in entries:
            try:
                image = msgspec.convert(entry, _Entry)
            except msgspec.ValidationError as error:
                message = f"{key}: {error}"
                failures.append(
                    Failure(id=key, file=name, step="read", error=message, path=f"$.{key}")
                )
                continue
            regions = image.regions
            if isinstance(regions, dict):
                regions = list(regions.values())
            if classless:
                regions = [_named(region) for region in regions]
            for region in regions:
                if label := class_of(region):
                    self._classes.setdefault(label)
            yield Listed(
                name=image.filename,
                file=name,
                place=self._spool.add(msgspec.json.encode(regions)),
                id=key,
                path=f"$.{key}",
                folders=tuple(dict.fromkeys((folder, f"{folder}/images".lstrip("/"), ""))),
            )


def _is_classless(entries: Sequence[Listing]) -> bool:
    """Tell whether regions were drawn and none of a whole file has an attribute."""
    found = [entry.get("regions") for _, entry in entries if isinstance(entry, dict)]
    listed = (list(one.values()) if isinstance(one, dict) else one for one in found if one)
    regions = [region for one in listed if isinstance(one, list) for region in one]
    return bool(regions) and not any(map(has_attributes, regions))


def _named(region: Any) -> Any:
    if not isinstance(region, dict):
        return region
    return {**region, "region_attributes": {CLASS_NAMES[0]: FOREGROUND}}


def _files(root: Root, names: list[str]) -> list[str]:
    others = one_of_many(names)
    return [name for name in names if name not in others and is_via(root, name)]
