"""``webdataset``: tar shards of samples whose files share a stem."""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any, ClassVar, cast

import msgspec

from datakit.errors import InputError
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.class_names import ClassNames, find_class_names
from datakit.io.layouts.folder_names import kind_of
from datakit.io.layouts.hub_card import hub_card, shard_globs
from datakit.io.layouts.label_study import Study
from datakit.io.layouts.picture import Picture
from datakit.io.layouts.pictures import PictureReader
from datakit.io.layouts.placements import ANY_LABEL, Placement, is_image, stem_of
from datakit.io.layouts.sample_names import flat_name
from datakit.io.layouts.shard_samples import facts_of, labels_of, shared_suffix
from datakit.io.layouts.shards import read_records, shards_of, split_of_shard
from datakit.io.layouts.writer import CreateFile, Facts, Settings, Shard
from datakit.io.store.containers import TarContainer
from datakit.io.store.files import FileRef, Root, container_of, safe_name
from datakit.records.card import Command
from datakit.records.failure import Failure
from datakit.records.labels import is_binary

_FACTS = ".json"
_MAX_FACTS_BYTES = 1 << 20


class WebDatasetReader(PictureReader):
    """``SPLIT-00000.tar`` with ``KEY.jpg``, ``KEY.mask.png``, ``KEY.json``.

    The key ends at the first dot of the file's name. Labels are recognised by the words in what
    follows: ``mask``, ``seg``, ``alpha``, ``trimap`` …; of two pictures without such a word the PNG
    is the label of the JPEG. ``id`` and ``group`` of ``KEY.json`` are kept. Compressed tars are not
    read.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        self._records = read_records(root, names)
        shards = sorted(shards_of(names, ".tar"))
        places: dict[FileRef, Placement] = {}
        failures: list[Failure] = []
        self._label_map: dict[str, int] = {}
        unread: dict[str, int] = {}
        for shard in shards:
            tar = cast(TarContainer, container_of(str(root.root), shard))
            for key, members in _samples(tar).items():
                try:
                    places |= self._sample(root, shard, key, members)
                except InputError as error:
                    failures.append(_bad(shard, key, str(error)))
            for name in tar.members:
                if not is_image(name) and not name.endswith(_FACTS):
                    suffix = name.rpartition("/")[2].partition(".")[2]
                    unread[f".{suffix}"] = unread.get(f".{suffix}", 0) + 1
        card = self._records.card
        own = ClassNames(file="", values={v: name for name, v in self._label_map.items()})
        super().__init__(
            root,
            names,
            places,
            own=[*shards, *self._records.own, "README.md"],
            classes=find_class_names(root, names) or (own if self._label_map else None),
            fixed=Study(label_map=card.label_map) if card and card.label_map else None,
            notes=card.notes if card else (),
        )
        self.failures = (*failures, *self.failures)
        self.unread = {**self.unread, **unread}

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is a tar with a photo in it; one among many photos is no shard."""
        shards = [*shards_of(names, ".tar")]
        if not shards or sum(map(is_image, names)) > len(shards):
            return False
        shard = shards[0]
        tar = cast(TarContainer, container_of(str(root.root), shard))
        return any(map(is_image, tar.members))

    def items(self) -> Iterator[Item]:
        """Yield the samples; with what datakit's own manifest says of them, where it is there."""
        for item in super().items():
            sample = self._records.rows.get(item.key)
            yield item if sample is None else replace(item, sample=sample, group=sample.group)

    @property
    def commands(self) -> tuple[Command, ...]:
        """Those of the dataset that was exported."""
        return self._records.card.commands if self._records.card else ()

    def _sample(
        self, root: Root, shard: str, key: str, members: Mapping[str, str]
    ) -> dict[FileRef, Placement]:
        kinds = _kinds(members)
        if "image" not in kinds:
            raise InputError("expected a photo, found none of this key")
        facts = _facts(root, shard, members.get(_FACTS[1:]))
        split = split_of_shard(shard)
        photo = kinds["image"]
        id_ = facts.get("id")
        rel = key + photo[len(stem_of(photo)) :]
        if isinstance(id_, str) and is_image(id_):
            rel = id_.removeprefix(f"{split}/") if split else id_
        group, state = facts.get("group"), facts.get("label_state")
        stored = facts.get("label_map")
        if isinstance(stored, dict) and all(isinstance(v, int) for v in stored.values()):
            self._label_map.update(stored)
        place = Placement(
            "",
            split,
            safe_name(rel),
            group=group if isinstance(group, str) and group else None,
            shared=stem_of(rel),
            state=state if state in ("complete", "partial", "none") else None,
        )
        return {
            FileRef(str(root.root), name, shard): replace(place, kind=kind)
            for kind, name in kinds.items()
        }


def _samples(tar: TarContainer) -> dict[str, dict[str, str]]:
    """Return key -> {what follows its dot: member}."""
    found: dict[str, dict[str, str]] = {}
    for name in tar.members:
        folder, slash, file = name.removeprefix("./").rpartition("/")
        stem, _, ending = file.partition(".")
        found.setdefault(folder + slash + stem, {})[ending] = name
    return found


def _kinds(members: Mapping[str, str]) -> dict[str, str]:
    """Return kind -> member of a sample's pictures."""
    pictures = {ending: name for ending, name in members.items() if is_image(f"x.{ending}")}
    worded = {e: kind for e in pictures if (kind := kind_of(e.rpartition(".")[0] or "x"))}
    plain = sorted(ending for ending in pictures if ending not in worded)
    kinds: dict[str, str] = {}
    for ending, kind in worded.items():
        kinds.setdefault(kind, pictures[ending])
    # "jpg" comes before "png": photo and label.
    for ending, kind in zip(plain, ("image", ANY_LABEL), strict=False):
        kinds.setdefault(kind, pictures[ending])
    return kinds


def _facts(root: Root, shard: str, member: str | None) -> Mapping[str, Any]:
    if member is None:
        return {}
    data = FileRef(str(root.root), member, shard).read(_MAX_FACTS_BYTES)
    try:
        facts = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{member}: expected JSON, found none ({error})") from None
    return facts if isinstance(facts, dict) else {}


def _bad(shard: str, key: str, error: str) -> Failure:
    return Failure(id=f"{shard} {key}", file=shard, step="read", error=error, path=key)


class WebDatasetWriter:
    """``data/SPLIT-00000-of-00004.tar`` with ``NAME.jpg``, ``NAME.mask.png``, ``NAME.json``.

    Also ``NAME.alpha.png``, ``NAME.trimap.png`` and ``NAME.ignore.png``, at their stored
    depth. Members are plain files with time 0 and owner 0, in the order of the samples.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="WebDataset, Hugging Face datasets",
        loses="a shard's images have one format: sources that mix formats become JPEG",
        sharded=True,
        carries_ignore=True,
    )
    shard_samples = 1000

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._suffix = shared_suffix(settings.image_suffix)
        binary = is_binary(settings.label_map)
        self._named = {} if binary else {"label_map": dict(settings.label_map)}
        self._splits = [flat_name(split) if split else "train" for split in settings.splits]

    def check(self, picture: Picture) -> None:
        """Take every sample."""

    def write(
        self, shard: Shard, pictures: Iterator[Picture], create: CreateFile
    ) -> Mapping[str, int]:
        """Write one tar."""
        counts: Counter[str] = Counter()
        with (
            create(f"data/{flat_name(shard.split)}{shard.ending}.tar") as handle,
            tarfile.open(fileobj=handle, mode="w", format=tarfile.GNU_FORMAT) as tar,
        ):
            for picture in pictures:
                image, again = picture.image_file(self._suffix)
                members = {self._suffix: image}
                members |= {f".{kind}.png": png for kind, png in labels_of(picture).items()}
                facts = facts_of(picture) | self._named
                members[".json"] = msgspec.json.encode(facts)
                for suffix, data in members.items():
                    _add(tar, picture.name + suffix, data)
                counts["images encoded again"] += again
        return +counts

    def finish(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write the card that Hugging Face reads."""
        return hub_card(self._settings, shard_globs(self._splits, ".tar"))


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    # A fresh TarInfo has time, owner and group 0 and no names of them.
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o644
    tar.addfile(member, BytesIO(data))
