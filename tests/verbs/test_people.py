"""People: counted in every condition, kept on one split, listed, and written nowhere by name."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'prelabel' is not installed")

import datakit
from datakit.errors import InputError, ModelError
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_photo
from datakit.models.weights.provenance import WEIGHTS_VARIABLE
from tests.models.weight_makers import tint_model

TINTS = {"red": (1.0, 0.45, 0.45), "green": (0.45, 1.0, 0.45), "blue": (0.45, 0.45, 1.0)}
POSES = {"a": np.s_[:, :], "b": np.s_[:, ::-1], "c": np.s_[4:, 6:]}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, sample_data: Path) -> Path:
    """Three sitters of three colours in three photos each, and a photo of nobody."""
    folder = tmp_path_factory.mktemp("people")
    data = (sample_data / "portraits/images/astronaut.jpg").read_bytes()
    face = cv2.resize(decode_photo(data, "astronaut.jpg"), (200, 200), interpolation=cv2.INTER_AREA)
    for sitter, tint in TINTS.items():
        for pose, window in POSES.items():
            made = (face[window] * np.array(tint)).astype(np.uint8)
            (folder / f"{pose}-{sitter}.png").write_bytes(images.encode_png(made))
    (folder / "nobody.png").write_bytes(images.encode_png(np.full((240, 240, 3), 90, np.uint8)))
    return folder


@pytest.fixture(scope="module")
def embedding(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    contract, weights = tint_model(tmp_path_factory.mktemp("model"), threshold=40)
    return {"face_model": str(contract), "face_weights": [str(weights)]}


def splits(folder: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    with (folder / "splits.csv").open() as table:
        for row in csv.DictReader(table):
            sitter = row["source"].removesuffix(".png").rpartition("-")[2]
            found.setdefault(sitter, set()).add(row["split"])
    return found


def test_a_person_stands_on_one_side_and_the_audit_sees_who_does_not(
    photos: Path, embedding: dict[str, object], tmp_path: Path
) -> None:
    grouped = {**embedding, "group_by": "people", "duplicates": "off", "workers": 0}
    done = datakit.split(
        photos, tmp_path / "split", val=3, tolerance=0.2, materialize="none", **grouped
    )
    assert all(len(on) == 1 for on in splits(tmp_path / "split").values())
    assert any("9 faces of 3 people, 3 of them in several photos" in note for note in done.notes)
    assert not (tmp_path / "split" / "faces.jsonl").exists()
    links = [json.loads(x) for x in (tmp_path / "split/lineage.jsonl").read_text().splitlines()]
    assert [link["reason"] for link in links if link["reason"] == "person"] == ["person"] * 6
    assert all(link["error"] is None for link in links if link["reason"] == "person")
    alone = datakit.split(
        photos, tmp_path / "torn", val=4, duplicates="off", video="apart", workers=0
    )
    assert alone.exit_code == 0 and any(len(on) > 1 for on in splits(tmp_path / "torn").values())
    audit = datakit.split(tmp_path / "torn", audit=True, **grouped)
    assert audit.exit_code == 1
    assert "person" in {leak.reason for leak in audit.leaks}


def test_dedup_lists_people_and_drops_nobody(
    photos: Path, embedding: dict[str, object], tmp_path: Path
) -> None:
    done = datakit.dedup(
        photos, tmp_path / "report", people=True, keep_embeddings=True, workers=0, **embedding
    )
    assert done.counts["people"] == done.counts["people in several photos"] == 3
    with (tmp_path / "report/people.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 9
    for number in "123":
        assert len({r["file"].rpartition("-")[2] for r in rows if r["person"] == number}) == 1
    lines = (tmp_path / "report/faces.jsonl").read_text().splitlines()
    assert {len(json.loads(line)["vector"]) for line in lines} == {3}
    again = datakit.dedup(photos, tmp_path / "again", people=True, workers=1, **embedding)
    assert again.counts == done.counts
    assert not (tmp_path / "again/faces.jsonl").exists()


def test_numbers_of_people_differ_between_runs(photos: Path, tmp_path: Path) -> None:
    from datakit.verbs.shared.lineage import Lineage
    from datakit.verbs.shared.people import person_rows

    items = list(datakit.verbs.shared.options.ReadOptions(src=(str(photos),)).open().items())
    found = Lineage(items, [item.key for item in items])
    found.persons = [[0, 1], [2, 3], [4, 5], [6, 7]]
    orders = {tuple(row[1] for row in person_rows(found, salt)) for salt in "abcdefgh"}
    assert len(orders) > 4
    assert person_rows(found, "a") == person_rows(found, "a")


def test_the_number_of_people_is_a_column_of_every_condition(photos: Path, tmp_path: Path) -> None:
    counts = datakit.select(photos, tmp_path / "some", where="people >= 1", workers=0).counts
    assert counts["chosen"] == 9
    split = datakit.split(
        photos, tmp_path / "split", val=0.3, where="people == 0 or people == 1",
        val_where="people == 1", stratify=["people:2"], duplicates="off", workers=0,
    )  # fmt: skip
    assert split.counts["samples"] == 10
    names = (tmp_path / "split/val.txt").read_text()
    assert "nobody" not in names
    done = datakit.anonymize(photos, tmp_path / "safe", skip_where="people == 0", workers=0)
    assert done.counts["skipped"] == 1


def test_without_weights_it_says_what_it_needs(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"face_recognition_sface_2021dec.onnx.*weights pull"):
        datakit.split(photos, tmp_path / "out", val=0.3, group_by="people", workers=0)
    assert not (tmp_path / "out").exists()


def test_options_that_would_do_nothing_are_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="go with --group-by people"):
        datakit.split(photos, tmp_path / "out", val=0.3, keep_embeddings=True)
    with pytest.raises(InputError, match="--people lists them"):
        datakit.dedup(photos, tmp_path / "out", group_by="people")
    with pytest.raises(InputError, match="--group-rest goes with"):
        datakit.split(photos, tmp_path / "out", val=0.3, group_by="people", group_rest="each")


def test_real_faces_of_one_sitter_meet(shared_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    samples = shared_data / "portraits/vladmandic_human_samples"
    for name in ("stock-emotions-a-1", "stock-emotions-a-3", "stock-teen-8"):
        (folder / f"{name}.jpg").write_bytes((samples / f"{name}.jpg").read_bytes())
    datakit.dedup(
        folder, tmp_path / "report", people=True, workers=0, face_model="faceres",
        face_weights=[str(shared_data / "weights/faceres/faceres.onnx")],
    )  # fmt: skip
    with (tmp_path / "report/people.csv").open() as table:
        assert {row["file"] for row in csv.DictReader(table)} == {
            "stock-emotions-a-1.jpg",
            "stock-emotions-a-3.jpg",
        }


def test_a_person_is_forgotten_by_a_photo_that_no_dataset_has(
    photos: Path, embedding: dict[str, object], tmp_path: Path
) -> None:
    face = decode_photo((photos / "a-red.png").read_bytes(), "a-red.png")
    other = tmp_path / "elsewhere.png"
    other.write_bytes(images.encode_png(np.ascontiguousarray(face[8:, 4:])))
    done = datakit.forget(
        photos, tmp_path / "out", face=[str(other)], apply=True, workers=0, **embedding
    )
    assert {hit.file for hit in done.found} == {"a-red.png", "b-red.png", "c-red.png"}
    assert {hit.reason for hit in done.found} == {"person"}
    left = next((tmp_path / "out").glob("people*"))
    assert not list(left.rglob("*red*"))
    assert len(list((left / "images").iterdir())) == 7
    with pytest.raises(InputError, match="expected a clear face"):
        datakit.forget(photos, face=[str(photos / "nobody.png")], workers=0, **embedding)
    with pytest.raises(InputError, match="go with --face"):
        datakit.forget(photos, photo=[str(other)], same_person=0.5)


def test_originals_leave_no_digest_when_asked(photos: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256((photos / "a-red.png").read_bytes()).hexdigest()
    source = tmp_path / "src"
    source.mkdir()
    (source / "a-red.png").write_bytes((photos / "a-red.png").read_bytes())
    for kept in (False, True):
        out = tmp_path / f"safe-{kept}"
        done = datakit.anonymize(source, out, no_source_digest=not kept, workers=0)
        assert done.counts["anonymized"] == 1
        published = b"".join(
            path.read_bytes()
            for path in out.rglob("*")
            if path.is_file() and ".datakit" not in path.parts
        )
        assert (digest.encode() in published) is kept
        assert any("knows the originals' digests" in note for note in done.notes) is not kept


def test_fairness_is_reported_as_aggregates_when_asked(photos: Path, tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    for name in ("a-red.png", "b-green.png"):
        (source / name).write_bytes((photos / name).read_bytes())
    datakit.anonymize(source, tmp_path / "safe", report_fairness=True, workers=0)
    with (tmp_path / "safe/fairness.csv").open() as table:
        rows = list(csv.DictReader(table))
    counts = {trait: sum(int(r["faces"]) for r in rows if r["trait"] == trait) for trait in
              ("size", "brightness", "pose")}  # fmt: skip
    assert len(set(counts.values())) == 1 and counts["size"] >= 2
    assert all(float(row["hidden_per_box"]) > 0 for row in rows)
    assert not list((tmp_path / "safe").glob(".traits*"))
    datakit.anonymize(source, tmp_path / "plain", workers=0)
    assert not (tmp_path / "plain/fairness.csv").exists()
