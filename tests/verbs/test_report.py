"""The report: one file, escaped, the same bytes each time, pictures of the dataset alone."""

from __future__ import annotations

import html
import json
import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

import datakit
from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.dataset.run_folder import RunFolder
from datakit.records.anonymization import Anonymization
from datakit.records.card import MOST_FAILURES
from datakit.records.draft import Queued
from datakit.records.finding import Finding
from datakit.records.pipeline import StepRecord
from datakit.records.statistics import Spread, Statistics
from tests.verbs.exports import photo

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
HOSTILE = "</script><script>alert(1)</script>.png"


def dataset(folder: Path, names: list[str], split: str | None = None) -> Path:
    """Write a dataset of photos with masks, as datakit would."""
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    rows = []
    for number, name in enumerate(names):
        file = f"images/{number}.png"
        Image.fromarray(photo(48, 36, seed=number)).save(folder / file)
        mask = np.zeros((36, 48), np.uint8)
        mask[8:30, 10:40] = 255
        Image.fromarray(mask).save(folder / f"masks/{number}.png")
        rows.append(
            {
                "id": f"{split}/{name}" if split else name,
                "file_name": file,
                "mask_file_name": f"masks/{number}.png",
                "width": 48,
                "height": 36,
                "split": split,
                "source": {"name": name, "sha256": f"{number:064x}"},
                "fg_ratio": 0.38,
                "history": [{"verb": "coco2mask", "version": "0", "params": '{"kind":"binary"}'}],
            }
        )
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = {"verb": "coco2mask", "version": "0", "options": {"kind": "binary"}}
    card = {"format": "datakit", "label_map": {"person": 255}, "commands": [command]}
    (folder / "dataset.json").write_text(json.dumps(card))
    return folder


def table(path: Path, *rows: msgspec.Struct) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


def finding(sample: str, **more: Any) -> Finding:
    given = {"severity": "error", "score": 0.9, "words": "a halo & more", **more}
    return Finding(sample=sample, check="halo", family="edge", threshold=0.5, **given)


def waiting(name: str) -> Anonymization:
    return Anonymization(
        id=name,
        status="review",
        reasons=("seen again",),
        sha256_in="0" * 64,
        datakit="0",
        models={"yunet": "1" * 64},
    )


def report(src: Path, out: Path, **options: Any) -> str:
    datakit.report(src, out, workers=0, **options)
    return out.read_text()


def data(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def test_one_file_that_asks_for_nothing(tmp_path: Path) -> None:
    page = report(dataset(tmp_path / "set", ["a.png", "b.png"]), tmp_path / "r.html")
    assert not re.findall(r"""(?:src|href)=["'](?!data:image/jpeg|data:,|#)""", page)
    assert "http" not in re.sub(r'<script type="application/json".*?</script>', "", page).replace(
        "http-equiv", ""
    )
    policy = html.unescape(re.search(r'Security-Policy" content="([^"]*)"', page)[1])  # type: ignore[index]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.findall(r"\son[a-z]+=|\sstyle=", page.split("<script>")[0])


def test_names_are_escaped_everywhere(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "<i>set", [HOSTILE])
    table(set_ / "qc.jsonl", finding(HOSTILE, words=HOSTILE))
    page = report(set_, tmp_path / "r.html")
    assert "<script>alert" not in page
    assert page.count("<script") == page.count("</script>") == 2
    assert "<i>set" not in page
    assert data(page)["id"] == [HOSTILE]


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png", "b.png"])
    assert report(set_, tmp_path / "1.html") == report(set_, tmp_path / "2.html")


def test_every_picture_has_words(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png", "b.png"])
    table(set_ / "qc.jsonl", finding("a.png"))
    page = report(set_, tmp_path / "r.html")
    pictures = re.findall(r"<img [^>]*>", page)
    assert len(pictures) == 3
    assert all(re.search(r'alt="[^"]{5,}"', picture) for picture in pictures)
    assert page.count('role="img"') == page.count("<desc")


def test_without_pictures(tmp_path: Path) -> None:
    page = report(dataset(tmp_path / "set", ["a.png"]), tmp_path / "r.html", pictures=0)
    assert "<img" not in page


def test_findings_faces_uncertainties_and_the_way_it_was_made(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png", "b.png"])
    table(tmp_path / "qc/qc.jsonl", finding("a.png", box=(1, 1, 9, 9)))
    table(tmp_path / "anon/anonymize.jsonl", waiting("kept-out.png"))
    draft = Queued(rank=1, id="b.png", file_name="images/1.png", doubt=0.75, reason="spread")
    table(tmp_path / "drafts/queue.jsonl", draft)
    records = (tmp_path / "qc", tmp_path / "anon", tmp_path / "drafts")
    page = report(set_, tmp_path / "r.html", records=records)
    for words in ("a halo &amp; more", "kept-out.png", "seen again", "spread", "person"):
        assert words in page
    assert 'datakit coco2mask "$SRC" -o coco2mask' in html.unescape(page)
    assert data(page)["findings"] == [[0, 0, 2, 0.9, "a halo & more"]]
    assert data(page)["doubt"] == [None, 0.75]
    assert data(page)["lists"]["history"] == [["coco2mask (0)"]]
    # The photo that waits is not in the set, and so there is no picture of it.
    assert not re.findall(r"<img [^>]*kept-out", page)


def test_rows_find_samples_that_were_renamed(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png", "b.png"], split="train")
    table(tmp_path / "qc/qc.jsonl", finding("b.png"), finding("stranger.png"))
    known = msgspec.structs.replace(waiting("old/name.png"), file_name="images/x.png")
    table(tmp_path / "anon/anonymize.jsonl", known)
    summary = datakit.report(
        set_, tmp_path / "r.html", records=(tmp_path / "qc", tmp_path / "anon"), workers=0
    )
    assert summary.counts["findings"] == 1
    assert "1 rows are about samples that are not in this set" in summary.notes
    assert data((tmp_path / "r.html").read_text())["findings"][0][0] == 1


def test_rows_that_are_none_are_left_out_and_said(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png"])
    (set_ / "qc.jsonl").write_bytes(msgspec.json.encode(finding("a.png")) + b"\n{}\nx\n\n")
    summary = datakit.report(set_, tmp_path / "r.html", workers=0)
    assert summary.counts["findings"] == 1
    assert "qc.jsonl: 2 lines" in summary.notes[0]


def test_only_a_report_is_replaced(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png"])
    mine = tmp_path / "mine.html"
    mine.write_text("<p>mine</p>")
    with pytest.raises(InputError, match="did not write"):
        report(set_, mine, overwrite=True)
    report(set_, tmp_path / "r.html")
    with pytest.raises(InputError, match="--overwrite"):
        report(set_, tmp_path / "r.html")
    report(set_, tmp_path / "r.html", overwrite=True)
    with pytest.raises(InputError, match="apart from the dataset"):
        report(set_, set_ / "r.html")
    assert mine.read_text() == "<p>mine</p>"


def test_only_a_dataset_is_reported(tmp_path: Path, sample_data: Path) -> None:
    with pytest.raises(InputError, match="datakit wrote, found photos"):
        report(sample_data / "photos", tmp_path / "r.html")
    set_ = dataset(tmp_path / "set", ["a.png"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="none of them"):
        report(set_, tmp_path / "r.html", records=(tmp_path / "empty",))


def test_a_picture_that_is_gone_is_said(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png", "b.png"])
    (set_ / "images/0.png").unlink()
    page = report(set_, tmp_path / "r.html")
    assert "1 picture could not be drawn" in page


def test_an_empty_dataset(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/metadata.jsonl").write_text("")
    (tmp_path / "set/dataset.json").write_text('{"format": "datakit"}')
    assert "Samples" in report(tmp_path / "set", tmp_path / "r.html")


def test_what_failed_in_an_earlier_step_is_shown_too(tmp_path: Path) -> None:
    first, second = tmp_path / "masks", tmp_path / "trimaps"
    datakit.coco2mask(SAMPLE / "broken_export", first, workers=0)
    datakit.trimap(first, second, workers=0)
    [made, later] = output.read_card(second).commands
    assert made.verb == "coco2mask"
    assert made.failed == len((first / "failures.jsonl").read_text().splitlines())
    assert 0 < len(made.failures) <= MOST_FAILURES
    assert later.verb == "trimap"
    datakit.report(second, tmp_path / "page.html", pictures=0)
    page = (tmp_path / "page.html").read_text()
    total = made.failed + later.failed
    assert f"{total} items could not be processed, in coco2mask and trimap." in page
    assert "truncated_png" in page


def test_how_the_splits_look_is_shown_from_the_records_of_stats(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png", "b.png"], split="train")
    spread = Spread(samples=9, mean=0.25, deviation=0.1, shift=-0.75)
    measured = Statistics(
        splits={},
        sizes={},
        balance={"brightness": {"train": spread}, "yaw": {"val": spread}},
        skin_tones={"train": {"tan": 7, "dark": None}},
        notes=("train differs in brightness: 0.25 on average",),
    )
    (tmp_path / "stats").mkdir()
    (tmp_path / "stats/stats.json").write_bytes(msgspec.json.encode(measured))
    page = report(set_, tmp_path / "r.html", records=(str(tmp_path / "stats"),))
    for words in ("Appearance", "0.25 ± 0.1", "-0.75", "train differs in brightness", "1 to 4"):
        assert words in page
    assert "Appearance" not in report(set_, tmp_path / "plain.html")
    (tmp_path / "stats/stats.json").write_bytes(b"{}")
    page = report(set_, tmp_path / "bad.html", records=(str(tmp_path / "stats"),))
    assert "stats.json: cannot be read" in page


def test_a_step_of_a_run_shows_the_failures_and_findings_of_the_whole_run(tmp_path: Path) -> None:
    source = tmp_path / "export"
    mask = np.zeros((24, 24), np.uint8)
    mask[0:3, 0:4], mask[9:20, 9:20] = 255, 255
    for kind, picture in (("images", photo(24, 24)), ("masks", mask)):
        (source / kind).mkdir(parents=True)
        Image.fromarray(picture).save(source / kind / "fine.png")
        (source / kind / "broken.png").write_bytes(b"none")
    (tmp_path / "steps.yaml").write_text(
        "steps:\n  - {name: first, verb: trimap, src: export}\n"
        "  - {name: quality, verb: qc, check: [shape], src: export}\n"
        "  - {name: second, verb: trimap}\n  - report\n"
    )
    summary = datakit.run(tmp_path / "steps.yaml", tmp_path / "faces-2026", workers=0)
    page = (tmp_path / "faces-2026/report.html").read_text()
    assert "<h1>faces-2026</h1>" in page
    assert "could not be processed, in first" in page
    assert '<th scope="row">islands</th>' in page
    for step in summary.steps[:3]:
        assert f'<th scope="row">{step.name}</th>' in page
    again = datakit.run(tmp_path / "steps.yaml", tmp_path / "faces-2026", workers=0)
    assert [step.action for step in again.steps] == ["skip"] * 4
    # Nothing of the run's later steps is known to a step of it, whenever it is written again.
    datakit.run(tmp_path / "steps.yaml", tmp_path / "faces-2026", redo=("report",), workers=0)
    assert (tmp_path / "faces-2026/report.html").read_text() == page


def test_small_objects_have_a_logarithmic_axis_and_alphas_a_measured_one(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png", "b.png"])
    rows = [json.loads(line) for line in (set_ / "metadata.jsonl").read_text().splitlines()]

    def described(*shares: float | None) -> str:
        for row, share in zip(rows, shares, strict=True):
            row["fg_ratio"] = share
        (set_ / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        page = report(set_, tmp_path / "r.html", overwrite=True)
        return re.search(r'<desc id="shares-d">(.*?)</desc>', page)[1]  # type: ignore[index]

    assert described(0.0004, 0.002) == (
        "samples by foreground, % of the image, logarithmic; 0.02 to 0.05: 1, 0.2 to 0.5: 1"
    )
    # 22 x 30 of 36 x 48 pixels.
    assert described(None, None) == "samples by foreground, % of the image; 35 to 40: 2"


def test_the_table_has_pictures_of_what_was_found_first(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png", "b.png", "c.png"])
    table(set_ / "qc.jsonl", finding("c.png"))
    page = report(set_, tmp_path / "r.html", thumbnails=1, pictures=1)
    assert list(data(page)["pictures"]) == ["2"]
    page = report(set_, tmp_path / "r.html", thumbnails=3, overwrite=True)
    assert list(data(page)["pictures"]) == ["0", "1", "2"]


def test_no_picture_comes_from_an_earlier_step_of_the_run(tmp_path: Path) -> None:
    """Before it was anonymized a photo is red here, and green after."""
    steps = []
    for name, colour in (("raw", (250, 0, 0)), ("anonymous", (0, 250, 0))):
        set_ = dataset(tmp_path / "run" / name, ["a.png", "b.png"])
        for file in (set_ / "images").iterdir():
            Image.new("RGB", (48, 36), colour).save(file)
        table(set_ / "qc.jsonl", finding("a.png", box=(1, 1, 9, 9)))
        kept = {"key": "0", "version": "0", "options": {}, "inputs": {}}
        steps.append(StepRecord(name=name, verb="anonymize", state="done", out=name, **kept))
    RunFolder(tmp_path / "run").write_index("steps.yaml", tuple(steps))
    page = report(tmp_path / "run/anonymous", tmp_path / "r.html")
    assert "raw" in page
    shown = re.findall(r"data:image/jpeg;base64,([\w+/=]+)", page)
    found = [*shown, *data(page)["pictures"].values()]
    assert len(found) == 5
    for one in found:
        with Image.open(BytesIO(b64decode(one))) as opened:
            red, green, _ = np.moveaxis(np.asarray(opened.convert("RGB"), int), 2, 0)
        # The frame around a finding is orange, (213, 94, 0).
        assert (red - green < 180).all()
