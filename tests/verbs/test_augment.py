"""`augment` as a whole: files, manifest rows, what is left alone, and what can be repeated."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

import datakit
from datakit.errors import InputError, SchemaError
from datakit.io.pixels import decoders
from datakit.io.tables import jsonl
from datakit.records.anonymization import Anonymization
from datakit.records.failure import Failure
from datakit.records.sample import Sample
from datakit.verbs.augment.options import Options
from datakit.verbs.augment.run import run

TRAIN = ("astronaut", "bald_beard", "dark_long_hair")
VAL = ("blond_bun", "red_wind_blown")


@pytest.fixture
def source(tmp_path: Path, sample_data: Path) -> Path:
    """Portraits with exact alphas: three in train, two in val."""
    folder = tmp_path / "src"
    place(sample_data, folder / "train", TRAIN)
    place(sample_data, folder / "val", VAL)
    return folder


def place(sample_data: Path, folder: Path, names: tuple[str, ...]) -> None:
    for kind in ("images", "alphas"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name in names:
            (file,) = (sample_data / "portraits" / kind).glob(f"{name}.*")
            shutil.copy(file, folder / kind)


def augment(src: Path, out: Path, **options: Any) -> Any:
    return datakit.augment(src, out, **{"workers": 0, **options})


def rows(out: Path) -> list[Sample]:
    return list(jsonl.read(out / "metadata.jsonl", Sample))


def contents(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def backgrounds(folder: Path) -> Path:
    folder.mkdir()
    for number, colour in enumerate([(200, 60, 20), (20, 90, 160)]):
        picture = np.full((90, 160, 3), colour, np.uint8)
        picture[:, ::8] //= 2
        cv2.imwrite(str(folder / f"wall{number}.png"), picture)
    return folder


def test_train_gets_copies_and_nothing_else_is_written(source: Path, tmp_path: Path) -> None:
    before = contents(source)
    out = tmp_path / "out"
    summary = augment(source, out, preset="p3m", copies=2, seed=7)
    assert summary.counts == {"samples": 6, "alphas": 6, "empty": 0, "copies": 6, "failed": 0}
    found = rows(out)
    assert [row.id for row in found[:2]] == [
        "train/astronaut__aug0.jpg",
        "train/astronaut__aug1.jpg",
    ]
    assert {row.split for row in found} == {"train"}
    assert not (out / "val").exists()
    assert contents(source) == before


def test_rows_say_where_copies_come_from(source: Path, tmp_path: Path) -> None:
    augment(source, tmp_path / "out", copies=2, seed=7)
    for row in rows(tmp_path / "out"):
        assert row.parent is not None
        stem, number = Path(row.id).stem.split("__aug")
        assert row.parent == f"train/{stem}{Path(row.id).suffix}"
        assert row.group == stem
        assert row.tags == ("augmented",)
        assert row.alpha_file_name == f"train/alphas/{Path(row.id).stem}.png"
        params = json.loads(row.history[-1].params)
        assert row.history[-1].verb == "augment"
        assert (params["seed"], params["copy"], params["pipeline"]) == (7, int(number), "p3m")
        assert params["applied"]
        alpha = cv2.imread(str(tmp_path / "out" / row.alpha_file_name), cv2.IMREAD_UNCHANGED)
        assert row.fg_ratio == pytest.approx(alpha.mean() / 255, abs=1e-3)


def test_originals_come_along_byte_for_byte_and_share_the_group(
    source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    summary = augment(source, out, include_originals=True, copies=1)
    assert summary.counts["samples"] == 3 + 3 + 2
    made = contents(out)
    for name, data in contents(source).items():
        assert made[name] == data
    groups: dict[str | None, set[str]] = {}
    for row in rows(out):
        groups.setdefault(row.group, set()).add(str(row.split))
    assert all(len(splits) == 1 for splits in groups.values())
    assert {row.id for row in rows(out) if row.parent is None and row.split == "val"} == {
        "val/blond_bun.jpg",
        "val/red_wind_blown.png",
    }


def test_val_is_augmented_only_when_named_and_that_is_recorded(
    source: Path, tmp_path: Path
) -> None:
    augment(source, tmp_path / "out", also=("val",))
    assert {row.split for row in rows(tmp_path / "out")} == {"train", "val"}
    card = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert card["commands"][-1]["options"]["also"] == ["val"]
    augment(source, tmp_path / "only", only=("val",))
    assert {row.split for row in rows(tmp_path / "only")} == {"val"}


def test_bytes_do_not_depend_on_workers_order_or_other_samples(
    source: Path, tmp_path: Path, sample_data: Path
) -> None:
    settings = {"preset": "heavy", "copies": 2, "seed": 3}
    augment(source, tmp_path / "alone", **settings)
    augment(source, tmp_path / "two", workers=2, **settings)
    alone = contents(tmp_path / "alone")
    assert contents(tmp_path / "two") == alone
    # More samples before and after, and the same ones.
    place(sample_data, source / "train", ("curly_brown", "grey_short_glasses"))
    (source / "train" / "images" / "curly_brown.jpg").rename(
        source / "train" / "images" / "aaa.jpg"
    )
    (source / "train" / "alphas" / "curly_brown.png").rename(
        source / "train" / "alphas" / "aaa.png"
    )
    augment(source, tmp_path / "more", **settings)
    more = contents(tmp_path / "more")
    for name, data in alone.items():
        if "/images/" in name or "/alphas/" in name:
            assert more[name] == data
    by_id = {row.id: row for row in rows(tmp_path / "more")}
    assert all(by_id[row.id] == row for row in rows(tmp_path / "alone"))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 4])
def test_bytes_do_not_depend_on_the_number_of_workers(
    source: Path, tmp_path: Path, workers: int
) -> None:
    settings = {"preset": "seerslab", "copies": 3, "seed": 3}
    augment(source, tmp_path / "one", **settings)
    augment(source, tmp_path / "other", workers=workers, **settings)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_more_copies_and_another_seed(source: Path, tmp_path: Path) -> None:
    for name, options in {"two": {"copies": 2}, "four": {"copies": 4}, "seed": {"seed": 1}}.items():
        augment(source, tmp_path / name, preset="heavy", **options)
    two, four = contents(tmp_path / "two"), contents(tmp_path / "four")
    pictures = [name for name in two if "/images/" in name]
    assert all(four[name] == two[name] for name in pictures)
    other = contents(tmp_path / "seed")
    assert all(other[name] != two[name] for name in pictures if name in other)


@pytest.mark.parametrize("where", ["manifest", "source", "flags"])
def test_replay_makes_one_copy_again_byte_for_byte(
    source: Path, tmp_path: Path, where: str
) -> None:
    walls = str(backgrounds(tmp_path / "walls"))
    settings = {"preset": "heavy", "copies": 3, "seed": 11, "backgrounds": walls}
    settings["allow_people"] = True
    first, again = tmp_path / "first", tmp_path / "again"
    augment(source, first, include_originals=True, **settings)
    copy_id = "train/dark_long_hair__aug2.png"
    if where == "manifest":
        summary = augment(source, again, replay=copy_id, manifest=str(first))
        assert "the parameters are those that were recorded" in summary.notes
    elif where == "source":
        # The augmented dataset holds the original too; the copies in it are not in the way.
        with pytest.raises(InputError, match=r"holds train/astronaut__aug0\.jpg already"):
            augment(first, again)
        summary = augment(first, again, replay=copy_id)
    else:
        summary = augment(source, again, replay=copy_id, **settings)
    made = [name for name in contents(again) if "dark_long_hair__aug2" in name]
    assert sorted(made) == [
        "train/alphas/dark_long_hair__aug2.png",
        "train/images/dark_long_hair__aug2.png",
    ]
    for name in made:
        assert (again / name).read_bytes() == (first / name).read_bytes()
    (row,) = rows(again)
    recorded = next(found for found in rows(first) if found.id == copy_id)
    assert row.history[-1] == recorded.history[-1]
    assert row.parent == recorded.parent


def test_replay_of_a_pipeline_of_ones_own_needs_only_the_manifest(
    source: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: mine\ntransforms:\n- Rotate: {limit: [5, 9], p: 1}\n")
    augment(source, tmp_path / "first", pipeline=str(mine), seed=4)
    mine.unlink()
    again = tmp_path / "again"
    augment(source, again, replay="train/astronaut__aug0.jpg", manifest=tmp_path / "first")
    name = "train/images/astronaut__aug0.jpg"
    assert (again / name).read_bytes() == (tmp_path / "first" / name).read_bytes()


@pytest.mark.parametrize(
    ("copy_id", "words"),
    [
        ("train/astronaut__aug9.jpg", "holds no sample with this id"),
        ("train/nobody__aug0.jpg", "holds no sample with this id"),
        ("train/astronaut.jpg", "found an original"),
    ],
)
def test_replay_of_what_is_no_copy_is_refused(
    source: Path, tmp_path: Path, copy_id: str, words: str
) -> None:
    augment(source, tmp_path / "first", include_originals=True)
    with pytest.raises(InputError, match=words):
        augment(source, tmp_path / "again", replay=copy_id, manifest=tmp_path / "first")
    assert not (tmp_path / "again").exists()


def test_replay_says_when_the_source_has_changed(source: Path, tmp_path: Path) -> None:
    augment(source, tmp_path / "first")
    picture = source / "train" / "images" / "astronaut.jpg"
    cv2.imwrite(str(picture), 255 - cv2.imread(str(picture)))
    with pytest.raises(InputError, match="other parameters were drawn than are recorded"):
        augment(
            source,
            tmp_path / "again",
            replay="train/astronaut__aug0.jpg",
            manifest=tmp_path / "first",
        )


def test_resumed_run_ends_with_the_same_bytes(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datakit.verbs.augment.task import Augment

    augment(source, tmp_path / "whole", copies=2)
    genuine = Augment.__call__

    def stop(self: Augment, item: Any) -> Any:
        if "dark" in item.key:
            raise KeyboardInterrupt
        return genuine(self, item)

    monkeypatch.setattr(Augment, "__call__", stop)
    with pytest.raises(KeyboardInterrupt):
        augment(source, tmp_path / "torn", copies=2)
    monkeypatch.setattr(Augment, "__call__", genuine)
    augment(source, tmp_path / "torn", copies=2, resume=True)
    assert contents(tmp_path / "torn") == contents(tmp_path / "whole")


def test_labels_of_every_kind_stay_in_their_form(source: Path, tmp_path: Path) -> None:
    """16-bit alphas stay 16-bit, class indices stay indices, trimaps have three values."""
    folder = source / "train"
    for path in (folder / "alphas").iterdir():
        alpha = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        for kind, label in {
            "masks": (alpha > 127).astype(np.uint8) * 3,
            "trimaps": np.select([alpha > 250, alpha > 5], [255, 128]).astype(np.uint8),
        }.items():
            (folder / kind).mkdir(exist_ok=True)
            cv2.imwrite(str(folder / kind / path.name), label)
        cv2.imwrite(str(path), alpha.astype(np.uint16) * 257)
    augment(source, tmp_path / "out", preset="heavy", copies=2)
    for row in rows(tmp_path / "out"):
        read = {
            kind: cv2.imread(str(tmp_path / "out" / name), cv2.IMREAD_UNCHANGED)
            for kind, name in {
                "mask": row.mask_file_name,
                "alpha": row.alpha_file_name,
                "trimap": row.trimap_file_name,
            }.items()
            if name
        }
        assert {label.shape for label in read.values()} == {(row.height, row.width)}
        assert set(np.unique(read["mask"])) <= {0, 3}
        assert read["alpha"].dtype == np.uint16
        assert set(np.unique(read["trimap"])) <= {0, 128, 255}
        sure = read["trimap"] == 255
        assert (read["alpha"][sure] > 0.9 * 65535).all()


def test_a_label_that_is_lost_is_drawn_again_and_then_a_failure(
    source: Path, tmp_path: Path
) -> None:
    away = tmp_path / "away.yaml"
    away.write_text("transforms:\n- Affine: {translate_px: {x: [300, 310], y: [0, 0]}, p: 1}\n")
    summary = augment(source, tmp_path / "out", pipeline=str(away), copies=2)
    assert summary.failed == 6
    assert summary.exit_code == 3
    failures = list(jsonl.read(tmp_path / "out" / "failures.jsonl", Failure))
    assert failures[0].id == "train/astronaut__aug0.jpg"
    assert "drawn 11 times" in failures[0].error
    often = tmp_path / "often.yaml"
    often.write_text("transforms:\n- Affine: {translate_px: {x: [-310, 310], y: [0, 0]}, p: 1}\n")
    summary = augment(source, tmp_path / "often", pipeline=str(often), copies=3, min_visible=0.6)
    drawn = [json.loads(row.history[-1].params) for row in rows(tmp_path / "often")]
    assert any(params["attempt"] > 0 for params in drawn)
    assert all(params["visible"] >= 0.6 for params in drawn)


def test_one_bad_sample_is_one_row(source: Path, tmp_path: Path) -> None:
    alpha = source / "train" / "alphas" / "astronaut.png"
    cv2.imwrite(str(alpha), np.zeros((10, 12), np.uint8))
    (source / "train" / "images" / "bald_beard.jpg").write_bytes(b"no picture")
    summary = augment(source, tmp_path / "out")
    assert (summary.failed, summary.counts["samples"]) == (2, 1)
    errors = [row.error for row in jsonl.read(tmp_path / "out" / "failures.jsonl", Failure)]
    assert "its alpha has 12x10 pixels, expected the image's 320x320" in errors[0]
    assert not list((tmp_path / "out").rglob("*astronaut*"))


@pytest.mark.parametrize("balance", ["class", "fg_ratio"])
def test_balance_gives_rare_samples_more(source: Path, tmp_path: Path, balance: str) -> None:
    with pytest.raises(InputError, match="expected a datakit dataset"):
        augment(source, tmp_path / "out", balance=balance)
    dataset = tmp_path / "dataset"
    augment(source, dataset, include_originals=True, only=("val",))
    manifest = dataset / "metadata.jsonl"
    found = [row for row in rows(dataset) if row.split == "train"]
    changed = [
        msgspec.structs.replace(
            row,
            categories=("rare",) if "dark" in row.id else ("common",),
            fg_ratio=0.05 if "dark" in row.id else 0.4,
        )
        for row in found
    ]
    manifest.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in changed))
    augment(dataset, tmp_path / "out", balance=balance, copies=2)
    parents = [row.parent for row in rows(tmp_path / "out")]
    assert len(parents) == 6
    # Two common samples and a rare one: six copies make it 5 and 4, or 4 and 5.
    assert parents.count("train/dark_long_hair.png") in (3, 4)


def test_objects_keep_their_numbers_and_get_new_areas(source: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    augment(source, dataset, include_originals=True, only=("val",))
    row = next(row for row in rows(dataset) if row.id == "train/astronaut.jpg")
    mask = np.zeros((row.height, row.width), np.uint16)
    mask[100:200, 100:200], mask[0:5, 0:5] = 1000, 2
    (dataset / "train" / "masks").mkdir()
    cv2.imwrite(str(dataset / "train" / "masks" / "astronaut.png"), mask)
    from datakit.records.sample import Instance

    found = [
        Instance(id=1000, category="person", annotation="7", area=10_000),
        Instance(id=2, category="hand", annotation="8", area=25),
    ]
    row = msgspec.structs.replace(
        row, mask_file_name="train/masks/astronaut.png", instances=tuple(found), annotations=2
    )
    (dataset / "metadata.jsonl").write_bytes(msgspec.json.encode(row) + b"\n")
    crop = tmp_path / "crop.yaml"
    crop.write_text("transforms:\n- Crop: {x_min: 50, y_min: 50, x_max: 150, y_max: 300, p: 1}\n")
    augment(dataset, tmp_path / "out", pipeline=str(crop), min_visible=0)
    (made,) = rows(tmp_path / "out")
    assert [(one.id, one.area) for one in made.instances] == [(1000, 5000)]
    assert (made.width, made.height) == (100, 250)


def test_audit_of_hidden_faces_comes_along(source: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    augment(source, dataset, include_originals=True, only=("val",))
    from datakit.records.anonymization import HiddenFace

    face = HiddenFace(
        box_xyxy=(120, 40, 200, 140), score=0.9, detectors=("x",), mask="mesh", iod_px=30
    )
    audit = Anonymization(
        id="train/astronaut.jpg",
        status="anonymized",
        file_name="train/images/astronaut.jpg",
        sha256_in="0" * 64,
        datakit="0.1.0",
        models={},
        faces=(face,),
    )
    (dataset / "anonymize.jsonl").write_bytes(msgspec.json.encode(audit) + b"\n")
    (dataset / "metadata.jsonl").write_bytes(
        b"".join(
            msgspec.json.encode(row) + b"\n" for row in rows(dataset) if "astronaut.jpg" in row.id
        )
    )
    flip = tmp_path / "flip.yaml"
    flip.write_text("transforms:\n- HorizontalFlip: {p: 1}\n")
    out = tmp_path / "out"
    augment(dataset, out, pipeline=str(flip), include_originals=True)
    kept, moved = jsonl.read(out / "anonymize.jsonl", Anonymization)
    assert kept == audit
    assert moved.id == "train/astronaut__aug0.jpg"
    assert moved.faces[0].box_xyxy == (320 - 200, 40, 320 - 120, 140)


def test_backgrounds_are_replaced_and_recorded(source: Path, tmp_path: Path) -> None:
    walls = backgrounds(tmp_path / "walls")
    plain = tmp_path / "plain.yaml"
    plain.write_text("transforms:\n- HorizontalFlip: {p: 0}\n")
    out = tmp_path / "out"
    augment(
        source, out, pipeline=str(plain), backgrounds=walls, allow_people=True, copies=2, seed=5
    )
    for row in rows(out):
        drawn = json.loads(row.history[-1].params)["background"]
        assert drawn["file"] in ("wall0.png", "wall1.png")
        assert 1 <= drawn["scale"] <= 1.5
        alpha = cv2.imread(str(out / str(row.alpha_file_name)), cv2.IMREAD_UNCHANGED)
        image = cv2.imread(str(out / str(row.file_name)))
        wall = cv2.imread(str(walls / drawn["file"])).reshape(-1, 3)
        behind = image[alpha == 0].astype(int)
        assert (behind.min(axis=0) >= wall.min(axis=0).astype(int) - 25).all()
        assert np.median(behind, axis=0) == pytest.approx(np.median(wall, axis=0), abs=25)


def test_share_of_backgrounds(source: Path, tmp_path: Path) -> None:
    walls = backgrounds(tmp_path / "walls")
    out = tmp_path / "out"
    augment(source, out, backgrounds=walls, allow_people=True, copies=20, background_share=0.5)
    replaced = ["background" in json.loads(row.history[-1].params) for row in rows(out)]
    assert 15 < sum(replaced) < 45


def test_backgrounds_without_an_alpha_fail_with_the_way_out(source: Path, tmp_path: Path) -> None:
    for split in ("train", "val"):
        (source / split / "alphas").rename(source / split / "masks")
    walls = backgrounds(tmp_path / "walls")
    summary = augment(source, tmp_path / "out", backgrounds=walls, allow_people=True)
    assert summary.failed == 3
    (first, *_) = jsonl.read(tmp_path / "out" / "failures.jsonl", Failure)
    assert "make one with `datakit matte`" in first.error


def test_backgrounds_with_people_are_refused(
    source: Path, tmp_path: Path, sample_data: Path
) -> None:
    pytest.importorskip("ai_edge_litert", reason="the faces extra is not installed")
    walls = backgrounds(tmp_path / "walls")
    augment(source, tmp_path / "fine", backgrounds=walls)
    shutil.copy(sample_data / "portraits" / "images" / "astronaut.jpg", walls)
    with pytest.raises(InputError, match=r"found faces in astronaut\.jpg; take them out"):
        augment(source, tmp_path / "out", backgrounds=walls)
    assert not (tmp_path / "out").exists()


def test_backgrounds_that_cannot_be_looked_at_are_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datakit.verbs.augment.people import CountFaces

    def look(task: CountFaces, item: Any) -> int:
        return len(decoders.decode_photo(item.file.read(), item.file.name)) * 0

    monkeypatch.setattr(CountFaces, "__init__", lambda task: None)
    monkeypatch.setattr(CountFaces, "__call__", look)
    walls = backgrounds(tmp_path / "walls")
    (walls / "torn.jpg").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"torn\.jpg .* cannot be checked for people"):
        augment(source, tmp_path / "out", backgrounds=walls)
    assert not (tmp_path / "out").exists()


def test_preview_shows_originals_and_copies(source: Path, tmp_path: Path) -> None:
    summary = augment(source, tmp_path / "out", copies=2, preview=2)
    sheet = cv2.imread(str(tmp_path / "out.preview.jpg"))
    assert sheet.shape[1] > 3 * 240
    assert "shows the copies of 2 originals" in summary.notes[-1]


def test_a_dataset_without_splits_is_augmented_in_groups(tmp_path: Path, sample_data: Path) -> None:
    place(sample_data, tmp_path / "flat", TRAIN)
    summary = augment(tmp_path / "flat", tmp_path / "out", include_originals=True)
    assert any("no splits" in note for note in summary.notes)
    groups = [row.group for row in rows(tmp_path / "out")]
    assert sorted(groups) == sorted([*TRAIN, *TRAIN])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"copies": 0}, "copies: expected a whole number of at least 1"),
        ({"seed": -1}, "seed: expected a whole number of at least 0"),
        ({"min_visible": 1.5}, "min-visible"),
        ({"preset": "p4m"}, "found 'p4m'; did you mean 'p3m'"),
        ({"preset": "p3m", "pipeline": "x.yaml"}, "exclude each other"),
        ({"pipeline": "missing.yaml"}, "expected a YAML file"),
        ({"manifest": "x"}, "goes with --replay"),
        ({"replay": "train/astronaut.jpg"}, "expected the id of a copy"),
        ({"replay": "train/astronaut__aug5.jpg"}, "gives no such copy"),
        ({"only": ("test",)}, "expected samples in test, found train, val"),
        ({"backgrounds": "missing"}, "no such file or folder"),
        ({"match_colours": 2}, "match-colours"),
    ],
    ids=str,
)
def test_bad_options_are_refused_before_anything_is_written(
    source: Path, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        augment(source, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_bad_pipeline_and_empty_backgrounds_are_refused(source: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("transforms:\n- HorizontalFlip\n- Elastic: {alpha: 3}\n")
    with pytest.raises(SchemaError, match=r"^mine\.yaml:3: transform 'Elastic' is not known"):
        augment(source, tmp_path / "out", pipeline=str(mine))
    (tmp_path / "walls").mkdir()
    (tmp_path / "walls" / "notes.txt").write_text("none yet")
    with pytest.raises(InputError, match="expected pictures, found none in it"):
        augment(source, tmp_path / "out", backgrounds=tmp_path / "walls")
    assert not (tmp_path / "out").exists()


def test_annotations_are_no_labels_yet(sample_data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="datakit coco2mask"):
        augment(sample_data / "roboflow_export", tmp_path / "out")


def test_dry_run_writes_nothing(source: Path, tmp_path: Path) -> None:
    options = Options(src=(str(source),), out=str(tmp_path / "out"), dry_run=True, preview=3)
    assert run(options).counts["would process"] == 3
    assert not (tmp_path / "out").exists()
