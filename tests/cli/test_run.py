"""``datakit run``: the plan, the steps, exit codes, what is said of mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_errors import DONE, FAILED, FINDINGS, datakit, refused
from tests.verbs.exports import Export, box


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = Export(tmp_path / "export")
    for name in ("a.jpg", "b.jpg"):
        made.annotate(made.image(name), [box(2, 2, 20, 16)])
    made.write()
    (tmp_path / "p.yaml").write_text(
        "steps:\n  - {name: masks, verb: coco2mask, src: export}\n  - verb: validate\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_steps_and_what_became_of_them(work: Path) -> None:
    first = datakit("run", "p.yaml", "-o", "out", "--workers", 0)
    assert first.exit_code == DONE
    assert any(
        line.startswith("masks: done, 2 samples, 2 masks") for line in first.stderr.splitlines()
    )
    assert "done" in first.stdout
    assert "where: out" in first.stdout
    second = datakit("run", "p.yaml", "-o", "out")
    assert second.exit_code == DONE
    assert second.stdout.count("up to date") == 2
    assert second.stderr == ""


def test_plans(work: Path) -> None:
    plan = datakit("run", "p.yaml", "-o", "out", "--dry-run")
    assert plan.exit_code == DONE
    assert "2 samples to read" in plan.stdout
    assert "nothing was run" in plan.stdout
    assert not (work / "out").exists()
    datakit("run", "p.yaml", "-o", "out", "--workers", 0)
    (work / "p.yaml").write_text(
        (work / "p.yaml").read_text().replace("src: export", "src: export, boxes: paint")
    )
    text = " ".join(datakit("run", "p.yaml", "-o", "out", "--explain").stdout.split())
    assert 'option boxes: "skip" -> "paint"' in text


def test_json_is_one_object(work: Path) -> None:
    result = datakit("run", "p.yaml", "-o", "out", "--workers", 0, "--json")
    summary = json.loads(result.stdout)
    assert [step["action"] for step in summary["steps"]] == ["run", "run"]


def test_quiet_says_nothing(work: Path) -> None:
    assert datakit("run", "p.yaml", "-o", "out", "--workers", 0, "-q").output == ""


@pytest.mark.parametrize("kind", ["roboflow", "p3m", "selfie"])
def test_an_example_to_start_from(work: Path, kind: str) -> None:
    result = datakit("run", "--init", kind)
    assert result.exit_code == DONE
    assert result.stdout.startswith("# ")
    assert result.stderr == ""
    (work / "mine.yaml").write_text(result.stdout)
    # As it stands it names files that nobody has: the error says which, and where from.
    refused(datakit("run", "mine.yaml", "-o", "out"), "mine.yaml line", "no such file or folder")
    assert not (work / "out").exists()


def test_exit_codes_are_those_of_the_steps(work: Path) -> None:
    (work / "export/a.jpg").write_bytes(b"")
    result = datakit("run", "p.yaml", "-o", "out", "--workers", 0)
    assert result.exit_code == FAILED
    assert "masks: what failed, and why: failures.jsonl in out/masks" in result.stdout
    (work / "p.yaml").write_text("steps: [{verb: validate, src: export, on_findings: stop}, dedup]")
    result = datakit("run", "p.yaml", "-o", "other", "--workers", 0)
    assert result.exit_code == FINDINGS
    assert "not run" in result.stdout
    assert "on_findings: stop" in " ".join(result.stdout.split())


def test_what_is_missing_or_wrong(work: Path) -> None:
    refused(datakit("run"), "PIPELINE.yaml", "--init")
    refused(datakit("run", "p.yaml"), "-o DST")
    refused(datakit("run", "no.yaml", "-o", "out"), "no.yaml: no such file", "--init")
    refused(datakit("run", "export", "-o", "out"), "expected a pipeline (.yaml), found a folder")
    refused(datakit("run", "export/a.jpg", "-o", "out"), "expected YAML")
    refused(datakit("run", "--init", "sepia"), "sepia", "roboflow")
    refused(datakit("run", "p.yaml", "-o", "out", "--ray-address", "auto"), "--engine ray")
    refused(datakit("run", "p.yaml", "-o", "s3://bucket/x"), "on this machine")
    (work / "bad.yaml").write_text("steps:\n  - verb: split\n    src: export\n    vall: 0.1\n")
    refused(datakit("run", "bad.yaml", "-o", "out"), "bad.yaml line 4", "did you mean 'val'")
    assert not (work / "out").exists()


def test_a_ctrl_c_says_how_to_go_on(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("datakit.verbs.run.run.run", interrupted)
    result = datakit("run", "p.yaml", "-o", "out")
    assert result.exit_code == 130
    assert "run the same command again" in result.stderr
