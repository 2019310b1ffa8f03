"""Pipelines that are killed: the next run goes on, and ends with the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datakit.verbs.coco2mask import run as coco2mask
from datakit.verbs.run.options import Options
from datakit.verbs.run.run import run
from datakit.verbs.shared.progress import SilentProgress
from tests.verbs.exports import tree
from tests.verbs.walks import small_pipeline, walk


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return small_pipeline(tmp_path)


def test_a_killed_step_resumes(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk(work)
    expected = tree(work / "out/masks")
    other = work / "other"

    class Stop(BaseException):
        pass

    class Killer(SilentProgress):
        done = 0

        def advance(self, failed: int) -> None:
            self.done += 1
            if self.done == 2:
                raise Stop

    options = Options(pipeline=str(work / "p.yaml"), out=str(other), workers=0)
    with pytest.raises(Stop):
        run(options, Killer())
    seen: list[bool] = []
    real = coco2mask.run
    monkeypatch.setattr(
        coco2mask, "run", lambda o, progress=None: (seen.append(o.resume), real(o, progress))[1]
    )
    summary = run(options)
    assert summary.steps[0].action == "resume"
    assert seen == [True, False]
    assert tree(other / "masks") == expected


@pytest.mark.parametrize("seconds", [0.3, 0.5, 0.7, 0.9])
def test_killed_at_any_moment_the_next_run_ends_with_the_same(work: Path, seconds: float) -> None:
    walk(work)
    out = work / "killed"
    command = [sys.executable, "-m", "datakit", "run", str(work / "p.yaml"), "-o", str(out), "-q"]
    process = subprocess.Popen([*command, "--workers", "0"], start_new_session=True)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    walk(work, out=str(out))

    def kept(folder: Path) -> dict[str, bytes]:
        """The files whose bytes are promised: all but times in the index and in reports."""
        return {
            name: data
            for name, data in tree(folder).items()
            if not name.startswith(".datakit")
            and name not in ("run.json", "validate/validate.json")
        }

    assert kept(out) == kept(work / "out")
