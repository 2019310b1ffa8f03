"""What standard output and error cannot take is lost without undoing the work, and told by 70."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
from datakit.cli import streams
streams.prepare()
print("{text}")
sys.stdout.flush()
sys.stderr.write(f"{{streams.loss()}}\\n")
"""


def run(code: str, stdout: int, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_what_is_printed_arrives() -> None:
    done = run(CODE.format(text="héllo"), subprocess.PIPE, PYTHONIOENCODING="utf-8")
    assert (done.returncode, done.stderr) == (0, "None\n")


def test_characters_that_the_terminal_lacks_are_escapes() -> None:
    done = run(CODE.format(text="a \\u4eba b"), subprocess.PIPE, PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stdout) == (0, "a \\u4eba b\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_a_loss() -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(CODE.format(text="x"), full.fileno())
    assert done.returncode == 0
    assert "No space left" in done.stderr


def test_a_reader_that_has_gone_is_no_loss() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(CODE.format(text="x"), writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "None\n")


def test_a_closed_stream_takes_no_file_of_ours(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from datakit.cli import streams\n"
        "streams.prepare()\n"
        f"handle = os.open({str(tmp_path / 'file')!r}, os.O_CREAT | os.O_WRONLY)\n"
        "print('words')\n"
        "sys.stderr.write(f'{handle} {streams.loss()}\\n')\n"
    )
    shell = f'exec "{sys.executable}" -c "$CODE" 1>&-'
    done = subprocess.run(
        ["sh", "-c", shell],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "CODE": code},
    )
    number, _, reason = done.stderr.strip().partition(" ")
    assert int(number) > 2
    assert reason == "it is closed"
    assert (tmp_path / "file").read_bytes() == b""
