"""Standard output and error that never end a run: lost output is reported at the end."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO

_NUMBERS = (0, 1, 2)


class _Raw(io.RawIOBase):
    """A file descriptor whose writes always succeed; the first error is kept.

    A reader of a pipe that has gone (``| head``) is no error: that is its right.
    """

    def __init__(self, number: int, name: str) -> None:
        self._number = number
        self.name = name
        self.error: OSError | None = None
        self._gone = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        rest = view
        while rest and not self._gone:
            try:
                rest = rest[os.write(self._number, rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                self._gone = True
                if error.errno != errno.EPIPE:
                    self.error = error
        return len(view)


_raw: dict[str, _Raw] = {}


def prepare() -> None:
    """Replace standard output and error; closed ones become streams that lose what they get.

    Their numbers are taken, so that no file of a dataset is opened in their place. Text that the
    terminal's encoding does not have is shown as escapes.
    """
    closed = [number for number in _NUMBERS if not _is_open(number)]
    for _ in closed:
        # The lowest free number is taken, which is that of the stream; workers inherit it.
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for number, name in ((1, "stdout"), (2, "stderr")):
        raw = _Raw(number, f"<{name}>")
        if number in closed:
            raw.error = OSError(errno.EBADF, "it is closed")
        _raw[name] = raw
        setattr(sys, name, _text(raw, getattr(sys, name)))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _text(raw: _Raw, before: TextIO | None) -> io.TextIOWrapper:
    if before is not None:
        before.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


def loss() -> str | None:
    """Return why standard output could not take all that was printed; None where it could."""
    if not _raw:
        return None
    sys.stdout.flush()
    error = _raw["stdout"].error
    return None if error is None else str(error.strerror)
