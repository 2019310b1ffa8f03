"""`qc` from files to report: every kind of bad file, repairs, rejudging, sameness of bytes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import datakit
from datakit.errors import InputError, SchemaError
from datakit.io.pixels import decoders, images
from datakit.verbs.shared.progress import SilentProgress
from tests.planted.base import jpeg, to_levels
from tests.planted.mattes import CleanMatte, analytic_matte

HW = (240, 180)
Write = Callable[[Path, CleanMatte, np.ndarray], None]


def save_png(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.encode_png(pixels))


def pair(folder: Path, name: str, seed: int) -> tuple[CleanMatte, np.ndarray]:
    matte = analytic_matte(seed, HW)
    save_png(folder / "images" / f"{name}.png", matte.image)
    return matte, to_levels(matte.alpha)


def truncated(alphas: Path, levels: np.ndarray) -> None:
    data = images.encode_png(levels)
    (alphas / "truncated.png").write_bytes(data[: len(data) // 2])


def float_nan(alphas: Path, levels: np.ndarray) -> None:
    Image.fromarray(np.full(levels.shape, np.nan, np.float32)).save(alphas / "float_nan.tiff")


def sixteen(alphas: Path, levels: np.ndarray) -> None:
    save_png(
        alphas / "sixteen.png",
        levels.astype(np.uint16) * 257 + 3 * (levels == 100).astype(np.uint16),
    )


def palette(alphas: Path, levels: np.ndarray) -> None:
    picture = Image.fromarray(levels, "L").convert("P", palette=Image.Palette.ADAPTIVE)
    picture.save(alphas / "palette.png")


def colour(alphas: Path, levels: np.ndarray) -> None:
    save_png(alphas / "colour.png", np.dstack([levels, levels // 2, 255 - levels]))


def equal_channels(alphas: Path, levels: np.ndarray) -> None:
    save_png(alphas / "equal_channels.png", np.dstack([levels] * 3))


BAD: dict[str, tuple[Callable[[Path, np.ndarray], None], set[str]]] = {
    "truncated": (truncated, {"truncated"}),
    "text": (lambda a, v: (a / "text.png").write_text("no picture") and None, {"unreadable"}),
    "nothing": (lambda a, v: (a / "nothing.png").write_bytes(b"") or None, {"unreadable"}),
    "float_nan": (float_nan, {"value_range", "empty"}),
    "sixteen": (sixteen, set()),
    "palette": (palette, {"palette"}),
    "colour": (colour, {"channels"}),
    "equal_channels": (equal_channels, {"channels"}),
    "one_bit": (lambda a, v: Image.fromarray(v > 127).save(a / "one_bit.png"), {"bit_depth"}),
    "zero_one": (
        lambda a, v: save_png(a / "zero_one.png", (v > 127).astype(np.uint8)),
        {"coding", "binary"},
    ),
    "turned": (
        lambda a, v: save_png(a / "turned.png", np.ascontiguousarray(np.rot90(v))),
        {"turned"},
    ),
    "half": (lambda a, v: save_png(a / "half.png", v[::2, ::2].copy()), {"size_differs"}),
    "jpeg": (
        lambda a, v: (a / "jpeg.jpg").write_bytes(cv2.imencode(".jpg", v)[1]) and None,
        {"jpeg_alpha"},
    ),
    "inverse": (lambda a, v: save_png(a / "inverse.png", 255 - v), {"inverted"}),
    "shifted": (
        lambda a, v: save_png(a / "shifted.png", np.roll(v, 3, axis=1)),
        {"misaligned"},
    ),
    "clean": (lambda a, v: save_png(a / "clean.png", v), set()),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mattes")
    (folder / "alphas").mkdir()
    for seed, (name, (write, _)) in enumerate(BAD.items()):
        _, levels = pair(folder, name, seed)
        write(folder / "alphas", levels)
    pair(folder, "no_alpha", 30)
    save_png(folder / "alphas" / "no_image.png", np.zeros((9, 9), np.uint8))
    return folder


@pytest.fixture(scope="module")
def report(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "out"
    datakit.qc(source, out, workers=0)
    return out


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def findings_of(report: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows_of(report / "qc.jsonl"):
        found.setdefault(Path(row["sample"]).stem, set()).add(row["check"])
    return found


@pytest.mark.parametrize("name", BAD)
def test_each_bad_file_is_found_for_what_it_is(report: Path, name: str) -> None:
    found = findings_of(report).get(name, set())
    if BAD[name][1]:
        assert BAD[name][1] <= found
    else:
        assert found == set()


def test_nothing_is_lost(report: Path) -> None:
    table = pd.read_parquet(report / "qc.parquet")
    assert {Path(name).stem for name in table["id"]} == set(BAD)
    failures = rows_of(report / "failures.jsonl")
    assert {Path(row["file"]).stem for row in failures} == {"no_alpha", "no_image"}


def test_the_three_forms_of_findings_agree(report: Path) -> None:
    rows = rows_of(report / "qc.jsonl")
    with (report / "qc.csv").open(newline="") as handle:
        table = list(csv.DictReader(handle))
    assert [(r["sample"], r["check"], r["words"]) for r in rows] == [
        (r["sample"], r["check"], r["words"]) for r in table
    ]
    assert all(float(r["score"]) >= float(r["threshold"]) for r in table)
    assert (report / "qc.svg").read_bytes().startswith(b"<?xml")


def test_every_check_that_reports_has_a_sheet(report: Path) -> None:
    reported = set().union(*findings_of(report).values())
    sheets = {path.stem for path in (report / "sheets").glob("*.png")}
    assert sheets == reported
    page = (report / "qc.html").read_text()
    assert all(f'<section id="check-{check}"' in page for check in reported)
    assert '<a href="#failures">2 items could not be processed.</a>' in page
    sheet = decoders.decode_photo((report / "sheets" / "misaligned.png").read_bytes())
    assert sheet.std() > 10


def test_the_words_say_how_far(report: Path) -> None:
    rows = rows_of(report / "qc.jsonl")
    words = next(r["words"] for r in rows if r["check"] == "misaligned" and "shifted" in r["file"])
    assert "(+3, +0) px" in words


def test_rejudging_sees_what_the_run_saw(report: Path, tmp_path: Path) -> None:
    first = datakit.qc(rejudge=report / "qc.parquet", out=tmp_path / "again")
    assert (tmp_path / "again" / "qc.jsonl").read_bytes() == (report / "qc.jsonl").read_bytes()
    assert (tmp_path / "again" / "qc.parquet").read_bytes() == (report / "qc.parquet").read_bytes()
    loose = {name: {"enabled": False} for name, c in first.checks.items() if c.error}
    second = datakit.qc(rejudge=report, checks=loose)
    assert first.counts["error"] > 0
    assert second.counts["error"] == second.findings == 0
    assert second.out is None


def test_fewer_checks_are_judged_on_request(report: Path) -> None:
    assert set(datakit.qc(rejudge=report, check=("halo",)).checks) == {"halo"}
    family = datakit.qc(rejudge=report, check=("file",))
    assert {counts.family for counts in family.checks.values()} == {"file"}
    with pytest.raises(InputError, match="haloo"):
        datakit.qc(rejudge=report, check=("haloo",))


def test_fail_on_decides_the_exit_code(report: Path) -> None:
    codes = {
        level: datakit.qc(rejudge=report, check=("palette",), fail_on=level).exit_code
        for level in ("review", "warning", "error", "never")
    }
    assert codes == {"review": 1, "warning": 0, "error": 0, "never": 0}


def test_a_target_is_judged(report: Path) -> None:
    near = datakit.qc(rejudge=report, target=("fg_ratio=0.9+-0.01",))
    assert near.checks["foreground_target"].warning > 5


def test_workers_do_not_change_a_byte(source: Path, report: Path, tmp_path: Path) -> None:
    datakit.qc(source, tmp_path / "out", workers=2)
    for path in sorted(report.rglob("*")):
        if path.is_file():
            other = tmp_path / "out" / path.relative_to(report)
            assert other.read_bytes() == path.read_bytes(), path.name


def test_safe_repairs(tmp_path: Path) -> None:
    source = tmp_path / "mattes"
    before = {}
    for name, seed in (("residue", 1), ("coded", 2), ("channels", 3), ("clean", 4), ("half", 5)):
        _, before[name] = pair(source, name, seed)
    save_png(source / "alphas" / "residue.png", jpeg(before["residue"], 85))
    save_png(source / "alphas" / "coded.png", (before["coded"] > 127).astype(np.uint8))
    save_png(source / "alphas" / "channels.png", np.dstack([before["channels"]] * 3))
    save_png(source / "alphas" / "clean.png", before["clean"])
    save_png(source / "alphas" / "half.png", before["half"][::2, ::2].copy())
    original = {path: path.read_bytes() for path in source.rglob("*.png")}
    result = datakit.qc(source, tmp_path / "fixed", fix="safe", workers=0, sheet=0)
    assert {path: path.read_bytes() for path in source.rglob("*.png")} == original

    assert (result.counts["fixed"], result.failed) == (3, 1)
    with (tmp_path / "fixed" / "fixes.csv").open(newline="") as handle:
        fixes = {(row["sample"], row["fix"]) for row in csv.DictReader(handle)}
    assert {("coded.png", "rescaled"), ("channels.png", "channel taken")} <= fixes
    assert ("residue.png", "residue snapped") in fixes
    assert not any(sample == "clean.png" for sample, _ in fixes)

    def fixed(name: str) -> np.ndarray:
        return decoders.decode_stored((tmp_path / "fixed" / "alphas" / f"{name}.png").read_bytes())

    assert np.array_equal(fixed("clean"), before["clean"])
    assert np.array_equal(fixed("channels"), before["channels"])
    assert np.array_equal(fixed("coded"), (before["coded"] > 127) * 255)
    again = datakit.qc(tmp_path / "fixed", tmp_path / "again", workers=0, sheet=0)
    assert again.checks["residue"].judged == 4
    assert not (again.checks["residue"].review or again.checks["coding"].error)
    assert not datakit.validate(tmp_path / "fixed").problems


def test_masks_are_checked_as_masks(tmp_path: Path) -> None:
    for seed in range(3):
        _, levels = pair(tmp_path / "set", f"person{seed}", seed)
        save_png(tmp_path / "set" / "masks" / f"person{seed}.png", (levels > 127) * np.uint8(1))
    result = datakit.qc(tmp_path / "set", tmp_path / "out", workers=0, sheet=0)
    assert result.checks["binary"].judged == result.checks["coding"].judged == 0
    assert result.checks["misaligned"].judged == 3
    assert result.counts["error"] == 0


def test_an_interrupted_run_ends_the_same(source: Path, report: Path, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    class Impatient(SilentProgress):
        seen = 0

        def advance(self, failed: int) -> None:
            self.seen += 1
            if self.seen == 5:
                raise Stop

    from datakit.verbs.qc.options import Options
    from datakit.verbs.qc.run import run

    out = tmp_path / "out"
    with pytest.raises(Stop):
        run(Options(src=(str(source),), out=str(out), workers=0), Impatient())
    assert not (out / "qc.jsonl").exists()
    for _ in range(2):
        datakit.qc(source, out, workers=0, resume=True)
        for name in ("qc.jsonl", "qc.parquet", "qc.csv", "qc.svg", "qc.html", "failures.jsonl"):
            assert (out / name).read_bytes() == (report / name).read_bytes(), name


def test_a_dry_run_writes_nothing(source: Path, tmp_path: Path) -> None:
    result = datakit.qc(source, tmp_path / "out", dry_run=True)
    assert result.counts["would process"] == len(BAD) + 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "expected SRC and -o DST"),
        ({"src": ("x",)}, "expected SRC and -o DST"),
        ({"src": ("x",), "rejudge": "y"}, "takes no SRC"),
        ({"rejudge": "y", "fix": "safe"}, "sees no pixels"),
        ({"rejudge": "/no/such.parquet"}, "cannot be read"),
        ({"rejudge": "y", "target": ("a=b",)}, "target"),
        ({"rejudge": "y", "checks": {"halo": {"warn": 1}}}, "option checks"),
        ({"rejudge": "y", "checks": {"hallo": {"warning": 1.0}}}, "'hallo' is not known"),
    ],
)
def test_wrong_use_is_one_sentence(options: dict, words: str) -> None:
    with pytest.raises((InputError, SchemaError), match=words):
        datakit.qc(**options)


def test_a_segmenter_judges_the_content(sample_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    source = tmp_path / "set"
    for name in ("whole", "torn"):
        image = (sample_data / "portraits" / "images" / "astronaut.jpg").read_bytes()
        stored = decoders.decode_mask(
            (sample_data / "portraits" / "alphas" / "astronaut.png").read_bytes()
        )
        if name == "torn":
            stored = stored.copy()
            stored[stored.shape[0] * 3 // 4 :] = 0
        save_png(source / "alphas" / f"{name}.png", stored)
        (source / "images").mkdir(exist_ok=True)
        (source / "images" / f"{name}.jpg").write_bytes(image)
    result = datakit.qc(source, tmp_path / "out", workers=0, sheet=0, segmenter="mediapipe-selfie")
    found = findings_of(tmp_path / "out")
    assert "missing_region" in found["torn"]
    assert "missing_region" not in found.get("whole", set())
    assert any("sha256" in note for note in result.notes)
    with pytest.raises(InputError, match="mediapipe-selfie"):
        datakit.qc(source, tmp_path / "other", segmenter="none such")


def test_a_hand_cut_out_of_a_real_matte_is_reported(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    folder = shared_data / "matting/ppm100"
    name, half = "506937171_b73ff1c24b_o", cv2.IMREAD_REDUCED_COLOR_2
    image = cv2.imread(str(folder / f"image/{name}.jpg"), half)[..., ::-1]
    alpha = cv2.imread(str(folder / f"alpha/{name}.jpg"), half)[..., 0].copy()
    high = len(alpha)
    for stem in ("whole", "cut"):
        save_png(tmp_path / f"set/images/{stem}.png", np.ascontiguousarray(image))
        save_png(tmp_path / f"set/alphas/{stem}.png", alpha)
        alpha[round(0.28 * high) : round(0.43 * high), : round(0.33 * high)] = 0
    result = datakit.qc(
        tmp_path / "set", tmp_path / "out", workers=0, sheet=0, segmenter="mediapipe-selfie"
    )
    found = findings_of(tmp_path / "out")
    assert "missing_hand" in found["cut"]
    assert "missing_hand" not in found.get("whole", set())
    assert any(note.startswith("hands mediapipe hands (Apache-2.0)") for note in result.notes)


def test_suspects_are_ranked_by_predictions_that_learnt_nothing_from_them(tmp_path: Path) -> None:
    """Two folds: each folder holds what its model says of the samples it did not see."""
    src, folds = tmp_path / "src", (tmp_path / "fold1", tmp_path / "fold2")
    y, x = np.mgrid[:60, :80]
    for n in range(10):
        right = (np.hypot(y - 30, x - 30 - n) < 15 + n % 3) * np.uint8(255)
        label = np.roll(right, 14, axis=1) if n == 4 else right
        photo = np.dstack([right // 2 + 40] * 3)
        for folder, mask in ((src, label), (folds[n % 2], right)):
            for kind, pixels in (("images", photo), ("masks", mask)):
                path = folder / kind / f"{n}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(images.encode_png(pixels))
    done = datakit.qc(
        src, tmp_path / "report", suspects=3, predicted=list(map(str, folds)), workers=0,
        fail_on="never",
    )  # fmt: skip
    with (tmp_path / "report/suspects.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["file"].endswith("4.png") and float(rows[0]["score"]) > 0.1
    assert float(rows[1]["score"]) == 0
    assert int(rows[0]["x1"]) < int(rows[0]["x2"]) <= 80
    assert (tmp_path / "report/sheets/suspects.png").exists()
    assert any("10 of 10 labels were compared with predictions" in note for note in done.notes)
    with pytest.raises(InputError, match="expected what to hold labels against"):
        datakit.qc(src, tmp_path / "other", suspects=3)
    with pytest.raises(InputError, match="expected alphas or masks of the names that SRC has"):
        empty = tmp_path / "empty/images"
        empty.mkdir(parents=True)
        (empty / "z.png").write_bytes((src / "images/0.png").read_bytes())
        datakit.qc(src, tmp_path / "other", suspects=3, predicted=[str(empty.parent)])
