"""A real S3 server on loopback (moto's), with a table of faults in front of it."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

KINDS = ("500", "503", "timeout", "short read", "denied", "reset", "silence", "full")


@dataclass
class Fault:
    """What happens to requests that match, and how often.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    methods : str
        Regular expression of HTTP methods.
    path : str
        Regular expression searched in ``/bucket/key?query``.
    after, times : int
        So many matching requests pass first; so many then fail.
    """

    kind: str
    methods: str = ".*"
    path: str = ""
    after: int = 0
    times: int = 1 << 30
    seen: int = 0
    fired: int = 0

    def takes(self, method: str, path: str) -> bool:
        """Tell whether this request is one of those that fail."""
        if not re.fullmatch(self.methods, method) or not re.search(self.path, path):
            return False
        self.seen += 1
        if self.seen <= self.after or self.fired >= self.times:
            return False
        self.fired += 1
        return True


CODES = {
    "500": ("500 Internal Server Error", "InternalError"),
    "503": ("503 Slow Down", "SlowDown"),
    "denied": ("403 Forbidden", "AccessDenied"),
    "full": ("507 Insufficient Storage", "QuotaExceeded"),
}


@dataclass
class Faulty:
    """A WSGI application that fails as its table says, and is the real one otherwise."""

    application: Callable[..., Iterable[bytes]]
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    delay_s: float = 0.0
    hang_s: float = 3.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
        path = environ["PATH_INFO"] + (f"?{query}" if query else "")
        with self._lock:
            self.requests.append((method, path))
            fault = next((f for f in self.faults if f.takes(method, path)), None)
        if self.delay_s:
            time.sleep(self.delay_s)
        if fault is None:
            return self.application(environ, start)
        if fault.kind == "timeout":
            time.sleep(self.hang_s)
            return self._error("503", environ, start)
        if fault.kind in ("reset", "silence"):
            if fault.kind == "reset":
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            # Without an answer; the server then waits for another request, if it can.
            raise ConnectionResetError
        if fault.kind == "short read":
            return self._short(environ, start)
        return self._error(fault.kind, environ, start)

    def _short(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        kept: list[Any] = []
        body = b"".join(self.application(environ, lambda *args: kept.append(args)))
        start(*kept[0])
        return [body[: len(body) // 2]]

    def _error(
        self, kind: str, environ: dict[str, Any], start: Callable[..., Any]
    ) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, code = CODES[kind]
        body = (
            f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>injected</Message></Error>"
        ).encode()
        start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def serve() -> Iterator[tuple[str, Faulty]]:
    """Yield the URL of a server that runs in a thread of this process, and its faults."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    faulty = Faulty(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, faulty, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", faulty
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def environment(url: str) -> dict[str, str]:
    """Return what a process needs to talk to the server."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test-key-id",
        "AWS_SECRET_ACCESS_KEY": "test-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "DATAKIT_STORAGE_ATTEMPTS": "3",
        "DATAKIT_STORAGE_TIMEOUT": "1",
    }
