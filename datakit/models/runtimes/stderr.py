"""Keep the chatter of native libraries off the terminal while a model is being built."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# Read by glog and TensorFlow when their libraries are loaded, hence before the first import.
QUIET_ENVIRONMENT = {"GLOG_minloglevel": "3", "TF_CPP_MIN_LOG_LEVEL": "3"}


@contextmanager
def native_stderr_held() -> Iterator[None]:
    """Hold back what native code writes to file descriptor 2; show it only when building fails.

    LiteRT says on stderr which delegate it made, which no environment variable silences.
    Python's own warnings are not lost: they go through the logging and warnings modules later on.
    """
    for name, value in QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            sys.stderr.flush()
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
