from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

import datakit
from datakit.cli.main import app
from datakit.errors import InputError
from datakit.io.pixels import images
from tests.planted.copies import scene


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo among eight others: as it is, as a mirrored crop, augmented, in two exports."""
    root = tmp_path_factory.mktemp("forget")
    photos = root / "photos"
    for folder in ("images", "masks"):
        (photos / folder).mkdir(parents=True)
    anna = scene(99)
    crop = np.ascontiguousarray(anna[20:170, 60:280][:, ::-1])
    named = {f"p{n}.png": images.encode_png(scene(n)) for n in range(8)}
    named |= {"anna.png": images.encode_png(anna), "crop.jpg": images.encode_jpeg(crop, 85)}
    for name, data in named.items():
        (photos / "images" / name).write_bytes(data)
        mask = np.zeros((150, 220) if name == "crop.jpg" else (240, 320), np.uint8)
        mask[40:120, 60:160] = 255
        cv2.imwrite(str(photos / "masks" / f"{Path(name).stem}.png"), mask)
    (root / "anna.png").write_bytes(named["anna.png"])
    options = {"preset": "p3m", "copies": 2, "include_originals": True, "workers": 0}
    datakit.split(photos, root / "parts", val=0.3, workers=0)
    datakit.augment(root / "parts", root / "copies", **options)
    datakit.export(root / "copies", root / "shards", format="webdataset", workers=0)
    datakit.mask2coco(root / "copies", root / "coco", workers=0)
    return root


def lines_of(folder: Path) -> list[str]:
    return (folder / "metadata.jsonl").read_text().splitlines()


def test_all_that_was_made_of_it_is_found_and_nothing_else(planted: Path, tmp_path: Path) -> None:
    names = ("photos", "copies", "shards", "coco")
    found = datakit.forget(
        tuple(planted / name for name in names),
        tmp_path / "report",
        photo=(planted / "anna.png",),
        workers=0,
    )
    assert found.exit_code == 1
    by_set = {name: {h.id for h in found.found if Path(h.dataset).name == name} for name in names}
    rows = [json.loads(line) for line in lines_of(planted / "copies")]
    made = {row["id"] for row in rows if "anna" in row["id"] or "crop" in row["id"]}
    assert by_set == {
        "photos": {"anna.png", "crop.jpg"},
        "copies": made,
        "shards": made,
        "coco": made,
    }
    reasons = {hit.id: hit.reason for hit in found.found if Path(hit.dataset).name == "photos"}
    assert reasons == {"anna.png": "file", "crop.jpg": "window"}
    assert (tmp_path / "report" / "found.png").stat().st_size > 1000


def test_the_datasets_are_written_without_it_and_without_its_name(
    planted: Path, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in planted.rglob("*") if path.is_file()}
    options = {"photo": (planted / "anna.png",), "apply": True, "workers": 0}
    done = datakit.forget((planted / "photos", planted / "copies"), tmp_path / "out", **options)
    assert done.exit_code == 0
    kept = [json.loads(row) for row in lines_of(tmp_path / "out/photos")]
    assert {row["source"]["name"] for row in kept} == {f"images/p{n}.png" for n in range(8)}
    for row in kept:
        old = planted / "photos" / row["source"]["name"]
        assert (tmp_path / "out/photos" / row["file_name"]).read_bytes() == old.read_bytes()
    digest = hashlib.sha256((planted / "anna.png").read_bytes()).hexdigest()
    for path in (tmp_path / "out").rglob("*.json*"):
        text = path.read_text()
        assert "anna" not in text
        assert "crop.jpg" not in text
        assert (digest in text) == (path.name == "removed.jsonl")
    listed = (tmp_path / "out/removed.jsonl").read_bytes()
    signature = (tmp_path / "out/removed.jsonl.sha256").read_text()
    assert signature == f"{hashlib.sha256(listed).hexdigest()}  removed.jsonl\n"
    assert before == {path: path.read_bytes() for path in before}
    # Nothing of it is left.
    left = (tmp_path / "out/photos", tmp_path / "out/copies")
    assert datakit.forget(left, photo=(planted / "anna.png",), workers=0).exit_code == 0
    again = datakit.forget(
        (planted / "photos", planted / "copies"), tmp_path / "out", resume=True, **options
    )
    assert again.exit_code == 0


def test_a_digest_alone_finds_files_and_records(planted: Path) -> None:
    digest = hashlib.sha256((planted / "anna.png").read_bytes()).hexdigest()
    found = datakit.forget(
        (planted / "photos", planted / "shards"), sha256=(digest,), workers=0
    ).found
    assert {Path(hit.dataset).name for hit in found} == {"photos", "shards"}
    assert not any("crop" in hit.id for hit in found)


def test_models_that_learnt_from_it_are_named(planted: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in lines_of(planted / "copies")]
    ids = [row["id"] for row in rows]
    for name, learnt in (("all", ids), ("others", [key for key in ids if "/p" in key])):
        (tmp_path / name).mkdir()
        lines = "".join(json.dumps({"id": key, "side": "train"}) + "\n" for key in learnt)
        (tmp_path / name / "samples.jsonl").write_text(lines)
    models = tuple(str(tmp_path / name) for name in ("all", "others"))
    options = {"photo": (planted / "anna.png",), "workers": 0}
    found = datakit.forget(planted / "copies", models=models, **options)
    assert list(found.models) == [models[0]]
    with pytest.raises(InputError, match="a folder that train wrote"):
        datakit.forget(planted / "copies", models=(str(planted),), **options)


def test_the_command_line(planted: Path, tmp_path: Path) -> None:
    line = ["forget", str(planted / "photos"), "--photo", str(planted / "anna.png")]
    shown = CliRunner().invoke(app, [*line, "--workers", "0"])
    assert shown.exit_code == 1
    assert "file: anna.png" in shown.stdout
    as_json = CliRunner().invoke(app, [*line, "--json", "--workers", "0"])
    assert len(json.loads(as_json.stdout)["found"]) == 2
    for options, message in (
        ({}, "expected what must go"),
        ({"sha256": ("abc",)}, "64 hexadecimal digits"),
        ({"photo": ("nosuch.jpg",)}, "no such file"),
        ({"photo": (planted / "anna.png",), "apply": True}, "expected -o DST"),
    ):
        with pytest.raises(InputError, match=message):
            datakit.forget(planted / "photos", workers=0, **options)


def test_an_even_picture_of_another_colour_may_stay(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, rgb in (("red", (255, 0, 0)), ("red2", (250, 4, 0)), ("green", (0, 130, 0))):
        picture = np.full((90, 120, 3), rgb, np.uint8)
        (tmp_path / "in" / f"{name}.png").write_bytes(images.encode_png(picture))
    found = datakit.forget(tmp_path / "in", photo=(tmp_path / "in/red.png",), workers=0)
    assert {hit.id: hit.reason for hit in found.found} == {"red.png": "file", "red2.png": "near"}


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen, which signs")
def test_the_list_is_signed_so_that_others_can_check_it(planted: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    digest = hashlib.sha256((planted / "anna.png").read_bytes()).hexdigest()
    options = {"sha256": (digest,), "apply": True, "workers": 0}
    datakit.forget(planted / "photos", tmp_path / "out", sign_key=key, **options)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"me@example.org {key.with_suffix('.pub').read_text()}")

    def is_genuine(text: bytes) -> bool:
        command = ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "me@example.org"]
        command += ["-n", "datakit", "-s", tmp_path / "out/removed.jsonl.sig"]
        return subprocess.run(command, input=text, capture_output=True).returncode == 0

    listed = (tmp_path / "out/removed.jsonl").read_bytes()
    assert digest.encode() in listed
    assert is_genuine(listed)
    assert not is_genuine(listed.replace(b"file", b"near"))
    # A key that does not work is met before anything is written.
    allowed.chmod(0o600)
    with pytest.raises(InputError, match="ssh-keygen cannot sign with it"):
        datakit.forget(planted / "photos", tmp_path / "none", sign_key=allowed, **options)
    assert not list(tmp_path.glob("none/photos/*"))
    with pytest.raises(InputError, match="no such file"):
        datakit.forget(planted / "photos", tmp_path / "none", sign_key=tmp_path / "no", **options)
    with pytest.raises(InputError, match="goes with --apply"):
        datakit.forget(planted / "photos", sha256=(digest,), sign_key=key)
