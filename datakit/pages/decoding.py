"""Pictures decoded in a process of their own, which is restarted when a picture kills it."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection, Pipe

from datakit.engine.processes import CONTEXT, starting_processes
from datakit.errors import InputError
from datakit.pages.small_photos import small_jpeg

ATTEMPTS = 3
"""A picture that waits beside one that kills the process is tried again."""


class DecodingProcess:
    """Makes small JPEGs in one other process, which starts with the first of them."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        # Nothing is sent through it: it closes when the server ends, however it ends.
        self._lifeline, self._held_end = Pipe(duplex=False)

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
                with starting_processes():
                    self._pool = ProcessPoolExecutor(
                        1, CONTEXT, _end_with_server, (self._lifeline,)
                    )
                    self._pool.submit(int)
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


def _end_with_server(lifeline: Connection) -> None:
    """Watch the server from its decoding process: one that is killed closes nothing itself."""

    def wait() -> None:
        lifeline.poll(None)
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
