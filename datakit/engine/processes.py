"""Processes forked from a server that has no threads, and has NumPy and OpenCV loaded already.

A fork of this process would copy the locks that its threads hold (OpenCV's, torch's, a notebook's);
a process that is started afresh imports for 0.2 to 0.4 s. So one server is started, and forks all
others: `multiprocessing`'s, with three differences. The caller's main module is not imported: a
script needs no ``if __name__ == "__main__"``. A process gets the environment of the moment, not
that in which the server was started. And this process waits for the server when it ends.

Windows has no fork: there each process is started afresh, and a script does need its guard.
"""

from __future__ import annotations

import atexit
import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import context, reduction, resource_tracker
from typing import Any

from datakit.machine import TERMINAL_SIGNALS, blocked

_PRELOADED = ("datakit.engine.preload",)
_END_S = 5.0
"""How long the server may take to end: it does when the last of its processes has."""
_POLL_S = 0.002
_LONGEST_FOLDER = 75 if sys.platform == "linux" else 71
"""A socket's path has at most 107 bytes (macOS: 103), 32 of them behind this folder."""
_SHORT_FOLDER = "/tmp"
"""Where the sockets go when the folder for temporary files has a longer path."""
_SERVER_ENDED = (
    "the process that forks them has ended: killed, or short of memory or of open files; raise the "
    "limit (ulimit -n 4096), or use fewer --workers"
)


@contextmanager
def starting_processes() -> Iterator[None]:
    """Start processes inside: with the terminal's signals blocked, so that they never see them."""
    if sys.platform != "win32":
        # It starts with the first semaphore, and unblocks signals in the thread that starts it.
        resource_tracker.ensure_running()
    with blocked(TERMINAL_SIGNALS):
        yield


if sys.platform == "win32":
    CONTEXT: context.BaseContext = context.SpawnContext()
else:
    from multiprocessing import forkserver, popen_forkserver, spawn
    from multiprocessing.util import Finalize, get_temp_dir

    class _Server(forkserver.ForkServer):
        """The server of this process, started when the first process is asked for."""

        _forkserver_pid: int | None
        _forkserver_alive_fd: int

        def __init__(self) -> None:
            super().__init__()
            # macOS's frameworks do not survive a fork once they are loaded.
            self.set_forkserver_preload([*_PRELOADED] if sys.platform == "linux" else [])

        def ensure_running(self) -> None:
            """Start it, unless it runs."""
            if len(os.fsencode(tempfile.gettempdir())) > _LONGEST_FOLDER:
                _make_short_folder()
            super().ensure_running()

        def end(self) -> None:
            """End it and wait, so that what its processes cost is in this process's account."""
            server = self._forkserver_pid
            if server is None:
                return
            self.leave()
            until = time.monotonic() + _END_S
            while os.waitpid(server, os.WNOHANG) == (0, 0) and time.monotonic() < until:
                time.sleep(_POLL_S)

        def leave(self) -> None:
            """Forget it: it ends when nobody is left who may ask for a process."""
            if self._forkserver_pid is not None:
                os.close(self._forkserver_alive_fd)
                self._forkserver_pid = None

    def _make_short_folder() -> None:
        """Make this process's folder of sockets, which only its user may enter, in a short place.

        `multiprocessing` keeps the one it made first, and removes it when the process ends.
        """
        usual, tempfile.tempdir = tempfile.gettempdir(), _SHORT_FOLDER
        try:
            get_temp_dir()
        except OSError as error:
            raise OSError(
                f"the path of the folder for temporary files, {usual}, is too long for a socket, "
                f"and {_SHORT_FOLDER} takes no files ({error.strerror}); set TMPDIR to a folder of "
                f"at most {_LONGEST_FOLDER} bytes, or use --workers 0"
            ) from error
        finally:
            tempfile.tempdir = usual

    _server = _Server()
    atexit.register(_server.end)
    # In a copy of this process the server is not its child.
    os.register_at_fork(after_in_child=_server.leave)

    class _Popen(popen_forkserver.Popen):
        """A process forked by this module's server."""

        _fds: list[int]

        def _launch(self, process_obj: Any) -> None:
            facts = spawn.get_preparation_data(process_obj.name)
            facts = {key: facts[key] for key in facts if not key.startswith("init_main")}
            message = io.BytesIO()
            context.set_spawning_popen(self)
            try:
                reduction.dump(facts, message)
                reduction.dump(process_obj, message)
            finally:
                context.set_spawning_popen(None)
            self.sentinel, told = _server.connect_to_new_process(self._fds)
            # Held open: where it closes, the process knows that this one has ended.
            held = os.dup(told)
            self.finalizer = Finalize(self, _close, (held, self.sentinel))
            with os.fdopen(told, "wb") as pipe:
                pipe.write(message.getbuffer())
            try:
                self.pid = forkserver.read_signed(self.sentinel)
            except EOFError as error:
                raise ConnectionError(_SERVER_ENDED) from error

    def _close(*descriptors: int) -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    class _Process(context.ForkServerProcess):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._environment = dict(os.environ)

        @staticmethod
        def _Popen(process_obj: Any) -> _Popen:  # noqa: N802
            return _Popen(process_obj)

        def run(self) -> None:
            os.environ.clear()
            os.environ.update(self._environment)
            super().run()

    class _Context(context.ForkServerContext):
        Process = _Process

    CONTEXT = _Context()
"""In which pools of processes are made; processes start inside `starting_processes`."""
