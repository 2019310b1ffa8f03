"""Writing a dataset folder: claimed by one run, journalled, and finished in one step."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Literal

import msgspec

from datakit.errors import InputError
from datakit.io import atomic
from datakit.io.journal import Journal
from datakit.records.card import Card
from datakit.records.failure import Failure
from datakit.records.product import Product
from datakit.records.sample import Sample

CARD = "dataset.json"
MANIFEST = "metadata.jsonl"
FAILURES = "failures.jsonl"
WORK = ".datakit"

Mode = Literal["new", "resume", "overwrite"]


def is_dataset(folder: Path) -> bool:
    """Tell whether datakit wrote this folder: it has a card, or the journal of a stopped run."""
    if (folder / WORK / "journal.jsonl").is_file():
        return True
    try:
        return msgspec.json.decode((folder / CARD).read_bytes(), type=Card).format == "datakit"
    except (OSError, msgspec.DecodeError):
        return False


def read_card(folder: Path) -> Card:
    """Read ``dataset.json``; InputError if it is not there or not a card."""
    path = folder / CARD
    try:
        return msgspec.json.decode(path.read_bytes(), type=Card)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: expected a datakit dataset card; {error}") from None


def check_target(out: Path, mode: Mode, sources: tuple[Path, ...] = ()) -> None:
    """Refuse a target that a run must not write to; nothing is changed.

    Raises
    ------
    InputError
        If ``out`` is no folder, lies in a source or around it, holds something and neither
        resume nor overwrite is asked, or would be overwritten though datakit did not write it.
    """
    for source in sources:
        inner, outer = out.resolve(), source.resolve()
        if inner == outer or outer in inner.parents or inner in outer.parents:
            raise InputError(f"{out}: expected a folder apart from the source {source}")
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: expected a folder to write to, found a file")
    if mode == "overwrite" and any(out.iterdir()) and not is_dataset(out):
        raise InputError(
            f"{out}: --overwrite replaces only folders that datakit wrote; this one has no {CARD}"
        )
    if mode == "new" and any(out.iterdir()):
        raise InputError(
            f"{out}: expected an empty or new folder; add --resume to continue an interrupted run "
            "or --overwrite to replace a dataset"
        )
    if mode == "resume" and any(out.iterdir()) and not is_dataset(out):
        raise InputError(f"{out}: --resume found no interrupted run here; name an empty folder")


@contextmanager
def create(
    out: Path, fingerprint: str, mode: Mode, tables: Mapping[str, str] = MappingProxyType({})
) -> Iterator[DatasetWriter]:
    """Claim ``out`` for this run and give its writer.

    Parameters
    ----------
    out : Path
        Checked with `check_target` before.
    fingerprint : str
        What the run is: a resumed run must have the same.
    mode : {"new", "resume", "overwrite"}
        What may be there.
    tables : mapping of str to str
        Further tables of this verb (an audit, a list for people) and the header of each; products
        bring their lines.

    Raises
    ------
    InputError
        If another run is writing there (its owner is named), or the folder cannot be written.
    """
    work = out / WORK
    existed = out.exists()
    with atomic.told(out):
        work.mkdir(parents=True, exist_ok=True)
        lock = (work / "lock").open("a+")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise InputError(
                f"{out}: another run is writing here ({lock.read().strip() or 'owner unknown'}); "
                "wait for it or choose another folder"
            ) from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}")
        lock.flush()
        if mode == "overwrite":
            _clear(out)
        atomic.remove_leftovers(out)
        with (
            Journal(work / "journal.jsonl", fingerprint) as journal,
            (work / MANIFEST).open("wb") as rows,
            (work / FAILURES).open("wb") as failures,
            ExitStack() as stack,
        ):
            opened = {name: stack.enter_context((work / name).open("wb")) for name in tables}
            for name, handle in opened.items():
                handle.write(tables[name].encode())
            try:
                yield DatasetWriter(out, journal, rows, failures, opened)
            except BaseException:
                if not len(journal):
                    _leave_no_trace(work, existed)
                raise
    # Last, so that a kill before this line leaves a run that --resume can finish.
    shutil.rmtree(work)


class DatasetWriter:
    """Collects products in the order of the items and turns them into the manifest."""

    def __init__(
        self,
        out: Path,
        journal: Journal,
        rows: BinaryIO,
        failures: BinaryIO,
        tables: Mapping[str, BinaryIO] = MappingProxyType({}),
    ) -> None:
        self.out = out
        self.failed = 0
        self.samples = 0
        self._journal = journal
        self._rows = rows
        self._failures = failures
        self._tables = tables
        self._encoder = msgspec.json.Encoder()
        self._splits: set[str] = set()
        self._columns: set[str] | None = None

    def recorded(self, key: str) -> Product | None:
        """Return what an earlier, interrupted run made of an item."""
        return self._journal.recorded(key)

    def add(self, key: str, product: Product) -> None:
        """Take an item's product; its files are already in place."""
        with atomic.told(self.out / WORK):
            self._journal.add(key, product)
        for sample in product.samples:
            self._rows.write(self._encoder.encode(sample) + b"\n")
            self._splits.add(sample.split or "")
            present = {name for name in _VIEW if getattr(sample, name) is not None}
            self._columns = present if self._columns is None else self._columns & present
            self.samples += 1
        for name, text in product.lines.items():
            self._tables[name].write(text.encode())
        for failure in product.failures:
            self.fail(failure)

    def fail(self, failure: Failure) -> None:
        """Add a failure row."""
        self._failures.write(self._encoder.encode(failure) + b"\n")
        self.failed += 1

    def finish(self, card: Card) -> None:
        """Put manifest, failures, views and, last, the card in place."""
        with atomic.told(self.out / MANIFEST):
            for handle in (self._rows, self._failures, *self._tables.values()):
                handle.flush()
                os.fsync(handle.fileno())
        work = self.out / WORK
        self._write_views(work / MANIFEST)
        if self.failed:
            (work / FAILURES).replace(self.out / FAILURES)
        for name in self._tables:
            (work / name).replace(self.out / name)
        (work / MANIFEST).replace(self.out / MANIFEST)
        text = msgspec.json.format(msgspec.json.encode(card, order="deterministic"), indent=2)
        atomic.write_bytes(self.out / CARD, text + b"\n", durable=True)

    def _write_views(self, manifest: Path) -> None:
        """Write ``SPLIT/metadata.jsonl``: what Hugging Face's ``imagefolder`` reads of a split.

        It takes a folder named like a split for the split and reads only manifests inside it; and
        it wants the same columns of the same types in each, so a column that a sample lacks is
        left out. With no splits its loader reads the manifest of the whole.
        """
        columns = self._columns or set()
        if "file_name" not in columns or self._splits <= {""}:
            return
        decoder, encoder = msgspec.json.Decoder(Sample), msgspec.json.Encoder()
        for split in sorted(self._splits - {""}):
            with atomic.writing(self.out / split / MANIFEST) as view, manifest.open("rb") as rows:
                for line in rows:
                    sample = decoder.decode(line)
                    if sample.split == split:
                        row = {
                            name: str(value).removeprefix(f"{split}/")
                            if name.endswith("file_name")
                            else value
                            for name in _VIEW
                            if name in columns and (value := getattr(sample, name)) is not None
                        }
                        view.write(encoder.encode(row) + b"\n")


_VIEW = (
    "file_name",
    "mask_file_name",
    "alpha_file_name",
    "trimap_file_name",
    "id",
    "width",
    "height",
    "group",
    "parent",
    "annotations",
    "fg_ratio",
)


def _leave_no_trace(work: Path, existed: bool) -> None:
    """Undo the claim of a run that stopped before its first item was done."""
    shutil.rmtree(work)
    if not existed and not any(work.parent.iterdir()):
        work.parent.rmdir()


def _clear(out: Path) -> None:
    for entry in out.iterdir():
        if entry.name == WORK:
            (entry / "journal.jsonl").unlink(missing_ok=True)
        elif entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
