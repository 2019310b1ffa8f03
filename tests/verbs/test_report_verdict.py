"""The verdict names the gravest things first, each with the section that tells more."""

from __future__ import annotations

from collections import Counter

from datakit.records.sample import Sample, Source
from datakit.verbs.report.steps import Step
from datakit.verbs.report.verdict import judge
from datakit.verbs.shared.evidence import Evidence

LOOKED = Step("quality", "qc", checked=True)


def sample(key: str, **facts: object) -> Sample:
    shape = {"width": 4, "height": 4, "file_name": f"images/{key}", "split": "train"}
    return Sample(id=key, source=Source(name=key), **shape | facts)


def test_a_set_that_was_checked_and_found_clean_is_ready() -> None:
    verdict = judge([sample("a.jpg")], Evidence(), [LOOKED])
    assert verdict.heading == "Ready to train"
    assert not verdict.points
    assert verdict.text == "No error or warning is on record."


def test_nothing_is_ready_that_nobody_looked_at() -> None:
    verdict = judge([sample("a.jpg", split=None)], Evidence(), [])
    assert [key for _, key in verdict.points] == ["quality", "samples"]
    assert verdict.points[0][0] == "No qc is on record: nobody has looked for errors in the labels."


def test_three_points_and_how_many_more() -> None:
    rows = [
        sample("a.jpg", group="g", tags=("draft",)),
        sample("b.jpg", group="g", split="val", label_state="partial"),
        sample("c.jpg", label_state="none"),
    ]
    found = Counter({("edge", "halo", "error"): 3, ("shape", "holes", "warning"): 1})
    steps = [
        Step("masks", "coco2mask", failed=2),
        Step("quality", "qc", failed=1, findings=found, checked=True),
    ]
    verdict = judge(rows, Evidence(), steps)
    assert verdict.points == (
        ("3 items could not be processed, in masks and quality.", "failures"),
        ("1 group in more than one split.", "samples"),
        ("quality found 3 errors.", "quality"),
    )
    assert verdict.text == "4 more below."


def test_an_empty_dataset_is_not_ready() -> None:
    assert judge([], Evidence(), [LOOKED]).points[0][1] == "samples"
