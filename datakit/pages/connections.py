"""Limits of the review server: how many connections, and how long each may stay idle.

A connection costs this process an open file, of which some systems allow 256. Whoever on this
machine opens hundreds and never ends a request (the token is asked for only after it) would shut
the person out; so the oldest of those that wait give way to new ones.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from datakit.errors import printable
from datakit.machine import most_open_files

HEADER_S = 5.0
BODY_S = 30.0
MOST_WAITING = 64
"""Connections that have sent no request yet; a browser opens six."""
BACKLOG = 32


def most_waiting() -> int:
    """Return how many connections may wait: a quarter of the files that this process may open."""
    return max(4, min(MOST_WAITING, most_open_files() // 4))


class Connections:
    """The connections that wait for the end of a request's header or body, the oldest first."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[asyncio.Transport, None] = OrderedDict()
        self._most = most_waiting()

    def wait(self, transport: asyncio.Transport) -> None:
        """Count a connection that waits; the oldest one is cut off when there are too many."""
        self._waiting[transport] = None
        while len(self._waiting) > self._most:
            oldest, _ = self._waiting.popitem(last=False)
            oldest.abort()

    def done(self, transport: asyncio.Transport) -> None:
        """Count a connection no more: its request is whole, or it is gone."""
        self._waiting.pop(transport, None)


class LimitedProtocol(H11Protocol):
    """HTTP/1.1 in which a header and a body have to come in time."""

    waiting = Connections()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        self._expect(HEADER_S)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and see what is still missing."""
        before = self.conn.their_state
        super().data_received(data)
        state = self.conn.their_state
        if state is h11.SEND_BODY and before is not h11.SEND_BODY:
            self._expect(BODY_S)
        elif state is h11.IDLE and self._deadline is None:
            self._expect(HEADER_S)
        elif state not in (h11.SEND_BODY, h11.IDLE):
            self._expect(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the waiting."""
        self._expect(None)
        super().connection_lost(exc)

    def _expect(self, seconds: float | None) -> None:
        """Cut the connection off unless more is known of it by then; None: all is known."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        transport: Any = self.transport
        if seconds is None:
            self.waiting.done(transport)
            return
        self.waiting.wait(transport)
        self._deadline = self.loop.call_later(seconds, transport.abort)


class OneLineASecond(logging.Filter):
    """Lets one record per second through, as one line: a log must not grow with who knocks."""

    def __init__(self) -> None:
        super().__init__()
        self._last_s = -1.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten a record; drop it when another one was let through just before."""
        now_s = time.monotonic()
        if now_s - self._last_s < 1:
            return False
        self._last_s = now_s
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text.splitlines()[0] if text else ''} {record.exc_info[1]}"
        record.msg, record.args = printable(" ".join(text.split())[:500]), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def limit_logs() -> None:
    """Let the server's loggers write one line per second."""
    limit = OneLineASecond()
    for name in ("uvicorn.error", "asyncio"):
        logging.getLogger(name).addFilter(limit)
