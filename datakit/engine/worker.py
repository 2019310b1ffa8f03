"""What every worker process does first, whichever engine started it."""

from __future__ import annotations

import os
import pickle
import sys
from typing import Any

from datakit.engine.base import Chunks, Task, described, prepared
from datakit.errors import DatakitError, EngineError

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

# From glibc's malloc.h; 32 MiB is the largest block size that every version takes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BLOCK_BYTES, _KEPT_TOTAL_BYTES = 1 << 25, 1 << 28


def set_up(blob: bytes) -> Chunks | DatakitError:
    """Prepare this process and the pickled task; what is wrong with it comes back as an error.

    Call it before NumPy is imported: its libraries read the number of threads once.
    """
    keep_freed_memory()
    one_thread_per_library()
    # albumentations asks PyPI for its version when imported; datakit makes no such call.
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    try:
        task: Task[Any, Any] = pickle.loads(blob)
        import cv2

        cv2.setNumThreads(0)
        silence_opencv(cv2)
        return prepared(task)
    except DatakitError as error:
        return error
    except Exception as error:  # noqa: BLE001
        return EngineError(f"the work cannot be set up: {described(error)}")


def one_thread_per_library() -> None:
    """Let linear algebra that is loaded from now on run in the thread that asks for it."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))


def silence_opencv(cv2: Any) -> None:
    """Keep OpenCV's warnings off stderr.

    What it says of a damaged picture is in its failure row, in words for a person.
    """
    # OpenCV 5 has the function in a module of its own.
    logging = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging
    logging.setLogLevel(0)


def keep_freed_memory() -> None:
    """Let the C library reuse the blocks of the last image instead of handing them back.

    glibc maps every block above 128 KiB anew, and the kernel zeroes it page by page: for masks of
    400 kB that is a sixth of the CPU time of a run. Other C libraries are left as they are.
    """
    if sys.platform != "linux":
        return
    import ctypes  # here: only workers need it

    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:
        adjust(_M_MMAP_THRESHOLD, _KEPT_BLOCK_BYTES)
        adjust(_M_TRIM_THRESHOLD, _KEPT_TOTAL_BYTES)
