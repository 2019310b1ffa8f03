"""The local engine where processes die."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest
from threadpoolctl import threadpool_info

from datakit.engine import local
from datakit.engine.base import ordered_map
from datakit.engine.local import LocalEngine

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """


from datakit.engine.base import LazyTask, ordered_map
from datakit.engine.local import LocalEngine
from tests.engine.test_local import Large

if __name__ == "__main__":
    items = [Large(str(n), bytes(1 << 20), fatal=n == 3) for n in range(12)]
    task = LazyTask("tests.engine.test_local:Digest", {})
    found = list(ordered_map(LocalEngine(2), task, items))
    assert [outcome.key for outcome in found if outcome.error] == ["3"], found
"""


class Large:
    """An item that fills the pipe to a worker, and may kill the worker that takes it."""

    def __init__(self, key: str, data: bytes, *, fatal: bool) -> None:
        self.key, self.data, self.fatal = key, data, fatal


class Digest:
    def setup(self) -> Digest:
        return self

    def __call__(self, item: Large) -> int:
        import os
        import signal

        if item.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return len(item.data)


def test_large_items_on_their_way_to_a_worker_that_dies_hold_nobody_up(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    # The end of the process is what hung: nothing short of a process shows it.
    done = subprocess.run(
        [sys.executable, str(script)],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr


PLAIN_SCRIPT = """
from datakit.engine.base import LazyTask, ordered_map
from datakit.engine.local import LocalEngine
from tests.engine.test_local import Large

print("once")
items = [Large(str(n), b"x" * n, fatal=False) for n in range(5)]
task = LazyTask("tests.engine.test_local:Digest", {})
print([outcome.value for outcome in ordered_map(LocalEngine(2), task, items)])
"""


@pytest.mark.parametrize("way", ["file", "stdin", "-c"])
def test_a_script_needs_no_guard(tmp_path: Path, way: str) -> None:
    (tmp_path / "script.py").write_text(PLAIN_SCRIPT)
    words = {"file": ["script.py"], "stdin": ["-"], "-c": ["-c", PLAIN_SCRIPT]}[way]
    done = subprocess.run(
        [sys.executable, *words],
        input=PLAIN_SCRIPT if way == "stdin" else None,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.stdout.splitlines() == ["once", "[0, 1, 2, 3, 4]"], done.stderr
    assert done.stderr == ""


KILLED_SCRIPT = """
import time
from datakit.engine.base import LazyTask
from datakit.engine.local import LocalEngine
from tests.engine.test_local import Large

with LocalEngine(2).open(LazyTask("tests.engine.test_local:Digest", {})) as session:
    print(session.submit([Large("a", b"x", fatal=False)]).result()[0].value, flush=True)
    time.sleep(100)
"""


def test_workers_end_when_the_process_that_started_them_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_SCRIPT],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "1\n"
        workers = psutil.Process(parent.pid).children(recursive=True)
        parent.kill()
        parent.wait()
    assert len(workers) >= 2
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


class Threads:
    """Answers with how many threads its linear algebra may use."""

    def setup(self) -> Threads:
        import numpy  # noqa: F401

        return self

    def __call__(self, item: Large) -> int:
        return max(
            library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
        )


def test_linear_algebra_takes_one_thread_in_this_process_too() -> None:
    (outcome,) = ordered_map(LocalEngine(0), Threads(), [Large("", b"", fatal=False)])
    assert outcome.value == 1


@pytest.mark.parametrize("stuck", [True, False])
def test_a_pipe_is_closed_only_under_a_thread_that_is_held_up(
    monkeypatch: pytest.MonkeyPatch, stuck: bool
) -> None:
    monkeypatch.setattr(local, "_FEEDER_S", 0.05)
    end, closed = threading.Event(), threading.Event()
    feeder = threading.Thread(target=end.wait)
    feeder.start()
    if not stuck:
        end.set()
    local._free_feeder(SimpleNamespace(_thread=feeder, _reader=SimpleNamespace(close=closed.set)))
    assert closed.is_set() == stuck
    end.set()
    feeder.join()


@pytest.mark.parametrize(("patience_s", "workers"), [(60.0, 1), (0.0, 2)])
def test_a_second_worker_is_started_when_the_first_takes_long(
    patience_s: float, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_FIRST_S", patience_s)
    monkeypatch.setattr(local, "_PAYS_S", patience_s)
    with LocalEngine(2).open(Digest()) as session:
        handles = [session.submit([Large(str(n), b"x", fatal=False)]) for n in range(3)]
        assert len(cast(Any, session)._pool._processes) == workers
        assert [handle.result()[0].value for handle in handles] == [1, 1, 1]
