"""What libtiff has to say, taken off the terminal and put into the error where it belongs."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def native_messages() -> Iterator[list[str]]:
    """Hold back what native code writes to file descriptor 2; the list has its lines afterwards.

    libtiff writes there whatever Pillow and OpenCV tell it, and it is loaded more than once: no
    handler of its own reaches all copies. Only one thread at a time holds the descriptor.
    """
    lines: list[str] = []
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        saved = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            lines.extend(held.read().decode("utf-8", "replace").splitlines())
