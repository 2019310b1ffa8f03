"""Writing a dataset folder: claimed by one run, journalled, and finished in one step."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

from datakit.errors import InputError
from datakit.io.dataset.journal import JOURNAL as JOURNAL
from datakit.io.dataset.journal import Journal
from datakit.io.dataset.workspace import Workspace, has_journal, open_workspace
from datakit.io.store import atomic
from datakit.io.store import lock as locks
from datakit.io.store.lock import WORK as WORK
from datakit.io.store.lock import Held, claim
from datakit.io.store.storage import Location, ObjectPath, overlap
from datakit.records.card import Card
from datakit.records.failure import Failure
from datakit.records.product import Product
from datakit.records.sample import Sample

CARD = "dataset.json"
MANIFEST = "metadata.jsonl"
FAILURES = "failures.jsonl"

Mode = Literal["new", "resume", "overwrite"]


def is_dataset(folder: Location) -> bool:
    """Tell whether datakit wrote this folder: it has a card, or the journal of a stopped run."""
    if has_journal(folder):
        return True
    try:
        return msgspec.json.decode((folder / CARD).read_bytes(), type=Card).format == "datakit"
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return False


def is_finished(folder: Location) -> bool:
    """Tell whether the last run into this folder came to its end; take away what it left of itself.

    Its journal goes last: what a kill leaves after that is a lock that nobody holds.
    """
    if not (folder / CARD).is_file() or has_journal(folder):
        return False
    if isinstance(folder, ObjectPath):
        if locks.is_claimed(folder):
            with claim(folder):
                # Its end takes away every lock that nobody holds.
                pass
    elif (folder / WORK).is_dir():
        with claim(folder):
            shutil.rmtree(folder / WORK)
    return True


def read_card(folder: Location) -> Card:
    """Read ``dataset.json``; InputError if it is not there or not a card."""
    path = folder / CARD
    try:
        return msgspec.json.decode(path.read_bytes(), type=Card)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected a datakit dataset card; {error}") from None


def check_target(out: Location, mode: Mode, sources: tuple[Location, ...] = ()) -> None:
    """Refuse a target that a run must not write to; nothing is changed.

    Raises
    ------
    InputError
        If ``out`` is no folder, lies in a source or around it, holds something and neither
        resume nor overwrite is asked, or would be overwritten though datakit did not write it.
    """
    for source in sources:
        if overlap(out, source):
            raise InputError(f"{out}: expected a folder apart from the source {source}")
    with atomic.write_errors(out):
        there = out.exists()
    if not there:
        return
    if not out.is_dir():
        raise InputError(f"{out}: expected a folder to write to, found a file")
    try:
        held = [entry for entry in out.iterdir() if entry.name != WORK]
    except OSError as error:
        raise InputError(f"{out}: cannot be listed ({error.strerror or error})") from None
    if not held and not has_journal(out):
        return
    if mode == "new":
        raise InputError(
            f"{out}: expected an empty or new folder; add --resume to continue an interrupted run "
            "or --overwrite to replace a dataset"
        )
    if is_dataset(out):
        return
    if mode == "overwrite":
        raise InputError(
            f"{out}: --overwrite replaces only folders that datakit wrote; this one has no {CARD}"
        )
    raise InputError(f"{out}: --resume found no interrupted run here; name an empty folder")


def reopen(out: Location, fingerprint: str, products: Mapping[str, Product]) -> None:
    """Turn a finished dataset into a run that ``resume`` completes: its journal is written anew.

    Parameters
    ----------
    out : Path
        A finished dataset.
    fingerprint : str
        Of the run that is to go on.
    products : mapping
        Item -> what is kept of it; all other items will be done again.

    Raises
    ------
    InputError
        If another run is writing there.
    """
    with claim(out):
        workspace = open_workspace(out)
        with atomic.write_errors(out):
            try:
                workspace.reopen(fingerprint, products)
            finally:
                workspace.close()


@contextmanager
def create(
    out: Location, fingerprint: str, mode: Mode, tables: Mapping[str, str] = MappingProxyType({})
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
        bring their lines. A table whose name starts with a dot serves this run alone and goes
        when it ends (see `DatasetWriter.lines`).

    Raises
    ------
    InputError
        If another run is writing there (its owner is named), or the folder cannot be written.
    """
    with ExitStack() as stack:
        workspace = open_workspace(out)
        stack.callback(workspace.close)
        held = stack.enter_context(claim(out))
        if mode == "overwrite":
            with atomic.write_errors(out):
                workspace.start_over()
        with _opened(out, workspace, held, fingerprint, mode, tables) as writer:
            yield writer
        with atomic.write_errors(out):
            workspace.remove()


@contextmanager
def _opened(
    out: Location,
    workspace: Workspace,
    held: Held,
    fingerprint: str,
    mode: Mode,
    tables: Mapping[str, str],
) -> Iterator[DatasetWriter]:
    """Open journal and tables; a run that stops before its first item leaves no trace."""
    with ExitStack() as stack:
        with atomic.write_errors(out):
            atomic.remove_leftovers(out)
            journal = stack.enter_context(workspace.journal(fingerprint))
            if mode != "new" and not len(journal):
                workspace.clear()
            opened = {
                name: stack.enter_context((workspace.path / name).open("wb", buffering=0))
                for name in (MANIFEST, FAILURES, *tables)
            }
            for name, header in tables.items():
                atomic.write_all(opened[name], header.encode())
        try:
            yield DatasetWriter(out, workspace, journal, opened, held)
        except BaseException:
            if not len(journal):
                # What stays is met by the next run; the error that came first counts.
                with suppress(OSError):
                    workspace.tidy()
            raise


class DatasetWriter:
    """Collects products in the order of the items and turns them into the manifest."""

    def __init__(
        self,
        out: Location,
        workspace: Workspace,
        journal: Journal,
        tables: Mapping[str, FileIO],
        held: Held,
    ) -> None:
        self.out = out
        self._workspace = workspace
        self._held = held
        self.failed = 0
        self.samples = 0
        self._journal = journal
        self._tables = tables
        self._encoder = msgspec.json.Encoder()
        self._splits: set[str] = set()
        self._columns: set[str] | None = None

    def recorded(self, key: str) -> Product | None:
        """Return what an earlier, interrupted run made of an item."""
        return self._journal.recorded(key)

    def add(self, key: str, product: Product) -> None:
        """Take an item's product; its files are already in place."""
        self._held.check()
        with atomic.write_errors(self.out / WORK):
            self._journal.add(key, product)
        for sample in product.samples:
            self._write(MANIFEST, self._encoder.encode(sample) + b"\n")
            self._splits.add(sample.split or "")
            present = {name for name in _VIEW if getattr(sample, name) is not None}
            self._columns = present if self._columns is None else self._columns & present
            self.samples += 1
        for name, text in product.lines.items():
            self._write(name, text.encode())
        for failure in product.failures:
            self.fail(failure)

    def fail(self, failure: Failure) -> None:
        """Add a failure row."""
        self._write(FAILURES, self._encoder.encode(failure) + b"\n")
        self.failed += 1

    def _write(self, table: str, line: bytes) -> None:
        with atomic.write_errors(self.out / table):
            atomic.write_all(self._tables[table], line)

    def lines(self, table: str) -> Iterator[bytes]:
        """Yield the lines that a table has by now, in the order of the items."""
        with (self._workspace.path / table).open("rb") as handle:
            yield from handle

    def finish(self, card: Card, *, views: bool = True, manifest: bool = True) -> None:
        """Put manifest, failures, views and, last, the card in place.

        A report is no dataset: without ``manifest`` it has neither a manifest nor views.
        """
        self._held.check()
        with atomic.write_errors(self.out):
            # Of workers that died while they wrote.
            atomic.remove_leftovers(self.out)
            for handle in self._tables.values():
                os.fsync(handle.fileno())
            if views and manifest:
                self._write_views(self._workspace.path / MANIFEST)
            for name in self._tables:
                if name.startswith("."):
                    continue
                # The manifest last; a table of failures only when there are some.
                if name != MANIFEST and (name != FAILURES or self.failed):
                    self._workspace.publish(name)
            if manifest:
                self._workspace.publish(MANIFEST)
        text = msgspec.json.format(msgspec.json.encode(card), indent=2)
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
