"""Who opens connections and says nothing gives way; all that it costs is a log line a second."""

from __future__ import annotations

import logging
import resource

import pytest

pytest.importorskip("uvicorn")

from datakit.pages import connections
from datakit.pages.connections import Connections, OneLineASecond


class Transport:
    def __init__(self) -> None:
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


def test_the_oldest_that_waits_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "most_waiting", lambda: 3)
    waiting = Connections()
    opened = [Transport() for _ in range(5)]
    for transport in opened[:3]:
        waiting.wait(transport)  # type: ignore[arg-type]
    waiting.done(opened[0])  # type: ignore[arg-type]
    for transport in opened[3:]:
        waiting.wait(transport)  # type: ignore[arg-type]
    assert [transport.aborted for transport in opened] == [False, True, False, False, False]


@pytest.mark.parametrize(("files", "most"), [(8, 4), (100, 25), (1 << 20, 64)])
def test_few_open_files_leave_room_for_work(
    files: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (files, files))
    assert connections.most_waiting() == most


def record(text: str) -> logging.LogRecord:
    try:
        raise OSError("gone\nbadly")
    except OSError as error:
        info = (type(error), error, error.__traceback__)
    return logging.LogRecord("x", logging.ERROR, __file__, 1, text, (), info)


def test_a_log_has_one_line_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [10.0]
    monkeypatch.setattr(connections.time, "monotonic", lambda: now_s[0])
    limit = OneLineASecond()
    first = record("failed \x1b[31m\nsecond line")
    assert limit.filter(first)
    text = logging.Formatter("%(message)s").format(first)
    assert "\n" not in text and "\x1b" not in text
    assert "gone badly" in text
    now_s[0] += 0.9
    assert not limit.filter(record("again"))
    now_s[0] += 0.2
    assert limit.filter(record("later"))
