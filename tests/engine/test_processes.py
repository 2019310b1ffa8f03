"""Processes that are forked from a server."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import psutil
import pytest

from datakit.engine.processes import CONTEXT, starting_processes

ROOT = Path(__file__).resolve().parents[2]


def server_threads() -> tuple[int, bool]:
    """Threads of the process that forked this one, and whether it has OpenCV."""
    server = psutil.Process(os.getppid())
    return server.num_threads(), any("cv2" in one.path for one in server.memory_maps())


def variable(name: str) -> str | None:
    return os.environ.get(name)


def answer(function: object, *args: object) -> object:
    with starting_processes():
        pool = ProcessPoolExecutor(1, CONTEXT)
    with pool, starting_processes():
        return pool.submit(function, *args).result()  # type: ignore[arg-type]


@pytest.mark.skipif(sys.platform != "linux", reason="macOS's server loads nothing")
def test_the_server_has_opencv_and_one_thread() -> None:
    assert answer(server_threads) == (1, True)


def test_a_process_has_the_environment_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAID_LATER", "first")
    assert answer(variable, "SAID_LATER") == "first"
    monkeypatch.setenv("SAID_LATER", "second")
    assert answer(variable, "SAID_LATER") == "second"
    monkeypatch.delenv("SAID_LATER")
    assert answer(variable, "SAID_LATER") is None


FEW_FILES = """
import resource, sys
from datakit.engine.base import LazyTask, ordered_map
from datakit.engine.local import LocalEngine
from datakit.errors import EngineError
from tests.engine.test_local import Large

resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
task = LazyTask("tests.engine.test_local:Digest", {})
try:
    print(len(list(ordered_map(LocalEngine(2), task, [Large("a", b"x", fatal=False)]))))
except EngineError as error:
    print(error)
"""


@pytest.mark.parametrize("files", range(14, 26))
def test_too_few_open_files_are_named_and_nothing_else_is_printed(files: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FEW_FILES, str(files)],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == "1\n" or "open files" in done.stdout


LONG_FOLDER = """
import multiprocessing.util, os, stat, tempfile
from tests.engine.test_processes import answer, variable

print(answer(variable, "TMPDIR") == tempfile.gettempdir())
folder = multiprocessing.util.get_temp_dir()
print(folder, oct(stat.S_IMODE(os.stat(folder).st_mode)))
"""


def in_a_long_folder(tmp_path: Path, program: str) -> str:
    """Run a program whose folder for temporary files has a path too long for a socket."""
    folder = tmp_path / ("deep" * 25)
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", program, "1000"],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_a_long_path_of_the_folder_for_temporary_files_is_too_long_for_sockets_only(
    tmp_path: Path,
) -> None:
    as_ever, folder, mode = in_a_long_folder(tmp_path, LONG_FOLDER).split()
    assert as_ever == "True"
    assert mode == "0o700"
    assert len(folder) < 75
    assert not Path(folder).exists()


def test_no_short_folder_either_is_named(tmp_path: Path) -> None:
    no_tmp = FEW_FILES.replace(
        "import resource, sys",
        "import resource, sys; from datakit.engine import processes; "
        "processes._SHORT_FOLDER = '/proc'",
    )
    assert "set TMPDIR" in in_a_long_folder(tmp_path, no_tmp)


BUSY = """
import os, psutil
from concurrent.futures import ProcessPoolExecutor
from datakit.engine.processes import CONTEXT, starting_processes
from tests.engine.test_processes import burn

with starting_processes():
    pool = ProcessPoolExecutor(1, CONTEXT)
    done = pool.submit(burn)
print(*done.result(), flush=True)
pool.shutdown()
"""


def burn() -> tuple[int, int]:
    """Take half a second of this CPU; return this process and the one that forked it."""
    while sum(os.times()[:2]) < 0.5:
        pass
    return os.getpid(), os.getppid()


def test_processes_have_ended_and_are_in_the_account_when_the_program_ends() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(
        [sys.executable, "-c", BUSY],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stderr == ""
    assert not any(psutil.pid_exists(int(number)) for number in done.stdout.split())
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before > 0.4
