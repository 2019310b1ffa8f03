"""``webdataset``: tar shards, the same bytes whoever writes them."""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import ClassVar

import msgspec

from datakit.io.exports.hub_card import hub_card
from datakit.io.exports.shard_samples import facts_of, labels_of, shared_suffix
from datakit.io.layouts.picture import Picture, flat_name
from datakit.io.layouts.writer import Facts, Place, Settings, Shard


class WebDataset:
    """``data/SPLIT-00000-of-00004.tar`` with ``NAME.jpg``, ``NAME.mask.png``, ``NAME.json``.

    Also ``NAME.alpha.png`` and ``NAME.trimap.png``, at their stored depth. Members are plain
    files with time 0 and owner 0, in the order of the samples.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="WebDataset, Hugging Face datasets",
        loses="a shard's images have one format: sources that mix formats become JPEG",
        sharded=True,
    )
    shard_samples = 1000

    def __init__(self, settings: Settings) -> None:
        self._suffix = shared_suffix(settings.image_suffix)
        self._splits = [flat_name(split) if split else "train" for split in settings.splits]

    def check(self, picture: Picture) -> None:
        """Take every sample."""

    def write(self, shard: Shard, pictures: Iterator[Picture], place: Place) -> Mapping[str, int]:
        """Write one tar."""
        counts: Counter[str] = Counter()
        with (
            place(f"data/{flat_name(shard.split)}{shard.ending}.tar") as handle,
            tarfile.open(fileobj=handle, mode="w", format=tarfile.GNU_FORMAT) as tar,
        ):
            for picture in pictures:
                image, again = picture.image_file(self._suffix)
                members = {self._suffix: image}
                members |= {f".{kind}.png": png for kind, png in labels_of(picture).items()}
                members[".json"] = msgspec.json.encode(facts_of(picture))
                for suffix, data in members.items():
                    _add(tar, picture.name + suffix, data)
                counts["images encoded again"] += again
        return +counts

    def finish(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write the card that Hugging Face reads."""
        return hub_card(self._splits, ".tar")


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    # A fresh TarInfo has time, owner and group 0 and no names of them.
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o644
    tar.addfile(member, BytesIO(data))
