from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import datakit
from datakit.cli.main import app
from datakit.errors import InputError
from datakit.io.pixels import decoders, images
from datakit.io.tables import jsonl
from datakit.records.lineage import Audit
from datakit.records.sample import Operation, Sample
from tests.planted.copies import near_copy, scene

Rows = list[Sample]


def save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.encode_like(image, path.suffix))


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Roboflow export of 12 photos; 3 of valid are turned copies of train, one is exact."""
    root = tmp_path_factory.mktemp("leaking")
    rng = np.random.default_rng(0)
    names: dict[str, list[str]] = {"train": [], "valid": []}

    def add(split: str, stem: str, token: str, image: np.ndarray, suffix: str = ".jpg") -> None:
        name = f"{stem}_jpg.rf.{token * 32}{suffix}"
        save(root / split / name, image)
        names[split].append(name)

    for n in range(9):
        add("train", f"photo-{n:x}", "a", scene(n))
    for n in range(3):
        add("valid", f"other-{n}", "b", near_copy(scene(n), rng))
    (root / "valid" / f"same_jpg.rf.{'c' * 32}.jpg").write_bytes(
        (root / "train" / names["train"][3]).read_bytes()
    )
    names["valid"].append(f"same_jpg.rf.{'c' * 32}.jpg")
    add("valid", "photo-7", "d", scene(100))
    add("valid", "new", "e", scene(101))
    for split, files in names.items():
        box = {"category_id": 1, "bbox": [1, 1, 20, 20], "segmentation": [[1, 1, 20, 1, 20, 20]]}
        document = {
            "images": [
                {"id": n, "file_name": name, **size(root / split / name)}
                for n, name in enumerate(files)
            ],
            "categories": [{"id": 0, "name": "x"}, {"id": 1, "name": "person"}],
            "annotations": [{"id": n, "image_id": n, **box} for n in range(len(files))],
        }
        (root / split / "_annotations.coco.json").write_text(json.dumps(document))
    return root


def size(path: Path) -> dict[str, int]:
    height, width = decoders.decode_photo(path.read_bytes()).shape[:2]
    return {"width": width, "height": height}


def rows(folder: Path) -> Rows:
    return list(jsonl.read(folder / "metadata.jsonl", Sample))


def splits(folder: Path) -> dict[str, str]:
    return {row.source.name: str(row.split) for row in rows(folder)}


def test_the_audit_finds_every_leak_and_no_other(leaking: Path, tmp_path: Path) -> None:
    found = datakit.split(leaking, tmp_path / "report", audit=True, workers=0)
    assert isinstance(found, Audit)
    assert found.exit_code == 1
    assert {Path(leak.other).name.split("_jpg")[0] for leak in found.leaks} == {
        "other-0",
        "other-1",
        "other-2",
        "same",
    }
    assert found.table["train - val"]["exact"] == 1
    # One name, two photos: told apart, and both decisions are on record.
    links = [
        json.loads(line)
        for line in (tmp_path / "report" / "lineage.jsonl").read_text().splitlines()
    ]
    assert ["photo-7" in link["other"] for link in links if link["reason"] == "apart"] == [True]
    sheet = decoders.decode_photo((tmp_path / "report" / "leaks.png").read_bytes())
    assert np.ptp(sheet) > 200
    page = (tmp_path / "report" / "audit.html").read_text()
    assert '<a href="#leaks">4 samples related to one in another split.</a>' in page
    assert page.count("<img") == 2 * len(found.leaks)
    assert f"datakit split {leaking.name} -o repaired --repair" in page
    assert len((tmp_path / "report" / "leaks.csv").read_text().splitlines()) == 5


def test_the_repaired_export_does_not_leak_and_keeps_its_annotations(
    leaking: Path, tmp_path: Path
) -> None:
    done = datakit.split(leaking, tmp_path / "mended", repair=True, workers=0)
    assert done.exit_code == 0
    again = datakit.split(tmp_path / "mended", audit=True, workers=0)
    assert again.exit_code == 0
    assert not again.leaks
    moved = splits(tmp_path / "mended")
    assert sum(split == "val" for split in moved.values()) == 2
    kept = datakit.coco2mask(tmp_path / "mended", tmp_path / "masks", layout="coco", workers=0)
    assert kept.counts["masks"] == len(rows(tmp_path / "mended")) == 15


def test_a_repair_that_would_leave_nothing_of_a_side_says_so(tmp_path: Path) -> None:
    for split in ("train", "val"):
        (tmp_path / "leaking" / split / "images").mkdir(parents=True)
        (tmp_path / "leaking" / split / "images" / f"{split}.png").write_bytes(
            images.encode_png(scene(1))
        )
    with pytest.raises(InputError, match="val: expected samples of its own"):
        datakit.split(tmp_path / "leaking", tmp_path / "mended", repair=True, workers=0)
    assert not (tmp_path / "mended").exists()


def test_the_command_line_tells_leaks_by_exit_code_and_json(leaking: Path) -> None:
    result = CliRunner().invoke(
        app, ["split", "--audit", str(leaking), "--json", "--workers", "0", "-q"]
    )
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["leaks"]) == 4
    plain = CliRunner().invoke(app, ["split", "--audit", str(leaking), "--workers", "0"])
    assert "train - val" in plain.stdout


def test_groups_stay_whole_and_the_same_whatever_the_workers(leaking: Path, tmp_path: Path) -> None:
    for name, workers in (("one", 0), ("two", 2)):
        datakit.split(leaking, tmp_path / name, val=0.3, seed=7, workers=workers)
    one = rows(tmp_path / "one")
    homes = defaultdict(set)
    for row in one:
        homes[row.group].add(row.split)
    assert all(len(home) == 1 for home in homes.values())
    for name in ("metadata.jsonl", "splits.csv", "train.txt", "val.txt", "lineage.jsonl"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    listed = (tmp_path / "one" / "val.txt").read_text().split()
    assert all((tmp_path / "one" / name).is_file() for name in listed)


def photos(folder: Path, seeds: range) -> Path:
    for n in seeds:
        save(folder / f"p{n:03}.png", scene(n, (80, 100)))
    return folder


def test_a_grown_source_moves_no_earlier_sample(tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", range(40))
    datakit.split(source, tmp_path / "old", val=0.2, workers=0)
    photos(source, range(40, 44))
    save(source / "copy.png", np.rot90(scene(3, (80, 100))))
    datakit.split(source, tmp_path / "new", val=0.2, previous=tmp_path / "old", workers=0)
    old, new = splits(tmp_path / "old"), splits(tmp_path / "new")
    assert len(new) == 45
    assert {name: new[name] for name in old} == old
    assert new["copy.png"] == old["p003.png"]


def test_folds_are_equal_and_lists_alone_copy_nothing(tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", range(20))
    done = datakit.split(source, tmp_path / "folds", folds=4, materialize="none", workers=0)
    assert [done.counts[f"fold{n}"] for n in range(1, 5)] == [5] * 4
    assert not list((tmp_path / "folds").rglob("*.png"))
    texts = [(tmp_path / "folds" / f"fold{n}.txt").read_text() for n in range(1, 5)]
    assert len(set("".join(texts).splitlines())) == 20


@pytest.mark.parametrize("how", ["hardlink", "symlink"])
def test_links_hold_the_same_bytes(tmp_path: Path, how: str) -> None:
    source = photos(tmp_path / "photos", range(6))
    datakit.split(source, tmp_path / "out", val=2, materialize=how, workers=0)
    for row in rows(tmp_path / "out"):
        place = tmp_path / "out" / str(row.file_name)
        assert place.read_bytes() == (source / row.source.name).read_bytes()
        assert place.is_symlink() == (how == "symlink")


def dataset(folder: Path, count: int, *, celebrities: int, anonymized: int) -> Path:
    """A dataset whose first samples are of celebrities and whose last are anonymized."""
    datakit.split(photos(folder / "photos", range(count)), folder / "made", val=1, workers=0)
    step = Operation(verb="anonymize", version="0")
    path = folder / "made" / "metadata.jsonl"
    changed = []
    for n, row in enumerate(sorted(rows(folder / "made"), key=lambda row: row.source.name)):
        famous = n < celebrities
        changed.append(
            msgspec.structs.replace(
                row,
                tags=("celebrity",) if famous else (),
                fg_ratio=0.5 if n % 5 else 0.9,
                history=(*row.history, step) if n >= count - anonymized else row.history,
            )
        )
    jsonl.write(path, changed)
    return folder / "made"


def test_the_p3m_policy_shrinks_and_takes_celebrities_of_half_foreground(tmp_path: Path) -> None:
    source = dataset(tmp_path, 60, celebrities=20, anonymized=40)
    done = datakit.split(source, tmp_path / "out", policy="p3m", workers=0)
    assert done.counts["val"] == pytest.approx(60 * 1500 / 11500, abs=1)
    assert any("same proportion" in note for note in done.notes)
    assert any(note.startswith("fg_ratio in val: ") for note in done.notes)
    for row in rows(tmp_path / "out"):
        if row.split == "val":
            assert row.tags == ("celebrity",)
            assert row.fg_ratio == 0.5


def test_the_p3m_policy_lists_faces_that_are_not_anonymized(tmp_path: Path) -> None:
    source = dataset(tmp_path, 60, celebrities=20, anonymized=37)
    with pytest.raises(InputError, match=r"found 3 others: .*p02"):
        datakit.split(source, tmp_path / "out", policy="p3m", workers=0)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"val": 0.6, "test": 0.5}, "leaves nothing of 12 samples"),
        ({"train": 10, "val": 5}, "asked for 15 samples .*found 12"),
        ({"val": 1.5}, "ratio below 1 .* or a whole number"),
        ({"val": 0.2, "stratify": ("colour",)}, "column 'colour' is unknown"),
        ({"val": float("inf")}, "val: expected a number of at most"),
        ({"val": 0.2, "group_by": "people", "same_person": float("nan")}, "same-person: expected"),
        ({"val": 0.2, "stratify": ("fg_ratio:3",)}, "12 of 12 samples have no fg_ratio"),
        ({"val": 0.2, "stratify": ("tags:3",)}, "bins are for numbers"),
        ({"val": 0.2, "where": "width > 5000"}, "holds for none of 12"),
        ({"val": 0.2, "val_where": "width > 5000"}, "val: expected about 2.4 of 12"),
        ({"val": 0.2, "group_regex": "^(?P<g>p)"}, "all 12 are one group"),
        ({"val": 0.2, "group_regex": "^p"}, "expected a group named g"),
        ({"val": 0.2, "group_regex": "^(?P<g>x)"}, "names a group of none of 12 samples"),
        ({"val": 0.2, "group_by": "colour"}, "expected a column"),
        ({"val": 0.2, "policy": "p4m"}, "expected p3m"),
        ({"folds": 3, "val": 0.2}, "--folds makes equal folds"),
        ({"audit": True}, "two splits or more, found 0"),
        ({"keep_existing": True}, "the source has no splits"),
        ({}, "expected how to split"),
    ],
)
def test_what_cannot_be_is_said_with_numbers_and_nothing_is_written(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    source = photos(tmp_path / "photos", range(12))
    with pytest.raises(InputError, match=message):
        datakit.split(source, tmp_path / "out", workers=0, **options)
    assert not (tmp_path / "out").exists()


def test_the_users_key_and_a_broken_image(tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", range(12))
    (source / "torn.png").write_bytes((source / "p000.png").read_bytes()[:300])
    table = tmp_path / "people.csv"
    table.write_text("file,group\n" + "".join(f"p{n:03}.png,person{n % 4}\n" for n in range(12)))
    done = datakit.split(source, tmp_path / "out", val=0.25, group_by=str(table), workers=0)
    assert done.exit_code == 3
    assert "torn.png" in (tmp_path / "out" / "failures.jsonl").read_text()
    homes = defaultdict(set)
    for row in rows(tmp_path / "out"):
        homes[int(row.source.name[1:4]) % 4].add(row.split)
    assert [len(home) for home in homes.values()] == [1] * 4
    assert done.counts["val"] == 3


def test_every_source_of_a_real_export_is_one_group(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "roboflow" / "person_porong_aug3x"
    datakit.split(source, tmp_path / "out", val=0.2, materialize="none", workers=1)
    groups, names = defaultdict(set), defaultdict(set)
    for row in rows(tmp_path / "out"):
        stem = Path(row.source.name).name.rsplit("_jpg.rf.", 1)[0]
        groups[stem].add(row.group)
        names[row.group].add(stem)
    assert len(groups) == 88
    assert all(len(found) == 1 for found in groups.values())


def frame_numbers(folder: Path) -> dict[str, set[int]]:
    found = defaultdict(set)
    for row in rows(folder):
        found[str(row.split)].add(int(row.source.name.split("_mp4-")[1][:4]))
    return found


@pytest.mark.parametrize("seed", [1, 2, 20])
def test_no_frame_of_a_real_video_is_beside_one_of_another_side(
    shared_data: Path, tmp_path: Path, seed: int
) -> None:
    source = shared_data / "roboflow" / "person_porong_aug3x"
    done = datakit.split(
        source, tmp_path / "out", val=0.15, test=0.15, seed=seed, materialize="none", workers=0
    )
    splits = list(frame_numbers(tmp_path / "out").values())
    assert len(splits) == 3
    for one, other in combinations(splits, 2):
        assert min(abs(a - b) for a in one for b in other) > 1
    assert any("0 of them neighbours" in note for note in done.notes)


def test_a_torn_real_video_leaks(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "roboflow" / "person_porong_aug3x"
    datakit.split(source, tmp_path / "torn", val=0.2, video="apart", workers=0)
    found = datakit.split(tmp_path / "torn", audit=True, workers=0)
    assert isinstance(found, Audit)
    assert found.exit_code == 1
    assert found.frames[0].steps == 1


def moving(count: int, seed: int) -> Iterator[np.ndarray]:
    """Frames of a camera that pans over a scene: each like the next, the last unlike the first."""
    wide = scene(seed, (120, 160 + 6 * count))
    for n in range(count):
        yield wide[:, 6 * n : 6 * n + 160]


@pytest.mark.parametrize(
    "name", ["walk_mp4-{:04}", "clips/walk_frame_{}", "frame{:04}", "out-{:03}", "{:06}", "IMG_{}"]
)
def test_a_video_stays_whole_whatever_its_frames_are_called(tmp_path: Path, name: str) -> None:
    for n, frame in enumerate(moving(12, 3), 8):
        save(tmp_path / "in" / f"{name.format(n)}.png", frame)
    for n in range(12):
        save(tmp_path / "in" / f"portrait{chr(97 + n)}.png", scene(200 + n, (120, 160)))
    done = datakit.split(tmp_path / "in", tmp_path / "out", val=0.5, workers=0)
    homes = {row.split for row in rows(tmp_path / "out") if "portrait" not in row.source.name}
    assert len(homes) == 1
    assert done.counts["groups"] == 13
    torn = tmp_path / "torn"
    for n, frame in enumerate(moving(12, 3), 8):
        save(torn / ("train" if n % 3 else "valid") / f"{name.format(n)}.png", frame)
    found = datakit.split(torn, tmp_path / "audit", audit=True, workers=0)
    assert isinstance(found, Audit)
    assert found.exit_code == 1
    assert {leak.reason for leak in found.leaks} <= {"near", "sequence"}
    assert [pair.steps for pair in found.frames] == [1] * len(found.frames)
    assert (tmp_path / "audit" / "frames.csv").read_text().startswith("splits,steps,one,other")
    # Whoever parts them is told, too.
    assert datakit.split(torn, audit=True, video="apart", workers=0).exit_code == 1


def test_numbered_photos_of_different_things_are_no_video(tmp_path: Path) -> None:
    photos(tmp_path / "in", range(12))
    done = datakit.split(tmp_path / "in", tmp_path / "out", val=0.25, workers=0)
    assert done.counts["groups"] == 12


def test_two_videos_that_count_alike_are_two(tmp_path: Path) -> None:
    for split, seed in (("train", 3), ("valid", 9)):
        for n, frame in enumerate(moving(8, seed)):
            save(tmp_path / "in" / split / f"frame{n:04}.png", frame)
    found = datakit.split(tmp_path / "in", audit=True, workers=0)
    assert found.exit_code == 0


def shot(path: Path, image: np.ndarray, time: str, subsec: str = "") -> None:
    """A JPEG with the time at which a camera took it."""
    exif = Image.Exif()
    exif[0x0110] = "Camera"
    inside = exif.get_ifd(0x8769)
    inside[0x9003] = time
    if subsec:
        inside[0x9291] = subsec
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, exif=exif, quality=90)


def test_shots_of_one_moment_are_one_burst(tmp_path: Path) -> None:
    # The subject moves between the shots: too unlike for near-duplicates.
    for n, letter in enumerate("xkb"):
        image = scene(5, (120, 160))
        image[40:90, 55 * n : 55 * n + 24] = scene(77, (120, 160))[40:90, :24]
        shot(tmp_path / "in" / f"{letter}.jpg", image, f"2024:05:01 10:00:0{n}", "25")
    # Another moment, and another thing at the same second.
    shot(tmp_path / "in" / "q.jpg", scene(70, (120, 160)), "2024:05:01 10:00:01", "50")
    shot(tmp_path / "in" / "z.jpg", scene(71, (120, 160)), "2024:05:02 10:00:00")
    done = datakit.split(tmp_path / "in", tmp_path / "out", val=0.4, workers=0)
    groups = {row.source.name: row.group for row in rows(tmp_path / "out")}
    assert groups["x.jpg"] == groups["k.jpg"] == groups["b.jpg"]
    assert done.counts["groups"] == 3


def test_groups_of_a_part_of_the_samples_are_refused(tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", range(12))
    table = tmp_path / "people.csv"
    table.write_text("file,group\np001.png,ann\np002.png,ann\nNOSUCH.png,bob\n")
    with pytest.raises(InputError, match=r"2 of 12 samples.*NOSUCH.*--group-rest each"):
        datakit.split(source, tmp_path / "out", val=0.25, group_by=str(table), workers=0)
    with pytest.raises(InputError, match=r"4 of 12 samples.*--group-rest"):
        datakit.split(source, tmp_path / "out", val=0.25, group_regex="^(?P<g>p00[0-3])", workers=0)
    options = {"group_by": str(table), "val": 0.25, "workers": 0}
    each = datakit.split(source, tmp_path / "each", group_rest="each", **options)
    assert each.counts["groups"] == 11
    rest = datakit.split(source, tmp_path / "rest", group_rest="together", tolerance=0.2, **options)
    assert rest.counts["groups"] == 2
    with pytest.raises(InputError, match="goes with"):
        datakit.split(source, tmp_path / "out", val=0.25, group_rest="each", workers=0)


@pytest.mark.parametrize("turned", [False, True])
def test_a_table_that_names_two_groups_of_a_photo_is_refused(tmp_path: Path, turned: bool) -> None:
    source = photos(tmp_path / "photos", range(4))
    lines = [f"p00{n}.png,{'ann' if n < 2 else 'ben'}" for n in range(4)] + ["p000.png,ben"]
    table = tmp_path / "people.csv"
    table.write_text("\n".join(reversed(lines) if turned else lines))
    with pytest.raises(InputError, match=r"p000\.png: expected one group, found .*keep one"):
        datakit.split(source, tmp_path / "out", val=0.5, group_by=str(table), workers=0)
