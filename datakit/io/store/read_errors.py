"""Read errors of source files as messages, and the size limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from datakit.errors import InputError, OutputError, resource_fault
from datakit.io.store.object_store import StorageUnavailable

MAX_FILE_BYTES = 1 << 30


@contextmanager
def read_errors(name: str) -> Iterator[None]:
    """Turn what the file system refuses while ``name`` is read into an InputError."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{name}: the file is not there; add it or drop its entry") from None
    except IsADirectoryError:
        raise InputError(f"{name}: expected a file, found a folder") from None
    except StorageUnavailable as error:
        raise stopped(name, error) from None
    except OSError as error:
        if short := resource_fault(error):
            # Not this file's fault: the next would meet it too.
            raise OutputError(f"{name}: cannot be read: {short}") from None
        raise InputError(f"{name}: cannot be read ({error.strerror or error})") from None


def stopped(name: str, error: OSError) -> OutputError:
    """Return the error that stops a run whose storage does not answer."""
    # Not the item's fault: the next would meet it too, and this one can be read another day.
    return OutputError(
        f"{name}: cannot be read now ({error.strerror}); when the storage answers again, run the "
        "same command with --resume"
    )


def check_size(name: str, size: int, limit_bytes: int) -> None:
    """Refuse a file that is larger than the limit by an InputError."""
    if size > limit_bytes:
        raise InputError(f"{name}: expected at most {limit_bytes:,} bytes, found {size:,}")
