"""One sample, or one shard of samples -> its files in another program's layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import msgspec

from datakit.core.images.resizing import Fit, Resizing
from datakit.errors import DatakitError, OutputError
from datakit.io.layouts import WRITERS
from datakit.io.layouts.base import Item
from datakit.io.layouts.datakit import SHARD_INDEX
from datakit.io.layouts.picture import Picture
from datakit.io.layouts.writer import FileFormat, Settings, Shard, ShardFormat
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.reads import sha256
from datakit.io.store.storage import location
from datakit.records.failure import Failure
from datakit.records.labels import has_void
from datakit.records.product import Loss, Product
from datakit.records.sample import Operation, Sample
from datakit.verbs.shared.labelled import (
    Labelled,
    image_bytes,
    loss_of,
    read_labelled,
    visible_instances,
)
from datakit.verbs.shared.lost_labels import with_loss

VERB = "export"


@dataclass
class _Export:
    """What both tasks of ``export`` share; see `datakit.verbs.export.options.Options`."""

    out: str
    step: Operation
    format: str
    settings: Settings
    fit: Fit
    keep_unknown: bool

    def _picture(self, item: Item) -> Picture:
        data = image_bytes(item)
        found = read_labelled(item, data)
        original: bytes | None = data
        lost: Loss | None = None
        facts = images.probe(data, item.source_name)
        if facts.orientation != 1 or facts.transparent:
            # What lies hidden under clear pixels is shown by programs that do not know of them.
            original = None
        height, width = found.image.shape[:2]
        if self.settings.size_wh and self.settings.size_wh != (width, height):
            whole = found
            found = _resized(whole, Resizing((width, height), self.settings.size_wh, self.fit))
            original = None
            lost = loss_of(whole.mask, found.mask) or loss_of(whole.alpha, found.alpha)
        row = with_loss(_row(item, found, sha256(data), self.step), lost)
        return Picture(
            item=item,
            row=row,
            image=found.image,
            mask=found.mask,
            alpha=found.stored_alpha,
            trimap=found.trimap,
            ignore=found.ignore,
            original=original,
            label_map=self.settings.label_map,
            lost=lost,
        )


@dataclass
class ExportSample(_Export):
    """The task of the formats whose samples have files of their own."""

    def __post_init__(self) -> None:
        self._writer = cast(FileFormat, WRITERS.load(self.format)(self.settings))

    def __call__(self, item: Item) -> Product:
        """Write one sample."""
        picture = self._picture(item)
        if reason := self._unfit(picture, self._writer):
            return Product(counts={f"left out: {reason}": 1}, lost=picture.losses)
        written = self._writer.write(picture)
        row = _with_files(picture.row, written.roles)
        if self._writer.FACTS.binary:
            row = msgspec.structs.replace(row, instances=())
        for name, data in written.files.items():
            atomic.write_bytes(location(self.out) / name, data)
        return Product(
            samples=(row,),
            files={name: len(data) for name, data in written.files.items()},
            lines={table: line.decode() + "\n" for table, line in written.lines.items()},
            counts=dict(written.counts),
            lost=picture.losses,
        )

    def _unfit(self, picture: Picture, writer: FileFormat) -> str | None:
        """Return why a sample is better left out of a layout; None when it fits."""
        facts = writer.FACTS
        room = not facts.ignore_needs_classes or has_void(
            self.settings.label_map, objects=self.settings.instances
        )
        labelled = picture.mask is not None or picture.alpha is not None
        carried = facts.carries_ignore and room and labelled
        if picture.unknown and not carried and not self.keep_unknown:
            return "no label" if picture.row.label_state == "none" else "partial label"
        if labelled and not facts.takes_empty and not picture.matte.any():
            return "no foreground"
        return None


@dataclass
class ExportShard(_Export):
    """The task of the formats that put many samples into one file."""

    def __post_init__(self) -> None:
        self._writer = cast(ShardFormat, WRITERS.load(self.format)(self.settings))

    def __call__(self, shard: Shard) -> Product:
        """Write one shard; a sample that cannot be read is a failure, the others are written."""
        failures: list[Failure] = []
        rows: list[Sample] = []
        index: list[bytes] = []
        files: dict[str, int] = {}
        lost: dict[str, Loss] = {}
        pictures = self._pictures(shard, failures, rows, index, lost)
        first = next(pictures, None)
        counts: Mapping[str, int] = {}
        if first is not None:
            counts = self._writer.write(shard, _chained(first, pictures), self._placing(files))
        return Product(
            samples=tuple(rows),
            failures=tuple(failures),
            files=files,
            lines={SHARD_INDEX: b"".join(index).decode()} if index else {},
            counts={**counts, "shards": int(first is not None)},
            lost=lost,
        )

    def _pictures(
        self,
        shard: Shard,
        failures: list[Failure],
        rows: list[Sample],
        index: list[bytes],
        lost: dict[str, Loss],
    ) -> Iterator[Picture]:
        for item in shard.items:
            try:
                picture = self._picture(item)
                self._writer.check(picture)
            except OutputError:
                # Not this sample's fault: the run stops and can go on later.
                raise
            except DatakitError as error:
                failure = Failure(id=item.key, file=item.source_name, step=VERB, error=str(error))
                failures.append(failure)
                continue
            entry = {"id": item.key, "shard": shard.key, "row": len(rows), "name": picture.name}
            index.append(msgspec.json.encode(entry) + b"\n")
            rows.append(_with_files(picture.row, {}))
            lost.update(picture.losses)
            yield picture

    def _placing(self, files: dict[str, int]) -> Callable[[str], AbstractContextManager[BinaryIO]]:
        @contextmanager
        def create(name: str) -> Iterator[BinaryIO]:
            with atomic.writing(location(self.out) / name) as handle:
                yield handle
                files[name] = handle.tell()

        return create


def _chained(first: Picture, others: Iterator[Picture]) -> Iterator[Picture]:
    yield first
    yield from others


def _resized(sample: Labelled, resizing: Resizing) -> Labelled:
    return Labelled(
        image=resizing.image(sample.image),
        mask=None if sample.mask is None else resizing.mask(sample.mask),
        alpha=None if sample.alpha is None else resizing.alpha(sample.alpha),
        trimap=None if sample.trimap is None else resizing.trimap(sample.trimap),
        ignore=None if sample.ignore is None else resizing.ignore(sample.ignore),
        alpha_max=sample.alpha_max,
    )


def _row(item: Item, found: Labelled, digest: str, step: Operation) -> Sample:
    """Return the sample's row: what was known of it, at the size it now has."""
    height, width = found.image.shape[:2]
    row = item.describe(width, height, digest, step)
    before = item.sample
    if before is not None and (before.width, before.height) == (width, height):
        ratio = found.fg_ratio if before.fg_ratio is None else before.fg_ratio
        return msgspec.structs.replace(row, fg_ratio=ratio)
    return msgspec.structs.replace(
        row, instances=visible_instances(row.instances, found.mask), fg_ratio=found.fg_ratio
    )


def _with_files(row: Sample, roles: Mapping[str, str]) -> Sample:
    named = {("" if kind == "image" else f"{kind}_") + "file_name": roles[kind] for kind in roles}
    return msgspec.structs.replace(row, **named)
