"""The verdict names the gravest things first, each with the section that tells more."""

from __future__ import annotations

from datakit.records.failure import Failure
from datakit.records.sample import Sample, Source
from datakit.verbs.report.verdict import judge
from datakit.verbs.shared.evidence import Evidence


def sample(key: str, **facts: object) -> Sample:
    shape = {"width": 4, "height": 4, "file_name": f"images/{key}"}
    return Sample(id=key, source=Source(name=key), **shape, **facts)


def test_nothing_on_record_is_ready() -> None:
    verdict = judge([sample("a.jpg")], Evidence(), 0)
    assert verdict.heading == "Ready to train"
    assert not verdict.points
    assert verdict.text == "No error or warning is on record. No finding of qc is on record."


def test_three_points_and_how_many_more() -> None:
    rows = [
        sample("a.jpg", group="g", split="train", tags=("draft",)),
        sample("b.jpg", group="g", split="val", label_state="partial"),
        sample("c.jpg", label_state="none"),
    ]
    failures = [Failure(id="d.jpg", file="d.jpg", step="decode", error="damaged")]
    verdict = judge(rows, Evidence(failures=failures), 1)
    assert verdict.points[:2] == (
        ("1 file could not be processed.", "failures"),
        ("1 group in more than one split.", "samples"),
    )
    assert verdict.points[2] == ("Nobody has accepted 1 draft yet.", "samples")
    assert verdict.text == "2 more below."


def test_an_empty_dataset_is_not_ready() -> None:
    assert judge([], Evidence(), 0).points[0][1] == "samples"
