"""What libtiff and libpng have to say, taken off the terminal and put where it belongs."""

from __future__ import annotations

import atexit
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import IO, Final

_ONE_AT_A_TIME: Final = threading.Lock()
_THEIRS: Final = re.compile(
    r"libpng (error|warning): |\S+\.tif: "
    r"|\w*(TIFF|Decode|Fetch|Directory|Fill|Read|Seek|Strip|Tile|JPEG|JBIG)\w*: "
    r"|(\w*Fax\w*|(PixarLog|LogL|Predictor|cvt)\w+|MissingRequired|CheckDirCount|set\w+Array): "
)
"""How libpng begins a line, and libtiff: with the name of one of its functions, or of the file."""


@contextmanager
def native_messages() -> Iterator[list[str]]:
    """Hold back what native decoders write to file descriptor 2; the list has it afterwards.

    They write there whatever Pillow and OpenCV tell them, and each is loaded more than once: no
    handler of their own reaches all copies. What another thread writes meanwhile is passed on.
    Only one thread at a time holds the descriptor.
    """
    lines: list[str] = []
    with _ONE_AT_A_TIME:
        held = _held(os.getpid())
        saved = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            # Nearly always there is nothing: that costs four system calls and no more.
            if os.fstat(held.fileno()).st_size:
                lines.extend(_taken(held))


@cache
def _held(pid: int) -> IO[bytes]:
    """Return this process's file for messages; a fork has another one."""
    del pid
    held: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
    atexit.register(held.close)
    return held


def _taken(held: IO[bytes]) -> Iterator[str]:
    """Empty the file: yield the decoders' lines, and write the others to where they were meant."""
    held.seek(0)
    text = held.read()
    held.seek(0)
    held.truncate()
    for line in text.splitlines(keepends=True):
        words = line.decode("utf-8", "replace").strip()
        if _THEIRS.match(words):
            yield words
        else:
            sys.stderr.flush()
            os.write(2, line)
