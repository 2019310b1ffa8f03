"""Errors that a first-time user meets end in the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

import datakit
from datakit.errors import DatakitError, InputError
from datakit.io.tables import jsonl
from datakit.records.failure import Failure
from tests.verbs.exports import Export, box, jpeg, photo


@pytest.mark.parametrize("text", ["", "{}", "[", '{"images": []'])
def test_an_annotation_file_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(photo(32, 24)))
    (tmp_path / "_annotations.coco.json").write_text(text)
    with pytest.raises(DatakitError, match="; export it again"):
        datakit.coco2mask(tmp_path, tmp_path / "out", workers=0)


@pytest.mark.parametrize("verb", ["anonymize", "matte", "prelabel", "coco2mask"])
def test_standard_output_is_no_result(tmp_path: Path, verb: str) -> None:
    with pytest.raises(InputError, match=r"-o -: .* standard output; name one"):
        getattr(datakit, verb)(tmp_path, "-")


def test_a_photo_without_a_label(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(photo(32, 24)))
    with pytest.raises(InputError, match=r"found neither; .*datakit prelabel"):
        datakit.matte(tmp_path / "a.jpg", tmp_path / "a.png", workers=0)
    datakit.trimap(tmp_path / "a.jpg", tmp_path / "out", workers=0)
    (row,) = jsonl.read(tmp_path / "out/failures.jsonl", Failure)
    assert "datakit prelabel" in row.error


def test_half_a_photo(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(photo(64, 64))[:-300])
    with pytest.raises(InputError, match="cut off; copy or download it again"):
        datakit.anonymize(tmp_path / "a.jpg", tmp_path / "b.jpg", workers=0)


def test_a_dry_run_says_what_it_did_not_check(tmp_path: Path) -> None:
    made = Export(tmp_path / "export")
    made.annotate(made.image("a.jpg"), [box(2, 2, 9, 9)])
    made.write()
    (made.folder / "a.jpg").unlink()
    plan = datakit.coco2mask(made.folder, tmp_path / "out", dry_run=True)
    assert plan.counts == {"would process": 1, "refused already": 0}
    assert "was not checked, `datakit validate SRC` does" in plan.notes[-1]


@pytest.mark.parametrize(
    ("shape", "bbox", "way"),
    [
        (box(2, 2, 9, 9), [20, 12, 9, 9], "a larger --tolerance"),
        (box(2, 2, 60, 9), None, "a larger --tolerance"),
        ([1, 1, 5, 5], None, "draw it again or drop the annotation"),
    ],
)
def test_a_refused_outline(
    tmp_path: Path, shape: list[float], bbox: list[float] | None, way: str
) -> None:
    made = Export(tmp_path / "export")
    more = {} if bbox is None else {"bbox": bbox}
    made.annotate(made.image("a.jpg"), [shape], **more)
    made.write()
    datakit.coco2mask(made.folder, tmp_path / "out", workers=0)
    (row,) = jsonl.read(tmp_path / "out/failures.jsonl", Failure)
    assert row.error.endswith(way)
    taken = datakit.coco2mask(made.folder, tmp_path / "taken", tolerance="100px", workers=0)
    assert bool(taken.failed) == ("drop" in way)


def test_validate_counts_what_other_verbs_cannot_read(tmp_path: Path) -> None:
    made = Export(tmp_path / "export")
    for name in ("a.jpg", "b.jpg"):
        made.annotate(made.image(name), [box(2, 2, 9, 9)])
    made.write()
    assert "unreadable" not in datakit.validate(made.folder, workers=0).counts
    (made.folder / "a.jpg").unlink()
    counts = datakit.validate(made.folder, workers=0).counts
    assert (counts["samples"], counts["unreadable"], counts["problems"]) == (2, 1, 1)
