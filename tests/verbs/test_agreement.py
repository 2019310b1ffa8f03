"""eval --between and --consensus: agreement of several people, and the one label of them all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels.decoders import decode_ignore, decode_mask
from tests.verbs.exports import Export, box, jpeg, photo, png, tree

WIDTH, HEIGHT = 40, 30
NAMES = ("a", "b")
PEOPLE = ("anna", "ben", "carla")


def square(left: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:20, left : left + 10] = 255
    return mask


def person(root: Path, masks: dict[str, np.ndarray], *, images: bool = True) -> Path:
    for name, mask in masks.items():
        for folder, data in (("images", jpeg(photo(WIDTH, HEIGHT))), ("masks", png(mask))):
            if folder == "masks" or images:
                path = root / folder / f"{name}.{'jpg' if folder == 'images' else 'png'}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    return root


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """Three people: of a, carla is two pixels off; of b all say the same."""
    return [
        person(
            tmp_path / name,
            {"a": square(12 if name == "carla" else 10), "b": square(5)},
            images=name == "ben",
        )
        for name in PEOPLE
    ]


def test_pairs_and_samples(three: list[Path], tmp_path: Path) -> None:
    result = datakit.eval(three, between=True, out=tmp_path / "out", workers=0)
    assert result.exit_code == 0 and result.samples == 2
    by_pair = {(Path(p.first).name, Path(p.second).name): p.metrics for p in result.pairs}
    assert set(by_pair) == {("anna", "ben"), ("anna", "carla"), ("ben", "carla")}
    assert by_pair["anna", "ben"]["iou"].mean == by_pair["anna", "ben"]["boundary_iou"].mean == 1
    # 8 of 12 columns are shared.
    assert by_pair["ben", "carla"]["iou"].worst == pytest.approx(8 / 12)
    assert by_pair["ben", "carla"]["boundary_iou"].worst < 8 / 12
    first = result.worst[0]
    assert (first.id, first.labels) == ("a.jpg", 3)
    assert first.disagreement == pytest.approx(4 / 12, abs=1e-6)
    rows = [json.loads(line) for line in (tmp_path / "out/eval.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["a.jpg", "b.jpg"] and rows[1]["disagreement"] == 0
    assert json.loads((tmp_path / "out/eval.json").read_text())["samples"] == 2


@pytest.mark.parametrize("method", ["majority", "staple"])
def test_one_label_of_all(three: list[Path], tmp_path: Path, method: str) -> None:
    out = tmp_path / "out"
    result = datakit.eval(three, between=True, consensus=method, out=out, workers=0)
    assert result.exit_code == 0 and result.written["samples"] == 2
    first, second = open_sources([str(out)]).items()
    assert first.mask and first.ignore and second.mask and second.ignore is None
    assert np.array_equal(decode_mask(first.mask.read()), square(10))
    assert np.array_equal(decode_ignore(first.ignore.read()), square(10) ^ square(12))
    assert np.array_equal(decode_mask(second.mask.read()), square(5))
    row = json.loads((out / "metadata.jsonl").read_text().splitlines()[0])
    assert row["history"][-1]["verb"] == "eval" and method in row["history"][-1]["params"]
    assert datakit.validate(out, workers=0).problems == ()
    again = tmp_path / "again"
    datakit.eval(three, between=True, consensus=method, out=again, workers=2)
    assert {n: b for n, b in tree(out).items() if n != "dataset.json"} == {
        n: b for n, b in tree(again).items() if n != "dataset.json"
    }


def test_annotation_files_are_compared_by_class(tmp_path: Path) -> None:
    for name, left in (("anna", 10), ("ben", 12)):
        export = Export(tmp_path / name)
        image = export.image("a.jpg", wh=(WIDTH, HEIGHT))
        export.annotate(image, [box(left, 10, 10, 10)])
        export.annotate(image, [box(2, 2, 5, 5)], category=2)
        export.write()
    sources = [tmp_path / "anna", tmp_path / "ben"]
    result = datakit.eval(sources, between=True, workers=0)
    assert "by class" in result.notes[0]
    assert result.pairs[0].metrics["iou"].mean == pytest.approx((8 / 12 + 1) / 2)
    out = tmp_path / "out"
    datakit.eval(sources, between=True, consensus="majority", out=out, workers=0)
    source = open_sources([str(out)])
    assert set(source.label_map) == {"background", "person", "dog"}
    [item] = source.items()
    assert item.mask and item.ignore
    mask, ignore = decode_mask(item.mask.read()), decode_ignore(item.ignore.read())
    assert (mask == source.label_map["dog"]).sum() == 25 and (ignore > 0).sum() == 40


def test_what_somebody_ignores_is_no_disagreement(tmp_path: Path) -> None:
    anna = person(tmp_path / "anna", {"a": square(10)})
    ben = person(tmp_path / "ben", {"a": square(12)})
    ignore = ben / "ignores/a.png"
    ignore.parent.mkdir()
    ignore.write_bytes(png(square(10) ^ square(12)))
    rows = {"file_name": "images/a.jpg", "mask_file_name": "masks/a.png"}
    rows["ignore_file_name"] = "ignores/a.png"
    (ben / "metadata.jsonl").write_text(json.dumps(rows) + "\n")
    result = datakit.eval((anna, ben), between=True, workers=0)
    assert result.worst[0].iou == 1 and result.worst[0].disagreement == 0


def test_a_label_of_another_size_is_a_row(three: list[Path], tmp_path: Path) -> None:
    (three[0] / "masks/a.png").write_bytes(png(np.zeros((5, 5), np.uint8)))
    result = datakit.eval(three, between=True, out=tmp_path / "out", workers=0)
    assert result.exit_code == 3 and result.samples == 1
    assert "labels of one size" in (tmp_path / "out/failures.jsonl").read_text()


def test_wrong_calls_are_one_sentence(three: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least two"):
        datakit.eval(three[:1], between=True)
    with pytest.raises(InputError, match="goes with --between"):
        datakit.eval(three[:2], consensus="staple")
    with pytest.raises(InputError, match="expected -o DST"):
        datakit.eval(three, between=True, consensus="staple")
    with pytest.raises(InputError, match="leave out --compare"):
        datakit.eval(three, between=True, compare=("x",))
    other = person(tmp_path / "other", {"z": square(3)})
    with pytest.raises(InputError, match="equal names"):
        datakit.eval((three[0], other), between=True, workers=0)
