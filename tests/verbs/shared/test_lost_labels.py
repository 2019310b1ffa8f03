"""Labels that are too small for a new size are said, by every verb that writes another size."""

from __future__ import annotations

from pathlib import Path

import pytest

import datakit
from datakit.io.tables import jsonl
from datakit.records.sample import LOST_BY_SIZE, Sample
from datakit.records.summary import Summary
from tests.verbs.exports import Export, box

SMALL, LARGE = box(1, 1, 2, 2), box(16, 16, 40, 40)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Two photos with a small object, one with a small and a large one, one with a large one."""
    made = Export(tmp_path / "export")
    for name, shapes in (
        ("a.jpg", [SMALL]),
        ("b.jpg", [SMALL]),
        ("c.jpg", [SMALL, LARGE]),
        ("d.jpg", [LARGE]),
    ):
        one = made.image(name, wh=(64, 64))
        for shape in shapes:
            made.annotate(one, [shape], category=1 if shape is SMALL else 2)
    made.write()
    return made.folder


def lost(summary: Summary) -> list[str]:
    return [note for note in summary.notes if "at the new size" in note]


def tagged(folder: Path) -> list[str]:
    return [
        row.id for row in jsonl.read(folder / "metadata.jsonl", Sample) if LOST_BY_SIZE in row.tags
    ]


@pytest.mark.parametrize("layout", ["images-masks", "u2net", "coco", "webdataset"])
def test_an_export_says_what_its_size_left_nothing_of(
    export: Path, tmp_path: Path, layout: str
) -> None:
    masks = tmp_path / "masks"
    datakit.coco2mask(export, masks, kind="semantic", workers=0)
    out = tmp_path / "out"
    whole = datakit.export(masks, tmp_path / "whole", format=layout, size="64x64", workers=0)
    assert lost(whole) == []
    summary = datakit.export(masks, out, format=layout, size="8x8", workers=0)
    assert lost(summary)[0].startswith("2 labels without any foreground at the new size, such as a")
    assert lost(summary)[1].startswith("1 label without some class or object at the new size")
    if layout in ("images-masks", "webdataset"):
        assert len(tagged(out)) == 3


@pytest.mark.parametrize("kind", ["binary", "semantic", "instance", "coverage"])
def test_masks_of_another_size_are_said(export: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    summary = datakit.coco2mask(export, out, kind=kind, size="8x8", workers=0)
    assert lost(summary)[0].startswith("2 labels without any foreground at the new size, such as a")
    assert len(lost(summary)) == 1 + (kind in ("semantic", "instance"))
    assert tagged(out)[:2] == ["a.jpg", "b.jpg"]


def test_objects_that_are_gone_are_in_no_row(export: Path, tmp_path: Path) -> None:
    datakit.coco2mask(export, tmp_path / "out", kind="instance", size="8x8", workers=0)
    rows = {row.id: row for row in jsonl.read(tmp_path / "out/metadata.jsonl", Sample)}
    assert [one.area for one in rows["c.jpg"].instances] == [25]
    assert rows["a.jpg"].instances == ()


def test_a_resumed_run_says_the_same(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = datakit.coco2mask(export, out, size="8x8", workers=0)
    (export / "d.jpg").write_bytes((export / "c.jpg").read_bytes())
    again = datakit.coco2mask(export, out, size="8x8", workers=0, resume=True)
    assert lost(again) == lost(first)
