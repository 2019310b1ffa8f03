"""Folders for reports (tables, plots, sheets): only the verb's own files are ever replaced."""

from __future__ import annotations

from collections.abc import Collection

from datakit.errors import InputError
from datakit.io.store import atomic
from datakit.io.store.storage import Location


def check(out: Location, files: Collection[str], *, overwrite: bool) -> None:
    """Refuse a folder that holds something else, or an earlier report without ``overwrite``.

    Parameters
    ----------
    out : Path or ObjectPath
        The folder; it need not exist.
    files : collection of str
        The names of the files that the verb writes.
    overwrite : bool
        Whether an earlier report may be replaced.

    Raises
    ------
    InputError
        See above.
    """
    with atomic.write_errors(out):
        there = out.exists()
    if not there:
        return
    if not out.is_dir():
        raise InputError(f"{out}: expected a folder to write to, found a file")
    names = [entry.name for entry in out.iterdir()]
    strange = [name for name in names if name not in files]
    if strange:
        raise InputError(f"{out}: expected an empty folder or a report's, found {strange[0]} in it")
    if names and not overwrite:
        raise InputError(f"{out}: holds an earlier report; add --overwrite to replace it")


def clear(out: Location, files: Collection[str]) -> None:
    """Remove the files of an earlier report, when the new one is ready to be written."""
    with atomic.write_errors(out):
        for name in files:
            (out / name).unlink(missing_ok=True)
