"""Which sample of the drafts each reviewed image is: by content, else by name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from datakit.errors import InputError
from datakit.io.layouts.base import SPLITS, Item
from datakit.io.layouts.image_names import without_upload
from datakit.io.layouts.lineage import roboflow_stem
from datakit.io.layouts.sample_names import SOFT, SOFT_SUFFIX, flat_name, side
from datakit.io.store.files import FileRef, Root
from datakit.records.failure import Failure


@dataclass
class Matches:
    """What was found.

    Attributes
    ----------
    by_key : dict
        Sample id -> its review, and "sha256" or "name".
    failures : list of Failure
        Reviews that are no sample's, or a second one of a sample.
    without_image : int
        Reviews that came without their image and without its sha256.
    other_bytes : int
        Reviews whose image is there, but not byte by byte a sample's.
    """

    by_key: dict[str, tuple[Item, str]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    without_image: int = 0
    other_bytes: int = 0


def match(tool: str, reviews: Iterable[Item], items: list[Item]) -> Matches:
    """Find the sample of each review.

    Parameters
    ----------
    tool : str
        The layout of the reviews.
    reviews : iterable of Item
        The images that people labelled, as the layout's reader gives them.
    items : list of Item
        The samples of the drafted dataset.

    Returns
    -------
    Matches
        A review is matched by its image's sha256 where the export has the image or says it; by
        name where it has not, or where the tool encoded the image anew.
    """
    samples = _Samples(items)
    found = Matches()
    for review in reviews:
        try:
            item, how = _sample_of(review, samples, found)
        except InputError as error:
            found.failures.append(_failure(review, tool, str(error)))
            continue
        if item.key in found.by_key:
            other = _named(found.by_key[item.key][0])
            error_text = (
                f"{_named(review)}: {item.key} has a review already ({other}); keep one of the two"
            )
            found.failures.append(_failure(review, tool, error_text))
            continue
        found.by_key[item.key] = review, how
    return found


def soft_alphas(root: Root, names: Iterable[str]) -> Mapping[str, FileRef]:
    """Return stem -> file of the alphas that travelled with an export."""
    found = {}
    for name in names:
        folder, here, stem = name.removesuffix(SOFT_SUFFIX).rpartition(f"{SOFT}/")
        if name.endswith(SOFT_SUFFIX) and here and not folder.strip("/"):
            found[stem] = FileRef(str(root.root), name)
    return found


def soft_alpha_of(item: Item, alphas: Mapping[str, FileRef]) -> FileRef | None:
    """Return the alpha that travelled for a sample."""
    split = "valid" if item.split == "val" else item.split
    stems = (f"{side(item)}/{flat_name(item.stem)}", f"{split}/{item.stem}", item.stem)
    return next((alphas[stem] for stem in stems if stem in alphas), None)


def _sample_of(review: Item, samples: _Samples, found: Matches) -> tuple[Item, str]:
    digest = review.listed_sha256
    if digest is None and review.image is not None:
        digest = _sha256(review.image)
    names = (review.key, review.source_name, review.listed_as)
    if digest is None:
        found.without_image += 1
    else:
        same = samples.with_content(digest)
        if len(same) == 1:
            return same[0], "sha256"
        if same:
            # One photo twice: the name decides between them.
            return samples.with_name(names, among={item.key for item in same}), "sha256"
    item = samples.with_name(names)
    if digest is not None:
        found.other_bytes += 1
    return item, "name"


class _Samples:
    """The samples of the drafts by content and by name."""

    def __init__(self, items: list[Item]) -> None:
        self._items = items
        self._by_source: dict[str, list[Item]] = {}
        self._by_name: dict[str, list[Item]] = {}
        for item in items:
            sha256 = item.sample.source.sha256 if item.sample else None
            if sha256:
                self._by_source.setdefault(sha256, []).append(item)
            for name in _names(item):
                self._by_name.setdefault(name, []).append(item)

    def with_content(self, sha256: str) -> list[Item]:
        """Return the samples that were made from, or else have, an image of these bytes."""
        return self._by_source.get(sha256) or self._by_bytes.get(sha256, [])

    @cached_property
    def _by_bytes(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for item in self._items:
            digest = _sha256(item.image) if item.image else None
            if digest is not None:
                found.setdefault(digest, []).append(item)
        return found

    def with_name(self, names: Sequence[str], among: set[str] | None = None) -> Item:
        """Return the one sample that a review's names mean; InputError when none, or several."""
        several: list[str] = []
        for candidate in (found for name in names for found in _candidates(name)):
            items = [
                item
                for item in self._by_name.get(candidate, ())
                if among is None or item.key in among
            ]
            if len(items) == 1:
                return items[0]
            several = several or [item.key for item in items]
        name = names[-1] or names[0]
        if several:
            raise InputError(
                f"{name}: expected the name of one image, found {len(several)} that have it "
                f"({', '.join(several[:3])}); export with folders, or with the images"
            )
        raise InputError(f"{name}: expected an image of the drafts, found none of this name")


def _names(item: Item) -> set[str]:
    """Return the stems that tools know a sample by, the longest and the shortest."""
    stem = PurePosixPath(item.rel).with_suffix("").as_posix()
    names = {stem, item.stem, flat_name(item.stem), stem.rpartition("/")[2]}
    names |= {f"{side(item)}/{name}" for name in (stem, item.stem, flat_name(item.stem))}
    if item.image is not None:
        names.add(PurePosixPath(item.image.name).with_suffix("").as_posix())
    return names


def _candidates(name: str) -> Iterator[str]:
    """Yield what a tool's name of an image may mean, the most particular first."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    if not parts:
        return
    stem = PurePosixPath(parts[-1]).stem
    stems = [stem]
    exported = roboflow_stem(parts[-1])
    if exported is not None:
        stems.append(exported)
    if (bare := without_upload(stem)) != stem:
        stems.append(bare)
    for last in stems:
        folders = parts[:-1]
        for start in range(len(folders) + 1):
            kept = folders[start:]
            yield "/".join([*kept, last])
            if kept and kept[0].lower() in SPLITS:
                yield "/".join([SPLITS[kept[0].lower()], *kept[1:], last])


def _sha256(file: FileRef) -> str | None:
    """Return the digest of an image; None when it cannot be read, as it only serves to compare."""
    try:
        return hashlib.sha256(file.read()).hexdigest()
    except InputError:
        return None


def _named(review: Item) -> str:
    return review.listed_as or review.source_name


def _failure(review: Item, tool: str, error: str) -> Failure:
    name = _named(review)
    return Failure(id=name, file=name, step=f"review ({tool})", error=error)
