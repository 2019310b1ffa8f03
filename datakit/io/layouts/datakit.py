"""datakit's own dataset folder as a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from datakit.errors import InputError, SchemaError
from datakit.io.dataset.output import CARD, MANIFEST
from datakit.io.layouts.base import Item, MaskCoding, ReadSettings, label_stems
from datakit.io.layouts.coco_index import CocoIndex
from datakit.io.store.files import FileRef, Root, safe_name
from datakit.records.card import Card, Command
from datakit.records.failure import Failure
from datakit.records.labels import IGNORED, LabelObject, LabelState, has_void
from datakit.records.sample import Sample

ANNOTATIONS = "_annotations.coco.json"
"""Outlines of a split's images, where a dataset was made of annotated photos."""

SHARD_INDEX = "shards.jsonl"
"""Table of an export: which shard a sample is in, and under which name."""

_TOOLS = frozenset({"coco", "roboflow", "cvat", "label-studio", "labelme", "yolo-seg", "voc"})
_VOID_IN_MASKS = frozenset({"images-masks"})
"""Formats of ``export`` whose class masks hold the ignore mask too, as 255."""

ANNOTATION_FAILED = "annotation-failed"
"""Tag of a sample some of whose annotations could not be drawn."""


class DatasetReader:
    """The rows of ``metadata.jsonl`` with the card ``dataset.json``.

    Raises
    ------
    SchemaError
        If the card is not a datakit card.
    InputError
        If card or manifest cannot be read.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        self._root = root
        self.unread: Mapping[str, int] = {}
        try:
            self.card = msgspec.json.decode(root.read(CARD), type=Card)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SchemaError(f"{CARD}: expected a datakit dataset card; {error}") from None
        self.notes = self.card.notes
        decoder = msgspec.json.Decoder(Sample)
        seen: set[str] = set()
        failures: list[Failure] = []
        # Rows are looked at now and read again by `items`: a manifest of millions of rows is never
        # in memory whole, neither as text nor as samples.
        self._bad: set[int] = set()
        self.labelled = 0
        for number, line in enumerate(_lines(root), 1):
            try:
                sample = decoder.decode(line)
                # Id and split become paths of what is written, as file names are of what is read.
                for name in (sample.id, sample.split or sample.id, *_files(sample).values()):
                    safe_name(name)
                if sample.id in seen:
                    raise InputError(f"id {sample.id!r} is taken by another row")
                seen.add(sample.id)
                self.labelled += _of_now(sample).label_state != "none"
            except (msgspec.DecodeError, UnicodeDecodeError, InputError) as error:
                failures.append(_bad_row(number, str(error)))
                self._bad.add(number)
        self.failures: tuple[Failure, ...] = tuple(failures)
        self._count = len(seen)
        self._outlines = _Outlines(root, names)

    def _samples(self) -> Iterator[Sample]:
        """Read the good rows."""
        decoder = msgspec.json.Decoder(Sample)
        for number, line in enumerate(_lines(self._root), 1):
            if number not in self._bad:
                yield _of_now(decoder.decode(line))

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is a card that datakit wrote, of a dataset whose labels it names."""
        if CARD not in names or MANIFEST not in names or SHARD_INDEX in names:
            # An export to shards has a manifest whose samples are no files.
            return False
        try:
            card = msgspec.json.decode(root.read(CARD), type=Card)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        return card.format == "datakit" and not _is_for_a_tool(card)

    def items(self) -> Iterator[Item]:
        """Yield the rows in the manifest's order."""
        stems = label_stems((sample.split, _rel(sample)) for sample in self._samples())
        for sample, stem in zip(self._samples(), stems, strict=True):
            refs = {
                kind: FileRef(str(self._root.root), name) for kind, name in _files(sample).items()
            }
            annotations, categories = self._outlines.of(sample)
            yield Item(
                rel=_rel(sample),
                stem=stem,
                source_name=sample.file_name or sample.source.name,
                image=refs.get("image"),
                mask=refs.get("mask"),
                alpha=refs.get("alpha"),
                trimap=refs.get("trimap"),
                ignore=refs.get("ignore"),
                layout="datakit" if annotations is None else "coco",
                annotations=annotations,
                categories=categories,
                split=sample.split,
                group=sample.group,
                stated_wh=(sample.width, sample.height),
                coding=self._coding(sample),
                sample=sample,
            )

    def _coding(self, sample: Sample) -> MaskCoding:
        """Return how a mask is coded: an export's may hold the ignore mask as well."""
        objects = bool(sample.instances)
        void = _format_of(self.card) in _VOID_IN_MASKS
        if void and sample.mask_file_name and has_void(self.card.label_map, objects=objects):
            return MaskCoding(ignored=(IGNORED,))
        return MaskCoding()

    def __len__(self) -> int:
        return self._count

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the card's label map, background left out."""
        ordered = sorted(self.card.label_map.items(), key=lambda entry: entry[1])
        named = [name for name, value in ordered if value > 0]
        return tuple(dict.fromkeys([*named, *self._outlines.classes]))

    @property
    def label_map(self) -> dict[str, int]:
        """Class name -> value in the masks, of the card."""
        return self.card.label_map

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return none: labels that are outlines are read as COCO."""
        return []

    @property
    def commands(self) -> tuple[Command, ...]:
        """The chain of commands that made this dataset."""
        return self.card.commands


def _is_for_a_tool(card: Card) -> bool:
    """Tell whether it is an export whose labels are in a tool's files and in its own coding."""
    return _format_of(card) in _TOOLS


def _format_of(card: Card) -> str | None:
    """Return the format that a dataset was exported to; None when it is no export."""
    last = card.commands[-1] if card.commands else None
    return last.options.get("format") if last is not None and last.verb == "export" else None


class _Outlines:
    """COCO files of a dataset whose labels are outlines still: ``split`` keeps them so."""

    def __init__(self, root: Root, names: list[str]) -> None:
        self._rows: dict[str, tuple[CocoIndex, int]] = {}
        for name in names:
            folder, slash, file = name.rpartition("/")
            if file == ANNOTATIONS:
                index = CocoIndex(root.open(name), name)
                for row, image in enumerate(index.images):
                    self._rows[f"{folder}{slash}{image.file_name}"] = index, row

    @property
    def classes(self) -> Iterator[str]:
        """The classes that the outlines have."""
        for index in {id(index): index for index, _ in self._rows.values()}.values():
            for names in index.categories.values():
                yield from (names,) if isinstance(names, str) else names

    def of(self, sample: Sample) -> tuple[bytes | None, Mapping[str, str | tuple[str, ...]]]:
        """Return a sample's annotations, None when it has none, and their classes."""
        index, row = self._rows.get(sample.file_name or "", (None, 0))
        if index is None or sample.mask_file_name or sample.alpha_file_name:
            return None, {}
        return index.annotations(row), index.categories


def _lines(root: Root) -> Iterator[bytes]:
    with root.open(MANIFEST) as handle:
        yield from handle


def _files(sample: Sample) -> dict[str, str]:
    named = {
        "image": sample.file_name,
        "mask": sample.mask_file_name,
        "alpha": sample.alpha_file_name,
        "trimap": sample.trimap_file_name,
        "ignore": sample.ignore_file_name,
    }
    return {kind: name for kind, name in named.items() if name is not None}


def _of_now(sample: Sample) -> Sample:
    """Return a row of version 0.1.0, which had no label state, as one of today."""
    if sample.label_state is not None:
        return sample
    labelled = sample.mask_file_name or sample.alpha_file_name or sample.trimap_file_name
    state: LabelState = "complete" if labelled else "none"
    if labelled and ANNOTATION_FAILED in sample.tags:
        state = "partial"
    return msgspec.structs.replace(sample, label_state=state)


def _rel(sample: Sample) -> str:
    """Return the sample's path within its split: its id without the split's name."""
    if sample.split and sample.id.startswith(f"{sample.split}/"):
        return sample.id.removeprefix(f"{sample.split}/")
    return sample.id


def _bad_row(number: int, error: str) -> Failure:
    return Failure(
        id=f"line {number}", file=MANIFEST, step="read", error=error, path=f"line {number}"
    )
