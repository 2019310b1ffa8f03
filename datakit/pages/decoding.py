"""Pictures decoded in a process of their own: one that a picture kills is started again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from datakit.errors import InputError
from datakit.pages.small_photos import small_jpeg

ATTEMPTS = 3
"""A picture that waits beside one that kills the process is tried again."""


class DecodingProcess:
    """Makes small JPEGs in one other process, which starts with the first of them."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None

    def small(self, data: bytes, name: str, side_px: int) -> bytes:
        """Return a picture as a JPEG of at most ``side_px``.

        Raises
        ------
        InputError
            If it cannot be decoded, or ends the process that tries.
        """
        for _ in range(ATTEMPTS):
            pool = self._started()
            try:
                return pool.submit(small_jpeg, data, name, side_px).result()
            except BrokenProcessPool:
                self._drop(pool)
        raise InputError(
            f"{name}: the process that decodes it died {ATTEMPTS} times; the picture is damaged, "
            "or too large for this machine"
        )

    def _started(self) -> ProcessPoolExecutor:
        with self._mutex:
            if self._pool is None:
                # Ctrl-C of the terminal is for the server, which ends this process by itself.
                before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
                try:
                    context = multiprocessing.get_context("spawn")
                    self._pool = ProcessPoolExecutor(1, context, initializer=_end_with_server)
                    self._pool.submit(int)
                finally:
                    signal.pthread_sigmask(signal.SIG_SETMASK, before)
            return self._pool

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        with self._mutex:
            if self._pool is pool:
                self._pool = None
        pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._drop(self._pool)


def _end_with_server() -> None:
    """Watch the server from its decoding process: one that is killed closes nothing itself."""
    server = multiprocessing.parent_process()
    assert server is not None

    def wait() -> None:
        server.join()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
