"""A small pipeline to walk, and what became of its steps."""

from __future__ import annotations

from pathlib import Path

from datakit.records.pipeline import RunSummary
from datakit.verbs.run.options import Options
from datakit.verbs.run.run import run
from tests.verbs.exports import Export, box

STEPS = """
seed: 7
steps:
  - name: masks
    verb: coco2mask
    src: export
  - verb: dedup
    sheet: 0
  - verb: split
    val: 0.34
    duplicates: off
  - verb: validate
  - name: again
    verb: coco2mask
    src: export
    kind: semantic
"""


def small_pipeline(tmp_path: Path) -> Path:
    """Write an export of three photos and a pipeline on it; return their folder."""
    made = Export(tmp_path / "export")
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        made.annotate(made.image(name), [box(2, 2, 20, 16)])
    made.write()
    (tmp_path / "p.yaml").write_text(STEPS)
    return tmp_path


def walk(work: Path, **options: object) -> RunSummary:
    given = {"pipeline": str(work / "p.yaml"), "out": str(work / "out"), "workers": 0}
    return run(Options(**(given | options)))


def ran(summary: RunSummary) -> list[str]:
    return [step.name for step in summary.steps if step.action in ("run", "resume")]


def change(work: Path, old: str, new: str) -> None:
    text = (work / "p.yaml").read_text()
    assert old in text
    (work / "p.yaml").write_text(text.replace(old, new))


def why(work: Path, name: str) -> str:
    return "; ".join(next(s.reasons for s in walk(work, explain=True).steps if s.name == name))
