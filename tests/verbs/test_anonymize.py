"""`anonymize` from photos to audit, on the sample data alone."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
from PIL import Image

import datakit
from datakit.errors import InputError, ModelError
from datakit.io.pixels import decoders, images
from datakit.models.weights.provenance import WEIGHTS_VARIABLE

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")

SCHEMA = Path(__file__).parents[2] / "schemas/anonymize.schema.json"
FACE = "red_wind_blown.png"


def audit(folder):
    return {
        line["id"]: line
        for line in map(json.loads, (folder / "anonymize.jsonl").read_text().splitlines())
    }


def review(folder):
    with (folder / "review.csv").open(newline="") as lines:
        return {row["id"]: row for row in csv.DictReader(lines)}


def written(folder):
    """Return the photos of a dataset, as names below images/."""
    return sorted(
        path.relative_to(folder / "images").as_posix()
        for path in (folder / "images").rglob("*")
        if path.is_file()
    )


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def portraits(tmp_path_factory, sample_data):
    folder = tmp_path_factory.mktemp("portraits")
    for name in ("astronaut.jpg", "bald_beard.jpg", "dark_long_hair.png", FACE):
        alpha = f"{Path(name).stem}.png"
        put(folder / "images" / name, (sample_data / "portraits/images" / name).read_bytes())
        put(folder / "alphas" / alpha, (sample_data / "portraits/alphas" / alpha).read_bytes())
    return folder


@pytest.fixture(scope="module")
def safe(portraits, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "safe"
    summary = datakit.anonymize(portraits, out, workers=0)
    assert summary.exit_code == 0
    return out


@pytest.fixture(scope="module")
def face(sample_data):
    return decoders.decode_photo((sample_data / "portraits/images/red_wind_blown.png").read_bytes())


def test_every_portrait_is_there_with_its_alpha_and_its_record(safe, portraits):
    names = sorted(path.name for path in (portraits / "images").iterdir())
    assert written(safe) == names
    records = audit(safe)
    schema = json.loads(SCHEMA.read_text())
    for name, record in records.items():
        jsonschema.validate(record, schema)
        assert record["status"] == "anonymized"
        assert record["matte"] == "given"
        source = (portraits / "images" / name).read_bytes()
        assert record["sha256_in"] == hashlib.sha256(source).hexdigest()
        out = (safe / record["file_name"]).read_bytes()
        assert record["sha256_out"] == hashlib.sha256(out).hexdigest()
        assert all(found["residual"] is None for found in record["faces"])
        assert set(record["models"]) == {
            *("mediapipe", "centerface", "face mesh", "selfie segmentation")
        }
    assert sorted(records) == names
    rows = [json.loads(line) for line in (safe / "metadata.jsonl").read_text().splitlines()]
    assert {row["alpha_file_name"] for row in rows} == {
        f"alphas/{Path(name).stem}.png" for name in names
    }


def test_pixels_change_in_the_face_and_nowhere_else(safe, portraits):
    for name in ("red_wind_blown.png", "dark_long_hair.png"):
        before = decoders.decode_photo((portraits / "images" / name).read_bytes())
        after = decoders.decode_photo((safe / "images" / name).read_bytes())
        alpha = decoders.decode_alpha((portraits / "alphas" / name).read_bytes())
        changed = (before != after).any(axis=2)
        assert changed.any()
        assert not changed[(alpha > 0) & (alpha < 1)].any()
        assert not changed[alpha == 0].any()
        x0, y0, x1, y1 = audit(safe)[name]["faces"][0]["box_xyxy"]
        grow_x, grow_y = (x1 - x0) // 3, (y1 - y0) // 3
        changed[max(0, y0 - grow_y) : y1 + grow_y, max(0, x0 - grow_x) : x1 + grow_x] = False
        assert not changed.any()


def test_no_face_no_place_in_the_dataset_until_a_person_says_so(sample_data, tmp_path):
    photos = sample_data / "photos"
    out = tmp_path / "out"
    summary = datakit.anonymize(photos, out, workers=0)
    assert (summary.exit_code, summary.findings) == (1, 2)
    assert not (out / "images").exists()
    assert {row["reasons"] for row in review(out).values()} == {"no face was found"}
    assert {record["file_name"] for record in audit(out).values()} == {None}

    summary = datakit.anonymize(photos, out, workers=0, release=["coffee.jpg"], overwrite=True)
    assert written(out) == ["coffee.jpg"]
    assert audit(out)["coffee.jpg"]["status"] == "released"
    assert list(review(out)) == ["chelsea.jpg"]
    with pytest.raises(InputError, match=r"--release tea\.jpg: expected an id of the source"):
        datakit.anonymize(photos, out, release=["tea.jpg,coffee.jpg"], overwrite=True)


def test_release_into_a_finished_dataset_gives_the_bytes_of_a_new_run(sample_data, tmp_path):
    src = tmp_path / "src"
    for name in ("photos/coffee.jpg", "photos/chelsea.jpg", "portraits/images/red_wind_blown.png"):
        put(src / Path(name).name, (sample_data / name).read_bytes())
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    datakit.anonymize(src, out, workers=0)
    with pytest.raises(InputError, match="expected the options that made this dataset"):
        datakit.anonymize(src, out, workers=0, release=["coffee.jpg"], resume=True, sigma=2)
    before = (out / "images" / FACE).stat().st_mtime_ns
    for released in ("coffee.jpg", "chelsea.jpg"):
        datakit.anonymize(src, out, workers=0, release=[released], resume=True)
    assert (out / "images" / FACE).stat().st_mtime_ns == before
    both = ["chelsea.jpg", "coffee.jpg"]
    summary = datakit.anonymize(src, fresh, workers=0, release=both)
    assert tree(out) == tree(fresh)
    assert (summary.exit_code, summary.counts["released"]) == (0, 2)
    # A photo that is gone, or was tampered with, is made again.
    (out / "images" / FACE).write_bytes(b"x")
    datakit.anonymize(src, out, workers=0, release=both, resume=True)
    assert tree(out) == tree(fresh)


def test_no_face_copied_or_failed_when_asked(sample_data, tmp_path):
    photos = sample_data / "photos"
    copied = datakit.anonymize(photos, tmp_path / "a", workers=0, on_no_face="copy")
    assert (copied.exit_code, len(written(tmp_path / "a"))) == (0, 2)
    failed = datakit.anonymize(photos, tmp_path / "b", workers=0, on_no_face="fail")
    assert (failed.exit_code, failed.failed) == (3, 2)
    assert not (tmp_path / "b/images").exists()


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def saved(pixels, kind, mode="RGB", **options):
    buffer = BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def test_bad_files_are_rows_and_never_unblurred_photos(face, tmp_path):
    src = tmp_path / "src"
    jpeg = saved(face, "JPEG")
    put(src / "images/good.jpg", jpeg)
    put(src / "images/palette.png", saved(face, "PNG", "P"))
    put(src / "images/cmyk.jpg", saved(face, "JPEG", "CMYK"))
    put(src / "images/truncated.jpg", jpeg[: len(jpeg) // 2])
    put(src / "images/empty.jpg", b"")
    put(src / "images/pointer.png", b"version https://git-lfs.github.com/spec/v1\n")
    put(src / "images/page.jpg", b"<!DOCTYPE html>")
    put(src / "images/sixteen.png", bytes(cv2.imencode(".png", face.astype(np.uint16) * 257)[1]))
    put(src / "images/dot.png", saved(face[:1, :1], "PNG"))
    put(src / "images/matte.png", saved(face, "PNG"))
    put(src / "alphas/matte.png", saved(face[:10, :10, 0], "PNG", "L"))
    summary = datakit.anonymize(src, tmp_path / "out", workers=0)
    assert summary.exit_code == 3
    rows = (tmp_path / "out/failures.jsonl").read_text().splitlines()
    failures = {row["id"]: row["error"] for row in map(json.loads, rows)}
    expected = {"truncated.jpg", "empty.jpg", "pointer.png", "page.jpg", "sixteen.png", "matte.png"}
    assert set(failures) == expected
    assert "expected 8 bits a channel, found 16" in failures["sixteen.png"]
    assert "expected the photo's size" in failures["matte.png"]
    assert written(tmp_path / "out") == ["cmyk.jpg", "good.jpg", "palette.png"]
    assert {row: review(tmp_path / "out")[row]["status"] for row in review(tmp_path / "out")} == {
        "dot.png": "no-face"
    }
    hidden = {key for key, record in audit(tmp_path / "out").items() if record["faces"]}
    assert hidden == {"cmyk.jpg", "good.jpg", "palette.png"}


def test_a_photo_of_twenty_thousand_pixels_across(face, tmp_path):
    wide = np.full((face.shape[0], 20_000, 3), 90, np.uint8)
    wide[:, -face.shape[1] :] = face
    put(tmp_path / "src/wide.png", saved(wide, "PNG"))
    datakit.anonymize(tmp_path / "src", tmp_path / "out", workers=0)
    (found,) = [
        record for record in audit(tmp_path / "out")["wide.png"]["faces"] if record["score"] > 0.5
    ]
    assert found["box_xyxy"][0] > 20_000 - face.shape[1]


@pytest.mark.parametrize("orientation", [3, 6])
def test_orientation_is_applied_to_photo_and_matte_alike(face, portraits, tmp_path, orientation):
    alpha = decoders.decode_mask((portraits / "alphas" / FACE).read_bytes())
    turns = {3: 2, 6: 1}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    src = tmp_path / "src"
    put(src / "images/a.png", saved(np.rot90(face, turns), "PNG", exif=exif))
    put(src / "alphas/a.png", saved(np.rot90(alpha, turns), "PNG", "L", exif=exif))
    # A matte drawn on the photo as shown, without EXIF of its own.
    put(src / "images/b.png", saved(np.rot90(face, turns), "PNG", exif=exif))
    put(src / "alphas/b.png", saved(alpha, "PNG", "L"))
    datakit.anonymize(src, tmp_path / "out", workers=0)
    plain = datakit.anonymize(portraits, tmp_path / "plain", workers=0, skip_where="id != 'x'")
    assert plain.counts["skipped"] == len(written(tmp_path / "plain"))
    for name in ("a", "b"):
        shown = decoders.decode_photo((tmp_path / f"out/images/{name}.png").read_bytes())
        matte = decoders.decode_mask((tmp_path / f"out/alphas/{name}.png").read_bytes())
        assert (matte == alpha).all()
        soft = (alpha > 0) & (alpha < 255)
        assert (shown[soft] == face[soft]).all()
        assert (shown != face).any()


def test_public_figures_stay_sharp_and_the_record_says_so(safe, tmp_path):
    famous = tmp_path / "famous"
    shutil.copytree(safe, famous)
    rows = [json.loads(line) for line in (famous / "metadata.jsonl").read_text().splitlines()]
    for row in rows:
        row["tags"] = ["celebrity"] if row["id"] == FACE else []
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (famous / "metadata.jsonl").write_text(text)
    datakit.anonymize(
        famous, tmp_path / "out", workers=0, skip_where="'celebrity' in tags", on_no_face="copy"
    )
    record = audit(tmp_path / "out")[FACE]
    assert (record["status"], record["faces"]) == ("skipped", [])
    before, after = (
        decoders.decode_photo((folder / "images" / FACE).read_bytes())
        for folder in (famous, tmp_path / "out")
    )
    assert (before == after).all()


def test_the_preview_begins_with_what_waits_for_a_person(safe, portraits, tmp_path):
    from datakit.io.layouts.sources import open_sources
    from datakit.verbs.anonymize.preview import _records, _uncertain_first

    lines = [json.loads(line) for line in (safe / "anonymize.jsonl").read_text().splitlines()]
    last = lines[-1]["id"]
    lines[-1] |= {"status": "review", "file_name": None, "sha256_out": None}
    (tmp_path / "anonymize.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    order = [
        item.key
        for item in _uncertain_first(_records(tmp_path), open_sources([str(portraits)]).items())
    ]
    assert order == [last, *sorted(line["id"] for line in lines[:-1])]


def test_masks_and_preview_are_written_where_asked(portraits, tmp_path):
    src = tmp_path / "src"
    put(src / FACE, (portraits / "images" / FACE).read_bytes())
    out, masks = tmp_path / "out", tmp_path / "masks"
    summary = datakit.anonymize(
        src, out, workers=0, alpha_dir=portraits / "alphas", facemask_dir=masks, preview=3
    )
    mask = decoders.decode_mask((masks / FACE).read_bytes())
    before, after = (
        decoders.decode_photo((folder / FACE).read_bytes()) for folder in (src, out / "images")
    )
    assert set(np.unique(mask)) == {0, 255}
    assert not (before != after).any(axis=2)[mask == 0].any()
    assert (tmp_path / "out.preview.jpg").is_file()
    assert any("it shows faces" in note for note in summary.notes)
    # Beside DST, never in it.
    assert not list(out.rglob("*preview*"))
    # What the run wrote itself may be written again.
    options = {"workers": 0, "alpha_dir": portraits / "alphas", "facemask_dir": masks}
    datakit.anonymize(src, out, **options, overwrite=True)
    with pytest.raises(InputError, match=f"expected an empty or new folder, found {FACE}"):
        datakit.anonymize(src, tmp_path / "other", **options)


@pytest.mark.parametrize("folder", ["src", "src/masks", "out/masks", "alphas", "."])
def test_masks_replace_no_file_that_is_read(tmp_path, folder):
    put(tmp_path / "src/a.png", images.encode_png(np.zeros((8, 8, 3), np.uint8)))
    put(tmp_path / "alphas/a.png", b"not looked at")
    before = tree(tmp_path)
    with pytest.raises(InputError, match=r"--facemask-dir .*: expected a folder apart from"):
        datakit.anonymize(
            tmp_path / "src", tmp_path / "out", workers=0, on_no_face="copy",
            alpha_dir=tmp_path / "alphas", facemask_dir=tmp_path / folder,
        )  # fmt: skip
    assert tree(tmp_path) == before


def test_thresholds_and_smallest_face_change_what_is_hidden(portraits, tmp_path):
    put(tmp_path / "src" / FACE, (portraits / "images" / FACE).read_bytes())

    def record(name, **options):
        datakit.anonymize(tmp_path / "src", tmp_path / name, workers=0, **options)
        return audit(tmp_path / name)[FACE]

    assert record("strict", threshold=0.99)["status"] == "no-face"
    seen = record("wary", residual_threshold=0.001)
    assert any(face["residual"] is not None for face in seen["faces"])
    assert seen["status"] == "review"
    assert "a detector still sees a face there" in seen["reasons"][0]
    left = record("large", min_face=2000)
    assert {face["mask"] for face in left["faces"]} == {"none"}


def test_a_matte_that_is_missing_in_alpha_dir_is_a_failure(portraits, tmp_path):
    (tmp_path / "none").mkdir()
    put(tmp_path / "src" / FACE, (portraits / "images" / FACE).read_bytes())
    summary = datakit.anonymize(
        tmp_path / "src", tmp_path / "out", workers=0, alpha_dir=tmp_path / "none"
    )
    assert (summary.exit_code, summary.counts["samples"]) == (3, 0)


@pytest.mark.parametrize("method", ["solid", "mosaic"])
def test_other_methods_and_the_automatic_matte(portraits, tmp_path, method):
    put(tmp_path / "src" / FACE, (portraits / "images" / FACE).read_bytes())
    datakit.anonymize(tmp_path / "src", tmp_path / "out", workers=0, method=method, matte="auto")
    record = audit(tmp_path / "out")[FACE]
    assert record["matte"] == "auto"
    assert {found["method"] for found in record["faces"]} == {method}


def test_options_are_refused_with_the_way_out(portraits, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"--sigma 0\.4: below 0\.5 a face can be restored"):
        datakit.anonymize(portraits, tmp_path / "x", sigma=0.4)
    with pytest.raises(InputError, match="column 'tag' is unknown"):
        datakit.anonymize(portraits, tmp_path / "x", skip_where="'a' in tag")
    with pytest.raises(InputError, match="exclude each other"):
        datakit.anonymize(portraits, tmp_path / "x", alpha_dir="a", matte="none")
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match="YuNet weights: expected"):
        datakit.anonymize(portraits, tmp_path / "x", detectors=["yunet"])
    assert not (tmp_path / "x").exists()


def command(src, out, *more):
    return [sys.executable, "-m", "datakit", "anonymize", str(src), "-o", str(out), *more]


def test_same_bytes_for_any_number_of_workers_and_after_a_kill(portraits, safe, tmp_path):
    two = datakit.anonymize(portraits, tmp_path / "two", workers=2)
    assert two.exit_code == 0
    assert tree(tmp_path / "two") == tree(safe)

    killed = tmp_path / "killed"
    run = subprocess.Popen(command(portraits, killed, "--workers", "1", "-q"))
    journal = killed / ".datakit/journal.jsonl"
    for _ in range(600):
        time.sleep(0.05)
        if journal.is_file() and journal.read_bytes().count(b"\n") >= 2:
            break
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not (killed / "anonymize.jsonl").exists()
    again = subprocess.run(command(portraits, killed, "--workers", "1", "-q", "--resume"))
    assert again.returncode == 0
    assert tree(killed) == tree(safe)


def test_nothing_is_printed_by_native_libraries_and_no_connection_is_made(portraits, tmp_path):
    put(tmp_path / "src" / FACE, (portraits / "images" / FACE).read_bytes())
    run = command(tmp_path / "src", tmp_path / "out", "--workers", "1", "-q")
    trace = tmp_path / "trace"
    strace = shutil.which("strace")
    if strace:
        run = [strace, "-f", "-qq", "-e", "trace=socket,connect,sendto", "-o", str(trace), *run]
    else:
        (tmp_path / "site").mkdir()
        (tmp_path / "site/sitecustomize.py").write_text(
            "import socket\n"
            "def refuse(*args, **kwargs):\n    raise SystemExit('a connection was tried')\n"
            "socket.socket.connect = socket.create_connection = refuse\n"
        )
    done = subprocess.run(
        run,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    if strace:
        calls = trace.read_text().splitlines()
        # The server that forks its workers is asked through a socket in a folder of its own.
        foreign = [call for call in calls if "/pymp-" not in call]
        assert not [call for call in foreign if "AF_INET" in call or "connect(" in call]
