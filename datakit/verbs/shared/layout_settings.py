"""What a layout's writer must know of the whole source, and its final files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from datakit.io.dataset.output import DatasetWriter
from datakit.io.layouts.sources import Collection
from datakit.io.layouts.writer import Settings
from datakit.io.store import atomic
from datakit.io.store.storage import location

_JPEG = frozenset({".jpg", ".jpeg", ".jfif", ".jpe"})


def read_settings(
    source: Collection, size_wh: tuple[int, int] | None = None, licence: str = "unknown"
) -> Settings:
    """Return what a format must know of a whole source before its first sample."""
    from datakit.io.layouts.label_pixels import label_files

    splits: dict[str | None, None] = {}
    kinds: set[str] = set()
    suffixes: set[str] = set()
    named: set[str] = set()
    instances = False
    for item in source.items():
        splits[item.split] = None
        suffix = "." + item.rel.rpartition(".")[2].lower()
        suffixes.add(".jpg" if suffix in _JPEG else suffix)
        if item.sample is not None:
            named.update(item.sample.categories)
            instances = instances or bool(item.sample.instances)
        kinds |= label_files(item).keys()
    return Settings(
        label_map=dict(source.label_map),
        classes=_classes(source.label_map, named, instances=instances),
        splits=tuple(sorted(splits, key=str)),
        kinds=frozenset(kinds),
        image_suffix=suffixes.pop() if len(suffixes) == 1 else ".jpg",
        size_wh=size_wh,
        samples=len(source),
        instances=instances,
        license=licence,
        notes=source.notes,
    )


def _classes(label_map: dict[str, int], named: set[str], *, instances: bool) -> tuple[str, ...]:
    """Return the names of what is labelled: objects, classes of a mask, or the one class."""
    if instances:
        return tuple(sorted(named))
    ordered = sorted((value, name) for name, value in label_map.items() if value > 0)
    classes = tuple(name for _, name in ordered)
    if classes not in ((), ("foreground",)):
        return classes
    return tuple(named) if len(named) == 1 else ("foreground",)


def finishing(
    out: str, files: Callable[[DatasetWriter], Iterator[tuple[str, Any]]]
) -> Callable[[DatasetWriter], None]:
    """Return what writes a format's files that speak of all samples, for `process`."""

    def write(writer: DatasetWriter) -> None:
        for name, pieces in files(writer):
            with atomic.writing(location(out) / name, durable=True) as handle:
                for piece in pieces:
                    handle.write(piece)

    return write
