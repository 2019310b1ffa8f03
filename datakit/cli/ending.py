"""How the command ends: signals, unexpected errors, and lost output."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from datakit.cli import streams
from datakit.errors import printable
from datakit.machine import ENDING_SIGNALS

EXIT_UNUSABLE = 2
EXIT_FAULT = 70


class Terminated(KeyboardInterrupt):
    """A signal asked this process to end; its workers end and its files are left resumable."""

    def __init__(self, number: int) -> None:
        self.number = number


def end_at_once(number: int, frame: FrameType | None) -> NoReturn:
    """Handle a signal while nothing has begun: there is nothing to tidy up."""
    os.write(2, b"Interrupted.\n")
    os._exit(128 + number)


def unwind(number: int, frame: FrameType | None) -> NoReturn:
    """Handle a signal while work is under way: once, as tidying up must not be interrupted."""
    for other in set(ENDING_SIGNALS) - {signal.SIGINT}:
        signal.signal(other, signal.SIG_IGN)
    raise Terminated(number)


def listen(handler: Callable[[int, FrameType | None], NoReturn]) -> None:
    """Set what SIGINT, SIGTERM and SIGHUP do, but for those that are to be ignored (nohup)."""
    for number in ENDING_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


@contextmanager
def working() -> Iterator[None]:
    """Let signals unwind what is done inside; after it they do what they did before."""
    before = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
    listen(unwind)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupted(error: KeyboardInterrupt, way: str) -> int:
    """Say that a run was interrupted and how it goes on; return the exit code."""
    number = error.number if isinstance(error, Terminated) else signal.SIGINT
    word = "Interrupted" if number == signal.SIGINT else "Ended by " + signal.Signals(number).name
    report(f"{word}; run the same command {way}.")
    return 128 + number


def fault(error: BaseException) -> int:
    """Say in a line what nobody foresaw, keep its traceback in a file; return the exit code."""
    text = " ".join(str(error).split())
    named = f"{type(error).__name__}: {text}" if text else type(error).__name__
    try:
        handle, path = tempfile.mkstemp(prefix="datakit-traceback-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write("".join(traceback.format_exception(error)))
    except OSError as refused:
        report(f"Error: {named}; its traceback could not be kept ({refused.strerror})")
        return EXIT_FAULT
    report(f"Error: {named}; this is a fault of datakit or of a library: traceback in {path}")
    return EXIT_FAULT


def report(text: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"{printable(text)}\n")
    sys.stderr.flush()


def finish(code: int) -> int:
    """Return the exit code of a run whose summary may have been lost."""
    reason = streams.loss()
    if reason is None:
        return code
    report(f"Error: standard output cannot be written ({reason}); the work itself is done")
    return EXIT_FAULT
