"""Signals end with 128 and their number, what nobody foresaw with 70 and a traceback in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from datakit.cli import ending, streams


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds_work_and_names_the_way_on(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    tidied = False
    with pytest.raises(ending.Terminated) as caught, ending.working():
        try:
            os.kill(os.getpid(), number)
        finally:
            tidied = True
    assert tidied
    assert ending.interrupted(caught.value, "with --resume") == 128 + number
    said = capsys.readouterr().err
    word = "Interrupted" if number == signal.SIGINT else f"Ended by {number.name}"
    assert said == f"{word}; run the same command with --resume.\n"


def test_handlers_are_back_after_work() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with ending.working():
        assert signal.getsignal(signal.SIGTERM) is ending.unwind
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_nohup_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with ending.working():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_second_signal_does_not_disturb_the_tidying_up() -> None:
    with pytest.raises(ending.Terminated) as caught, ending.working():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGHUP)
    assert caught.value.number == signal.SIGTERM


def test_before_work_begins_a_signal_ends_at_once() -> None:
    code = (
        "import os, signal\n"
        "from datakit.cli import ending\n"
        "ending.listen(ending.end_at_once)\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "print('not reached')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")


def test_a_fault_is_one_line_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    try:
        raise RuntimeError("two\nlines \x1b[2J")
    except RuntimeError as error:
        assert ending.fault(error) == 70
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "\x1b" not in said
    (kept,) = tmp_path.iterdir()
    assert str(kept) in said
    assert "test_a_fault_is_one_line_and_a_file" in kept.read_text()


def test_a_traceback_without_room_is_no_second_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    assert ending.fault(ValueError()) == 70
    assert "ValueError; its traceback could not be kept" in capsys.readouterr().err


def test_lost_output_is_told_and_never_a_finding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(streams, "loss", lambda: None)
    assert ending.finish(1) == 1
    monkeypatch.setattr(streams, "loss", lambda: "No space left on device")
    assert ending.finish(1) == 70
    assert "the work itself is done" in capsys.readouterr().err
