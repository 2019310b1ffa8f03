"""Which files of a dataset folder datakit wrote: only they are ever replaced or removed."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from datakit.errors import InputError
from datakit.io.dataset.journal import JOURNAL, RECORD, SUPERSEDED, file_names
from datakit.io.dataset.names import CARD, FAILURES, MANIFEST
from datakit.io.dataset.object_journal import PARTS
from datakit.io.dataset.workspace import has_journal
from datakit.io.store import atomic, write_log
from datakit.io.store.lock import WORK
from datakit.io.store.names import safe_name
from datakit.io.store.storage import Location, ObjectPath

NAMED = 3
"""How many files a refusal names."""

_OF_THE_SYSTEM = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What file managers leave in every folder that somebody looks at."""

_KIND_FOLDERS = frozenset({"images", "masks", "alphas", "trimaps", "ignores"})


class NameSet:
    """A set of names that takes 8 bytes each: a dataset may have millions of files."""

    def __init__(self, names: Iterable[str]) -> None:
        # Sorted as it is made: a list of millions of Python's numbers would take eight times this.
        self._hashes = array("q", sorted(array("q", map(hash, names))))

    def __contains__(self, name: str) -> bool:
        at = bisect_left(self._hashes, hash(name))
        return at < len(self._hashes) and self._hashes[at] == hash(name)


class _Row(msgspec.Struct):
    """What a manifest's row says of files."""

    file_name: str | None = None
    mask_file_name: str | None = None
    alpha_file_name: str | None = None
    trimap_file_name: str | None = None
    ignore_file_name: str | None = None
    split: str | None = None


def owned_names(out: Location) -> Iterator[str]:
    """Yield the files below ``out`` that datakit wrote, also in a run that was killed.

    They are those of the record, of the journal, of the write logs, and of the manifest; a name may
    come more than once, and need not be there any more.
    """
    work = out / WORK
    for part in (RECORD, SUPERSEDED, JOURNAL):
        yield from _safe(file_names(_lines(work / part)))
    if isinstance(out, ObjectPath):
        for place in (work / PARTS).iterdir():
            yield from _safe(file_names(_lines(place)))
    else:
        yield from _safe(write_log.written(out / WORK))
    yield from _safe(_manifest_names(out))


def _manifest_names(out: Location) -> Iterator[str]:
    yield from (FAILURES, MANIFEST, CARD)
    splits: set[str] = set()
    decoder = msgspec.json.Decoder(_Row)
    for line in _lines(out / MANIFEST):
        try:
            row = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if row.split is not None and row.split not in splits:
            splits.add(row.split)
            yield f"{row.split}/{MANIFEST}"
        named = (
            row.file_name,
            row.mask_file_name,
            row.alpha_file_name,
            row.trimap_file_name,
            row.ignore_file_name,
        )
        yield from (name for name in named if name is not None)


def _safe(names: Iterator[str]) -> Iterator[str]:
    """Leave out names that would leave the dataset: a record may come from anywhere."""
    for name in names:
        with suppress(InputError):
            yield safe_name(name)


def _lines(path: Location) -> Iterator[bytes]:
    try:
        with path.open("rb") as lines:
            yield from lines
    except FileNotFoundError:
        return


def refuse_foreign(out: Location) -> None:
    """Refuse to replace a folder that holds files which datakit did not write.

    Raises
    ------
    InputError
        With the names of the first three.
    """
    owned = NameSet(owned_names(out))
    interrupted = isinstance(out, ObjectPath) and has_journal(out)
    foreign: list[str] = []
    more = 0
    for name in _present(out):
        if name in owned or (interrupted and _KIND_FOLDERS & set(name.split("/"))):
            continue
        if len(foreign) < NAMED:
            foreign.append(name)
        else:
            more += 1
    if foreign:
        others = f" and {more:,} more" if more else ""
        raise InputError(
            f"{out}: --overwrite replaces only files that datakit wrote, found also "
            f"{', '.join(foreign)}{others}; move them away, or choose an empty folder"
        )


def _present(out: Location) -> Iterator[str]:
    """Yield the files of a dataset folder, without what is the run's own."""
    if isinstance(out, ObjectPath):
        own = f"{out.key}/{WORK}/"
        for entry in out.store.below(out.key):
            if not entry.key.startswith(own):
                yield entry.key.removeprefix(f"{out.key}/")
        return
    for parent, folders, files in os.walk(out):
        inside = Path(parent).relative_to(out)
        if inside == Path():
            folders[:] = [name for name in folders if name != WORK]
        # A link to a folder is something that somebody put there.
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in sorted([*files, *links]):
            if name not in _OF_THE_SYSTEM and not name.startswith(atomic.TEMPORARY_PREFIX):
                yield (inside / name).as_posix()


def remove_all(out: Location) -> None:
    """Remove every file that datakit wrote; the card goes last.

    What makes a folder a dataset is there as long as anything else of it is, so that a kill leaves
    something that the next run knows.
    """
    last = (MANIFEST, CARD)
    _remove(out, (name for name in owned_names(out) if name not in last))
    _remove(out, last)


def remove_empty_folders(out: Location) -> None:
    """Remove every folder below ``out`` that holds nothing: a run made it, and was stopped."""
    if isinstance(out, ObjectPath):
        return
    for parent, _, _ in os.walk(out, topdown=False):
        if parent != str(out):
            # One that holds something stays.
            with suppress(OSError):
                Path(parent).rmdir()


def remove_stale(out: Location, current: NameSet) -> None:
    """Remove what earlier runs wrote, and is not in ``current``."""
    _remove(out, (name for name in owned_names(out) if name not in current))


def _remove(out: Location, names: Iterable[str]) -> None:
    """Remove files of a dataset, and folders that are empty without them."""
    if isinstance(out, ObjectPath):
        unwanted = NameSet(f"{out.key}/{name}" for name in names)
        found = [entry.key for entry in out.store.below(out.key) if entry.key in unwanted]
        out.store.remove(found)
        return
    folders: set[str] = set()
    for name in names:
        folders.add(name.rpartition("/")[0])
        # A name of earlier may be a folder by now, or lie in something that is none.
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            (out / name).unlink()
    # Also where the file was gone: a kill may have come between it and its folder.
    nested = {parent for folder in folders for parent in (folder, *_parents(folder)) if parent}
    for folder in sorted(nested, key=len, reverse=True):
        # One that holds something else stays.
        with suppress(OSError):
            (out / folder).rmdir()


def _parents(folder: str) -> Iterator[str]:
    while folder := folder.rpartition("/")[0]:
        yield folder
