"""Pipelines: what runs again and what does not, what a kill leaves, whose files are safe."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

import datakit
from datakit.errors import DatakitError, InputError
from datakit.verbs.run import pipeline_plan
from datakit.verbs.run.run import example
from tests.verbs.exports import tree
from tests.verbs.walks import change, ran, small_pipeline, walk, why

ALL = ["masks", "dedup", "split", "validate", "again"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return small_pipeline(tmp_path)


def test_first_run_then_nothing(work: Path) -> None:
    first = walk(work)
    assert ran(first) == ALL
    assert first.exit_code == 0
    files = tree(work / "out")
    second = walk(work)
    assert ran(second) == []
    assert [step.counts for step in second.steps] == [step.counts for step in first.steps]
    assert {name for name, data in tree(work / "out").items() if files.get(name) != data} <= {
        name for name in files if name.startswith(".datakit/inputs/") and name.endswith(".json")
    }


def test_a_step_reads_the_last_dataset_not_the_last_report(work: Path) -> None:
    steps = {step.name: step.reads for step in walk(work).steps}
    assert steps["split"] == ("masks",)
    assert steps["validate"] == ("split",)
    problems = json.loads((work / "out/validate/validate.json").read_text())
    assert problems["counts"]["samples"] == 3


def test_a_changed_option_redoes_what_depends_on_it(work: Path) -> None:
    walk(work)
    change(work, "val: 0.34", "val: 0.67")
    assert why(work, "split") == "option val: 0.34 -> 0.67"
    assert why(work, "validate") == "split, which it reads, is another"
    assert ran(walk(work)) == ["split", "validate"]
    assert ran(walk(work)) == []


def test_an_option_written_out_as_it_is_by_default_changes_nothing(work: Path) -> None:
    walk(work)
    change(work, "kind: semantic", "kind: semantic\n    rule: union\n    workers: 1")
    assert ran(walk(work)) == []


def test_a_changed_file_redoes_what_reads_it(work: Path) -> None:
    walk(work)
    photo = work / "export/b.jpg"
    (work / "export/a.jpg").write_bytes(photo.read_bytes())
    (work / "export/new.txt").write_text("x")
    text = why(work, "masks")
    assert text == "export: 1 changed (a.jpg), 1 new (new.txt)"
    assert ran(walk(work)) == ALL


def test_a_touched_file_changes_nothing(work: Path) -> None:
    walk(work)
    for path in (work / "export").iterdir():
        os.utime(path)
    assert ran(walk(work)) == []


def test_another_version_redoes_all(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk(work)
    monkeypatch.setattr(pipeline_plan, "__version__", "9.9")
    assert why(work, "masks") == f"datakit {datakit.__version__} -> 9.9"
    assert ran(walk(work)) == ALL


def test_a_result_that_was_damaged_is_made_again_and_no_more(work: Path) -> None:
    walk(work)
    before = tree(work / "out/masks")
    (work / "out/masks/masks/a.png").unlink()
    (work / "out/masks/masks/b.png").write_bytes(b"x")
    text = "its result is not as it was made: 1 changed (masks/b.png), 1 gone (masks/a.png)"
    assert why(work, "masks") == text
    # The dataset that comes is the same, so what was made from it stands.
    assert ran(walk(work)) == ["masks"]
    assert tree(work / "out/masks") == before


def test_files_that_a_person_put_into_a_result_are_never_deleted(work: Path) -> None:
    walk(work)
    (work / "out/masks/review.jsonl").write_text("{}\n")
    assert ran(walk(work)) == []
    change(work, "src: export\n  - verb: dedup", "src: export\n    boxes: paint\n  - verb: dedup")
    with pytest.raises(InputError, match=r"review.jsonl, which this run did not write.*--redo"):
        walk(work)
    assert (work / "out/masks/review.jsonl").exists()
    assert ran(walk(work, redo=("masks",))) == ["masks", "dedup", "split", "validate"]
    assert not (work / "out/masks/review.jsonl").exists()


def test_redo_takes_what_depends_on_it_along(work: Path) -> None:
    walk(work)
    assert ran(walk(work, redo=("split",))) == ["split", "validate"]
    with pytest.raises(InputError, match=r"--redo spilt: no such step.*masks"):
        walk(work, redo=("spilt",))


def test_a_renamed_step_leaves_the_old_result(work: Path) -> None:
    walk(work)
    change(work, "name: again", "name: other")
    summary = walk(work)
    assert ran(summary) == ["other"]
    assert any("no step makes" in note and "again" in note for note in summary.notes)
    assert (work / "out/again/dataset.json").is_file()


def test_dry_run_writes_nothing_and_counts(work: Path) -> None:
    summary = walk(work, dry_run=True)
    assert ran(summary) == ALL
    assert [step.items for step in summary.steps] == [3, None, None, None, 3]
    assert not (work / "out").exists()
    walk(work)
    before = tree(work / "out")
    again = walk(work, dry_run=True, redo=("split",)).steps
    assert [step.items for step in again] == [None, None, 3, None, None]
    assert tree(work / "out") == before


def test_the_same_files_under_another_name_change_nothing(work: Path) -> None:
    walk(work)
    (work / "export").rename(work / "moved")
    (work / "p.yaml").write_text((work / "p.yaml").read_text().replace("export", "moved"))
    assert ran(walk(work)) == []


def test_findings_and_failures_continue_or_stop(work: Path) -> None:
    (work / "export/a.jpg").write_bytes(b"")
    summary = walk(work)
    assert summary.exit_code == 3
    assert summary.steps[0].failed == 1
    assert ran(summary) == ALL
    # What is up to date still has its failures.
    assert walk(work).exit_code == 3
    change(work, "src: export\n  - verb", "src: export\n    on_failures: stop\n  - verb")
    summary = walk(work)
    assert [step.action for step in summary.steps] == ["skip", *["stop"] * 4]
    assert "on_failures: stop" in summary.steps[1].reasons[0]
    assert summary.exit_code == 3


def test_nothing_left_ends_the_walk(work: Path) -> None:
    for path in (work / "export").glob("*.jpg"):
        path.write_bytes(b"")
    summary = walk(work)
    assert [step.action for step in summary.steps] == ["run", *["stop"] * 4]
    assert "masks left no sample" in summary.steps[1].reasons[0]
    assert summary.exit_code == 3


def test_a_step_that_cannot_run_names_its_line(work: Path) -> None:
    change(work, "val: 0.34", "val: 5000")
    with pytest.raises(InputError, match=r"p.yaml line 9, step split: "):
        walk(work)
    # The steps before it are done, and the next run goes on there.
    change(work, "val: 5000", "val: 1")
    assert ran(walk(work)) == ["split", "validate", "again"]


def test_folders_that_are_none_of_a_run(work: Path) -> None:
    (work / "mine").mkdir()
    (work / "mine/x.txt").write_text("x")
    with pytest.raises(InputError, match=r"found x.txt and no run.json"):
        walk(work, out=str(work / "mine"))
    for inside in (work, work / "export/run", work / "export"):
        with pytest.raises(DatakitError):
            walk(work, out=str(inside))
    assert (work / "mine/x.txt").exists()
    assert not (work / "export/run").exists()


def test_two_runs_into_one_folder(work: Path) -> None:
    from datakit.io.dataset import run_folder

    with (
        run_folder.claim(work / "out"),
        pytest.raises(InputError, match="another run is writing here"),
    ):
        walk(work)


def test_a_review_is_waited_for_and_applied_again_when_it_changes(work: Path) -> None:
    from datakit.io.dataset.decisions import now, open_log
    from datakit.records.review import Decision

    (work / "p.yaml").write_text(
        "steps:\n"
        "  - {name: masks, verb: coco2mask, src: export}\n"
        "  - {verb: review, apply: true}\n"
        "  - {verb: validate}\n"
    )
    first = walk(work)
    assert [step.action for step in first.steps] == ["run", "stop", "stop"]
    assert f"datakit review {work}/out/masks; then run again" in first.steps[1].reasons[0]
    assert first.exit_code == 1

    def decide(name: str, verdict: str) -> None:
        with open_log(work / "out/masks.review") as log:
            log.add(Decision(id=name, verdict=verdict, at=now()))

    decide("a.jpg", "reject")
    second = walk(work)
    assert ran(second) == ["review", "validate"]
    assert second.steps[1].counts["samples"] == 2
    (work / "out/masks.review/thumbnails").mkdir(exist_ok=True)
    (work / "out/masks.review/thumbnails/1.jpg").write_bytes(b"x")
    assert ran(walk(work)) == []
    decide("b.jpg", "reject")
    assert why(work, "review").endswith("masks.review/review.jsonl: 1 changed (review.jsonl)")
    assert walk(work).steps[1].counts["samples"] == 1


def test_options_that_name_results_of_steps(work: Path, sample_data: Path) -> None:
    (work / "photos").symlink_to(sample_data / "portraits")
    (work / "p.yaml").write_text(
        "steps:\n"
        "  - {verb: trimap, src: photos}\n"
        "  - {verb: eval, src: [photos, photos/alphas], kind: alpha}\n"
        "  - {verb: augment, src: photos, preset: light, backgrounds: trimap/images, "
        "allow-people: true, copies: 1}\n"
    )
    first = walk(work)
    assert ran(first) == ["trimap", "eval", "augment"]
    change(work, "verb: trimap,", "verb: trimap, style: p3m,")
    assert ran(walk(work)) == ["trimap", "augment"]


def test_a_source_in_a_store(work: Path, bucket: Any) -> None:
    url = bucket.put(work / "export", "export")
    (work / "p.yaml").write_text(f"steps: [{{verb: coco2mask, src: '{url}'}}]")
    assert ran(walk(work)) == ["coco2mask"]
    assert ran(walk(work)) == []
    (work / "export/a.jpg").write_bytes((work / "export/b.jpg").read_bytes())
    bucket.put(work / "export", "export")
    assert why(work, "coco2mask") == f"{url}: 1 changed (a.jpg)"
    (work / "p.yaml").write_text(f"steps: [{{verb: coco2mask, src: '{url}/nothing'}}]")
    with pytest.raises(InputError, match=r"p.yaml line 1, step coco2mask: s3://"):
        walk(work)


def test_other_programs_read_what_a_pipeline_made(work: Path, sample_data: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")
    import pandas as pd

    (work / "photos").symlink_to(sample_data / "roboflow_export")
    (work / "p.yaml").write_text(
        "steps:\n"
        "  - {name: masks, verb: coco2mask, src: photos, drop-empty: true}\n"
        "  - {verb: split, val: 0.25, duplicates: off}\n"
        "  - {verb: matte, method: guided}\n"
        "  - {verb: augment, preset: light, copies: 1, include-originals: true}\n"
        "  - {verb: qc, src: matte, sheet: 0}\n"
    )
    walk(work)
    out = work / "out/augment"
    table = pd.read_json(out / "metadata.jsonl", lines=True)
    sizes = table.groupby("split").size().to_dict()
    loaded = datasets.load_dataset("imagefolder", data_dir=str(out), cache_dir=str(work / "cache"))
    assert {"train": len(loaded["train"]), "validation": len(loaded["validation"])} == {
        "train": sizes["train"],
        "validation": sizes["val"],
    }
    rows = table.set_index("id")
    for found in loaded["train"]:
        row = rows.loc[found["id"]]
        for picture in ("image", "mask", "alpha"):
            assert found[picture].size == (row["width"], row["height"])
    measured = pd.read_parquet(work / "out/qc/qc.parquet")
    assert len(measured) == len(list((work / "out/matte").rglob("alphas/*.png")))


@pytest.mark.parametrize("kind", ["roboflow", "p3m", "selfie"])
def test_every_example_is_a_pipeline(work: Path, kind: str) -> None:
    from datakit.verbs.run.pipeline_file import load

    (work / "p.yaml").write_text(example(kind))
    assert load(work / "p.yaml", work / "out").steps


def test_the_plates_of_the_selfie_example_are_a_step_beside_the_training_data(work: Path) -> None:
    from datakit.verbs.run.pipeline_file import load

    before, mark, rest = example("selfie").partition("  # - name: plates\n")
    block, end, after = rest.partition("\n\n")
    uncommented = (mark + block).replace("  # ", "  ")
    (work / "p.yaml").write_text(before + uncommented + end + after)
    steps = {step.name: step for step in load(work / "p.yaml", work / "out").steps}
    assert steps["plates"].verb == "inpaint"
    sources = [steps[name].options.src for name in ("plates", "training")]
    assert sources[0] == sources[1] == (str(work / "out/split"),)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["roboflow", "p3m", "selfie"])
def test_every_example_runs_on_the_sample_data(work: Path, sample_data: Path, kind: str) -> None:
    text = example(kind)
    for name, folder in (
        ("export.zip", "roboflow_export"),
        ("portraits", "portraits/images"),
        ("photos", "portraits/images"),
    ):
        text = text.replace(f"src: {name} ", f"src: {sample_data / folder} ")
    (work / "p.yaml").write_text(text)
    assert walk(work).exit_code == 0
    assert (work / "out/report.html").is_file()
    assert ran(walk(work)) == []


def test_the_index_follows_its_schema(work: Path) -> None:
    from datakit.io.tables import schemas

    walk(work)
    assert list(schemas.breaches("run", (work / "out/run.json").read_bytes())) == []


def test_the_schema_of_pipelines_takes_the_examples(work: Path) -> None:
    import yaml

    from datakit.io.tables import schemas

    for kind in ("roboflow", "p3m", "selfie"):
        document = msgspec.json.encode(yaml.safe_load(example(kind)))
        assert list(schemas.breaches("pipeline", document)) == []
    for text in ('{"steps": [{"verb": "splitt"}]}', '{"steps": [{"verb": "split", "vall": 1}]}'):
        assert list(schemas.breaches("pipeline", text.encode()))
