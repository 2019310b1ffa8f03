"""Writing a dataset folder: claimed by one run, journalled, and finished in one step."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

from datakit.errors import InputError
from datakit.io.dataset import ownership
from datakit.io.dataset.journal import JOURNAL as JOURNAL
from datakit.io.dataset.journal import RECORD, Close, Journal, digest_of
from datakit.io.dataset.libraries import pixel_libraries
from datakit.io.dataset.names import CARD as CARD
from datakit.io.dataset.names import FAILURES as FAILURES
from datakit.io.dataset.names import MANIFEST as MANIFEST
from datakit.io.dataset.views import SplitViews
from datakit.io.dataset.workspace import Workspace, has_journal, open_workspace, tidy
from datakit.io.store import atomic, write_log
from datakit.io.store import lock as locks
from datakit.io.store.lock import WORK as WORK
from datakit.io.store.lock import Held, claim
from datakit.io.store.storage import Location, ObjectPath, is_inside, overlap
from datakit.records.card import MOST_FAILURES, Card
from datakit.records.failure import Failure
from datakit.records.product import Product
from datakit.records.sample import Sample

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
    elif any(entry.name != RECORD for entry in _entries(folder / WORK)):
        with claim(folder):
            tidy(folder / WORK)
    return True


def _entries(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def read_card(folder: Location) -> Card:
    """Read ``dataset.json``; InputError if it is not there or not a card."""
    path = folder / CARD
    try:
        return msgspec.json.decode(path.read_bytes(), type=Card)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected a datakit dataset card; {error}") from None


def check_target(
    out: Location,
    mode: Mode,
    sources: tuple[Location, ...] = (),
    inputs: Sequence[tuple[str, Location]] = (),
) -> None:
    """Refuse a target that a run must not write to; nothing is changed.

    Parameters
    ----------
    out, mode : Location, Mode
        The target, and what it may hold.
    sources : tuple of Location
        What is read; neither may lie in the other.
    inputs : sequence of (str, Location)
        Option and place of what is read beside them; none may lie in the target.

    Raises
    ------
    InputError
        If ``out`` is no folder, lies in a source or around it, holds something and neither
        resume nor overwrite is asked, or would be overwritten though datakit did not write it.
    """
    for source in sources:
        if overlap(out, source):
            raise InputError(f"{out}: expected a folder apart from the source {source}")
    for option, path in inputs:
        if is_inside(path, out):
            raise InputError(
                f"{option} {path}: expected an input apart from the target, found it inside "
                f"{out}; move it out, or choose another folder"
            )
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
        if mode == "overwrite":
            ownership.refuse_foreign(out)
        return
    if mode == "overwrite":
        raise InputError(
            f"{out}: --overwrite replaces only folders that datakit wrote; this one has no {CARD}"
        )
    raise InputError(f"{out}: --resume found no interrupted run here; name an empty folder")


def reopen(out: Location, fingerprint: str) -> None:
    """Turn a finished dataset into a run that ``resume`` completes: its record becomes a journal.

    Parameters
    ----------
    out : Path or ObjectPath
        A finished dataset; without a record all of it will be done again.
    fingerprint : str
        Of the run that is to go on.

    Raises
    ------
    InputError
        If another run is writing there.
    """
    with claim(out):
        workspace = open_workspace(out)
        with atomic.write_errors(out):
            try:
                if (out / WORK / RECORD).is_file():
                    workspace.reopen(fingerprint)
                else:
                    workspace.start_over()
            finally:
                workspace.close()


@contextmanager
def create(
    out: Location,
    fingerprint: str,
    mode: Mode,
    tables: Mapping[str, str] = MappingProxyType({}),
    *,
    identity: str = "",
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
    identity : str
        What the record keeps of the run: its fingerprint without places, so that the same run
        elsewhere leaves the same bytes.

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
        with atomic.write_errors(out):
            atomic.remove_leftovers(out)
            journal = stack.enter_context(workspace.journal(fingerprint))
            if mode != "new" and not len(journal):
                ownership.remove_all(out)
                workspace.forget()
            own = stack.enter_context(write_log.recording(out, workspace.path))
        with _opened(out, workspace, journal, tables) as opened:
            yield DatasetWriter(Claim(out, workspace, held, identity), journal, opened, own)
        with atomic.write_errors(out):
            workspace.remove()


@contextmanager
def _opened(
    out: Location, workspace: Workspace, journal: Journal, tables: Mapping[str, str]
) -> Iterator[dict[str, FileIO]]:
    """Open the tables; a run that stops before its first item leaves no trace."""
    with ExitStack() as stack:
        with atomic.write_errors(out):
            opened = {
                name: stack.enter_context((workspace.path / name).open("wb", buffering=0))
                for name in (MANIFEST, FAILURES, *tables)
            }
            for name, header in tables.items():
                atomic.write_all(opened[name], header.encode())
        try:
            yield opened
        except BaseException:
            if not len(journal):
                # What stays is met by the next run; the error that came first counts.
                with suppress(OSError):
                    atomic.remove_leftovers(out)
                    ownership.remove_all(out)
                    ownership.remove_empty_folders(out)
                    workspace.abandon()
            raise


@dataclass(frozen=True)
class Claim:
    """A dataset's folder while a run has it."""

    out: Location
    workspace: Workspace
    held: Held
    identity: str


class DatasetWriter:
    """Collects products in the order of the items and turns them into the manifest."""

    def __init__(
        self, claim: Claim, journal: Journal, tables: Mapping[str, FileIO], own: set[str]
    ) -> None:
        self.out = claim.out
        self._workspace = claim.workspace
        self._held = claim.held
        self._identity = claim.identity
        self._own = own
        self.failed = 0
        self.samples = 0
        self._journal = journal
        self._tables = tables
        # Joined once: there may be a million rows.
        self._work = self.out / WORK
        self._places = {name: self.out / name for name in tables}
        self._encoder = msgspec.json.Encoder()
        self._views = SplitViews()

    def recorded(
        self, key: str, is_current: Callable[[Product], bool] = lambda product: True
    ) -> Product | None:
        """Return what an earlier, interrupted run made of an item; see `Journal.recorded`."""
        return self._journal.recorded(key, is_current)

    def knows(self, key: str) -> bool:
        """Tell whether an earlier run had finished an item, whatever became of it since."""
        return self._journal.knows(key)

    @property
    def known(self) -> int:
        """How many items an earlier run had finished."""
        return self._journal.known

    def add(self, key: str, product: Product) -> None:
        """Take an item's product; its files are already in place."""
        self._held.check()
        with atomic.write_errors(self._work):
            self._journal.add(key, product)
        for sample in product.samples:
            self.add_row(sample)
        for name, text in product.lines.items():
            self._write(name, text.encode())
        for failure in product.failures:
            self.fail(failure)

    def add_row(self, sample: Sample) -> None:
        """Take a row of a sample whose files stay in the source: a resumed run makes it again."""
        self._write(MANIFEST, self._encoder.encode(sample) + b"\n")
        self._views.add(sample)
        self.samples += 1

    def fail(self, failure: Failure) -> None:
        """Add a failure row."""
        self._write(FAILURES, self._encoder.encode(failure) + b"\n")
        self.failed += 1

    def _write(self, table: str, line: bytes) -> None:
        with atomic.write_errors(self._places[table]):
            atomic.write_all(self._tables[table], line)

    def keep(self, name: str) -> None:
        """Count a file as this run's that an earlier one wrote, or that was put in place apart."""
        write_log.note(self.out / name)

    def lines(self, table: str) -> Iterator[bytes]:
        """Yield the lines that a table has by now, in the order of the items."""
        with (self._workspace.path / table).open("rb") as handle:
            yield from handle

    def finish(
        self,
        card: Card,
        *,
        views: bool = True,
        manifest: bool = True,
        failures: Sequence[Failure] = (),
    ) -> None:
        """Put manifest, failures, views, the card and, last, the record in place.

        A report is no dataset: without ``manifest`` it has neither a manifest nor views. The
        record keeps the digest of ``failures``, the source's own.
        """
        self._held.check()
        whole = self._completed(card)
        with atomic.write_errors(self.out):
            # Of workers that died while they wrote.
            atomic.remove_leftovers(self.out)
            for handle in self._tables.values():
                os.fsync(handle.fileno())
            if views and manifest:
                self._views.write(self.out, self._workspace.path / MANIFEST)
            for name in self._tables:
                if name.startswith("."):
                    continue
                # The manifest last; a table of failures only when there are some.
                if name != MANIFEST and (name != FAILURES or self.failed):
                    self._workspace.publish(name)
            if manifest:
                self._workspace.publish(MANIFEST)
        text = msgspec.json.format(msgspec.json.encode(whole), indent=2)
        atomic.write_bytes(self.out / CARD, text + b"\n", durable=True)
        with atomic.write_errors(self.out):
            self._seal(failures)

    def _completed(self, card: Card) -> Card:
        """Return the card with what its last command, which is this run's, used and failed at.

        The datasets made of this one keep the chain of commands, but not the table of failures.
        """
        if not card.commands:
            return card
        rows = islice(self.lines(FAILURES), MOST_FAILURES) if self.failed else ()
        failures = tuple(msgspec.json.decode(row, type=Failure) for row in rows)
        *earlier, last = card.commands
        last = msgspec.structs.replace(
            last, failed=self.failed, failures=failures, libraries=pixel_libraries()
        )
        return msgspec.structs.replace(card, commands=(*earlier, last))

    def _seal(self, failures: Sequence[Failure]) -> None:
        """Remove what earlier runs left, and write down what this one was made of."""
        if self._journal.known or self.failed:
            current = ownership.NameSet(
                chain(self._journal.current_files(), self._own, (MANIFEST, CARD))
            )
            ownership.remove_stale(self.out, current)
        close = Close(tuple(sorted(self._own)), digest_of(failures))
        self._workspace.seal(
            lambda record: self._journal.write_record(record, self._identity, close)
        )
