"""The local engine where processes die."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
