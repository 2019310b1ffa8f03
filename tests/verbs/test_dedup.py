from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import datakit
from datakit.cli.main import app
from datakit.errors import InputError
from datakit.io.pixels import decoders, images
from datakit.verbs.dedup import task
from tests.planted.copies import near_copy, scene


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(1)
    for n in range(8):
        (root / f"{n}.png").write_bytes(images.encode_png(scene(n)))
    for n in range(3):
        (root / f"near-{n}.jpg").write_bytes(images.encode_jpeg(near_copy(scene(n), rng)))
    (root / "same.png").write_bytes(images.encode_png(scene(7)) + b"")
    (root / "other-format.webp").write_bytes(images.encode_like(scene(6), ".webp"))
    return root


def pairs(folder: Path) -> set[frozenset[str]]:
    return {frozenset(c["samples"]) for c in json.loads((folder / "clusters.json").read_text())}


def test_clusters_are_what_was_planted(photos: Path, tmp_path: Path) -> None:
    done = datakit.dedup(photos, tmp_path / "report", workers=0)
    assert done.counts == {"samples": 13, "clusters": 5, "extra copies": 5}
    assert pairs(tmp_path / "report") == {
        *(frozenset({f"{n}.png", f"near-{n}.jpg"}) for n in range(3)),
        frozenset({"7.png", "same.png"}),
        frozenset({"6.png", "other-format.webp"}),
    }
    with (tmp_path / "report" / "clusters.csv").open() as table:
        reasons = {row["id"]: row["reason"] for row in csv.DictReader(table) if row["reason"]}
    # Equal pixels in another file format are exact, too.
    assert reasons["same.png"] == reasons["other-format.webp"] == "exact"
    assert reasons["near-0.jpg"] == "near"
    assert np.ptp(decoders.decode_photo((tmp_path / "report" / "clusters.png").read_bytes())) > 200


def test_exact_alone_finds_exact_alone(photos: Path, tmp_path: Path) -> None:
    done = datakit.dedup(photos, tmp_path / "report", duplicates="exact", workers=0)
    assert done.counts["clusters"] == 2


def test_drop_writes_one_of_each_and_touches_nothing(photos: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in photos.iterdir()}
    done = datakit.dedup(photos, tmp_path / "unique", drop=True, workers=0)
    assert done.exit_code == 0
    kept = list((tmp_path / "unique" / "images").iterdir())
    assert len(kept) == 8
    with (tmp_path / "unique" / "clusters.csv").open() as table:
        dropped = [row["id"] for row in csv.DictReader(table) if row["keep"] == "no"]
    assert len(dropped) == 5
    assert not {path.name for path in kept} & set(dropped)
    assert before == {path: path.read_bytes() for path in photos.iterdir()}


def test_the_command_line(photos: Path, tmp_path: Path) -> None:
    args = ["dedup", str(photos), "-o", str(tmp_path / "out"), "--workers", "0", "--json", "-q"]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["counts"]["clusters"] == 5
    again = CliRunner().invoke(app, args)
    assert again.exit_code == 2
    assert CliRunner().invoke(app, [*args, "--overwrite"]).exit_code == 0


def test_a_report_needs_a_place(photos: Path) -> None:
    with pytest.raises(InputError, match="-o DST"):
        datakit.dedup(photos)
    with pytest.raises(InputError, match="nothing to look for"):
        datakit.dedup(photos, "x", duplicates="off")


def test_pictures_of_other_colours_or_opacity_are_no_copies(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    noise = np.random.default_rng(3).integers(0, 3, (60, 80, 1), np.uint8)
    for name, rgb in (("red", (180, 40, 40)), ("green", (20, 105, 20)), ("blue", (60, 70, 210))):
        image = np.array(rgb, np.uint8) + noise
        (tmp_path / "in" / f"{name}.png").write_bytes(images.encode_png(image))
    photo = scene(4)
    for name, opacity in (("cut", 90), ("whole", 255)):
        clear = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
        clear[:, :80, 3] = opacity
        Image.fromarray(clear).save(tmp_path / "in" / f"{name}.png")
    done = datakit.dedup(tmp_path / "in", tmp_path / "out", drop=True, workers=0)
    assert done.counts["samples"] == 5
    assert len(list((tmp_path / "out" / "images").iterdir())) == 5


def test_two_poses_are_grouped_but_both_are_kept(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    # One backdrop, one sitter: what moved is small beside what stayed.
    for n in range(2):
        image = scene(5)
        image[70:130, 60 + 20 * n : 100 + 20 * n] = scene(6)[70:130, 60:100]
        (tmp_path / "in" / f"pose-{chr(97 + n)}.png").write_bytes(images.encode_png(image))
    done = datakit.dedup(tmp_path / "in", tmp_path / "out", drop=True, workers=0)
    assert done.counts["clusters"] == 1
    assert len(list((tmp_path / "out" / "images").iterdir())) == 2


def test_a_clear_colour_tells_pictures_apart(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    photo = np.where(scene(4) == 255, 254, scene(4))
    photo[:80, :80] = 255
    Image.fromarray(photo).save(tmp_path / "in" / "cut.png", transparency=(255, 255, 255))
    Image.fromarray(photo).save(tmp_path / "in" / "whole.png")
    datakit.dedup(tmp_path / "in", tmp_path / "out", drop=True, workers=0)
    assert len(list((tmp_path / "out" / "images").iterdir())) == 2


def test_of_a_crowd_every_copy_goes_and_every_pose_stays(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    head = scene(6)[70:130, 60:100]
    poses = 3 * task.NEAREST
    for n in range(poses):
        image = scene(5)
        image[20 + 7 * n : 60 + 7 * n, 10 + 11 * n : 50 + 11 * n] = head[:40]
        (tmp_path / "in" / f"a{n:02}.png").write_bytes(images.encode_png(image))
        (tmp_path / "in" / f"b{n:02}.png").write_bytes(images.encode_png(image))
        smaller = Image.fromarray(image).resize((240, 180), Image.Resampling.BOX)
        smaller.save(tmp_path / "in" / f"c{n:02}.jpg", quality=92)
    datakit.dedup(tmp_path / "in", tmp_path / "out", drop=True, workers=0)
    kept = sorted(path.name for path in (tmp_path / "out" / "images").iterdir())
    assert kept == [f"a{n:02}.png" for n in range(poses)]
