"""inpaint end to end: plates, regions, layers, labels, lineage, review, failures, resume."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from datakit.io.pixels import decoders, images
from tests.contracts.labelled_sets import write_labelled_set
from tests.verbs.pairs import photo_and_alpha, write_set


def rows(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


def failures(folder: Path) -> dict[str, str]:
    lines = (folder / "failures.jsonl").read_text().splitlines()
    return {row["id"]: row["error"] for row in map(json.loads, lines)}


def photo_of(path: Path) -> np.ndarray:
    return decoders.decode_photo(path.read_bytes())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("inpaint") / "src", "alphas")


@pytest.fixture(scope="module")
def portrait(sample_data: Path) -> Path:
    return sample_data / "portraits/images/red_wind_blown.png"


@pytest.mark.parametrize("model", ["exemplar", "telea", "navier-stokes"])
def test_plates_show_the_background_alone(source: Path, tmp_path: Path, model: str) -> None:
    summary = datakit.inpaint(source, tmp_path / "out", model=model, workers=0)
    assert summary.exit_code == 0 and summary.counts["samples"] == 3
    assert any("no network" in note for note in summary.notes)
    for seed, row in enumerate(rows(tmp_path / "out")):
        photo, alpha = photo_and_alpha(seed)
        plate = photo_of(tmp_path / "out" / str(row["file_name"]))
        background = photo[0, 0].astype(int)
        assert np.abs(plate.astype(int) - background).max() <= 4
        region = decoders.decode_mask((tmp_path / f"out/regions/p{seed}__plate.png").read_bytes())
        assert (region[alpha > 0.05] == 255).all()
        assert np.array_equal(plate[region == 0], photo[region == 0])


def test_a_plate_is_a_child_of_its_photo(source: Path, tmp_path: Path) -> None:
    datakit.inpaint(source, tmp_path / "out", model="telea", seed=5, workers=0)
    for seed, row in enumerate(rows(tmp_path / "out")):
        assert row["id"] == f"p{seed}__plate.png"
        assert row["parent"] == f"p{seed}.png"
        assert row["group"] == f"p{seed}"
        assert row["tags"] == ["plate"]
        assert row["label_state"] == "complete" and row["fg_ratio"] == 0
        assert row["source"]["sha256"]  # type: ignore[index]
        params = json.loads(row["history"][-1]["params"])  # type: ignore[index]
        assert params["models"][0]["name"] == "telea"
        assert params["models"][0]["licence"] == "not needed"
        assert params["seed"] == 5


def test_layers_give_the_photo_back(source: Path, tmp_path: Path) -> None:
    datakit.inpaint(source, tmp_path / "out", model="telea", layers=True, workers=0)
    for seed in range(3):
        plate = photo_of(tmp_path / f"out/images/p{seed}__plate.png").astype(float)
        stored = (tmp_path / f"out/foregrounds/p{seed}__plate.png").read_bytes()
        layer = decoders.decode_stored(stored, "layer").astype(float)
        share = layer[..., 3:] / 255
        again = np.rint(share * layer[..., :3] + (1 - share) * plate)
        assert np.abs(again - photo_and_alpha(seed)[0]).max() <= 1


@pytest.mark.parametrize("kind", ["binary", "semantic", "instance", "alpha", "partial"])
def test_labels_are_cleared_where_the_photo_was_filled(kind: str, tmp_path: Path) -> None:
    source = write_labelled_set(tmp_path / "src", kind)
    datakit.inpaint(source, tmp_path / "out", model="telea", workers=0)
    before, after = rows(source), rows(tmp_path / "out")
    waiting = (tmp_path / "out/review.csv").read_text().splitlines()[1:]
    released = {row["parent"]: row for row in after}
    assert len(released) + len(waiting) == len(before) and released
    for old in before:
        if (new := released.get(old["id"])) is None:
            continue
        for fact in ("split", "group", "width", "height"):
            assert new[fact] == old[fact]
        assert new["source"]["name"] == old["source"]["name"]  # type: ignore[index]
        assert set(old["tags"]) <= set(new["tags"])  # type: ignore[call-overload]
        assert new["ignore_file_name"] is None and new["label_state"] == "complete"
        assert new["instances"] == [] and new["fg_ratio"] == 0
        label = new["alpha_file_name"] or new["mask_file_name"]
        assert not decoders.decode_stored((tmp_path / "out" / str(label)).read_bytes(), "x").any()


@pytest.mark.parametrize("kind", ["semantic", "instance"])
def test_one_class_is_removed_and_the_other_stays(kind: str, tmp_path: Path) -> None:
    source = write_labelled_set(tmp_path / "src", kind)
    options = {"remove": "category", "category": "dog", "grow": 0.0}
    if kind == "instance":
        with pytest.raises(InputError, match="expected a class of the source"):
            datakit.inpaint(source, tmp_path / "out", **{**options, "category": "cat"})
    datakit.inpaint(source, tmp_path / "out", model="telea", workers=0, **options)
    for old, new in zip(rows(source), rows(tmp_path / "out"), strict=True):
        was, now = (
            decoders.decode_mask((root / str(row["mask_file_name"])).read_bytes())
            for root, row in ((source, old), (tmp_path / "out", new))
        )
        dog = 600 if kind == "instance" else 2
        assert (now[was == dog] == 0).all()
        assert np.array_equal(now[was != dog], was[was != dog])
        assert (now > 0).any()
        assert new["categories"] == [one for one in old["categories"] if one != "dog"]  # type: ignore[attr-defined]
        assert new["annotations"] == (len(new["instances"]) or old["annotations"])  # type: ignore[arg-type]


def test_a_trimap_is_cleared_and_undrawn_objects_are_not_forgotten(tmp_path: Path) -> None:
    source = write_labelled_set(tmp_path / "src", "alpha")
    facts = rows(source)
    for row in facts:
        alpha = decoders.decode_stored((source / str(row["alpha_file_name"])).read_bytes(), "x")
        row["trimap_file_name"] = str(row["alpha_file_name"]).replace("alphas", "trimaps")
        row["label_state"] = "partial"
        target = source / str(row["trimap_file_name"])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(images.encode_png(np.where((alpha > 0) & (alpha < 255), 128, alpha)))
    (source / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in facts))
    datakit.inpaint(source, tmp_path / "out", model="telea", workers=0)
    assert rows(tmp_path / "out")
    for row in rows(tmp_path / "out"):
        assert row["label_state"] == "partial"
        trimap = (tmp_path / "out" / str(row["trimap_file_name"])).read_bytes()
        assert not decoders.decode_trimap(trimap, "x").any()


def test_a_photo_without_label_names_prelabel(source: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.png").write_bytes(images.encode_png(photo_and_alpha(0)[0]))
    summary = datakit.inpaint(photos, tmp_path / "out", workers=0)
    assert summary.exit_code == 3
    assert "datakit prelabel" in failures(tmp_path / "out")["a.png"]


def test_a_region_without_surroundings_is_a_failure(tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        (tmp_path / "src" / folder).mkdir(parents=True)
    photo = photo_and_alpha(0)[0]
    (tmp_path / "src/images/a.png").write_bytes(images.encode_png(photo))
    (tmp_path / "src/masks/a.png").write_bytes(images.encode_png(np.full_like(photo[..., 0], 255)))
    datakit.inpaint(tmp_path / "src", tmp_path / "out", workers=0)
    assert "smaller region" in failures(tmp_path / "out")["a.png"]


def test_a_plate_that_shows_somebody_waits_for_a_person(tmp_path: Path, portrait: Path) -> None:
    """The label misses the person, so that the plate still shows one."""
    for folder in ("images", "masks"):
        (tmp_path / "src" / folder).mkdir(parents=True)
    photo = photo_of(portrait)
    mask = np.zeros(photo.shape[:2], np.uint8)
    mask[:8, :8] = 255
    (tmp_path / "src/images/a.png").write_bytes(portrait.read_bytes())
    (tmp_path / "src/masks/a.png").write_bytes(images.encode_png(mask))
    summary = datakit.inpaint(tmp_path / "src", tmp_path / "out", model="telea", workers=0)
    assert summary.exit_code == 1 and summary.findings == 1
    assert summary.counts["samples"] == 0
    assert rows(tmp_path / "out") == []
    listed = (tmp_path / "out/review.csv").read_text().splitlines()
    assert len(listed) == 2 and "found" in listed[1]
    assert (tmp_path / "out" / listed[1].split(",")[2]).is_file()


def test_faces_are_removed_where_a_detector_finds_them(tmp_path: Path, portrait: Path) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "face.png").write_bytes(portrait.read_bytes())
    (folder / "none.png").write_bytes(images.encode_png(photo_and_alpha(0)[0]))
    out = tmp_path / "out"
    datakit.inpaint(folder, out, remove="faces", model="telea", workers=0)
    assert "found none" in failures(out)["none.png"]
    # The body is still there: the plate waits for a person, its face filled.
    assert photo_of(out / "review/face__plate.png").shape == photo_of(portrait).shape


def test_workers_and_resume_give_the_same_bytes(source: Path, tmp_path: Path) -> None:
    def tree(root: Path) -> dict[str, bytes]:
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.suffix in (".png", ".jsonl", ".csv")
        }

    datakit.inpaint(source, tmp_path / "one", workers=0)
    datakit.inpaint(source, tmp_path / "two", workers=2)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    again = datakit.inpaint(source, tmp_path / "two", workers=0, resume=True)
    assert "nothing was done" in again.notes[0]


def test_qc_judges_plates_as_photos(source: Path, tmp_path: Path) -> None:
    """A plate has no label on purpose; its region is what is looked at."""
    datakit.inpaint(source, tmp_path / "plates", model="telea", workers=0)
    plate = tmp_path / "plates/images/p1__plate.png"
    pixels = photo_of(plate).copy()
    region = decoders.decode_mask((tmp_path / "plates/regions/p1__plate.png").read_bytes()) > 0
    pixels[region] += np.uint8(90)
    plate.write_bytes(images.encode_png(pixels))
    datakit.qc(tmp_path / "plates", tmp_path / "report", fail_on="never", sheet=0, workers=0)
    found = [json.loads(line) for line in (tmp_path / "report/qc.jsonl").read_text().splitlines()]
    assert {(row["sample"], row["check"]) for row in found} == {("p1__plate.png", "seam")}


def test_regions_and_layers_go_where_plates_go(source: Path, tmp_path: Path) -> None:
    datakit.inpaint(source, tmp_path / "out", model="telea", layers=True, workers=0)
    plates = tmp_path / "out"
    datakit.select(plates, tmp_path / "chosen", n=2, workers=0)
    datakit.split(plates, tmp_path / "parts", val="34%", duplicates="off", workers=0)
    datakit.qc(plates, tmp_path / "fixed", fix="safe", workers=0)
    for made in ("chosen", "parts", "fixed"):
        kept = rows(tmp_path / made)
        assert kept
        for row in kept:
            image = tmp_path / made / str(row["file_name"])
            for folder in ("regions", "foregrounds"):
                beside = Path(str(image).replace("/images/", f"/{folder}/")).with_suffix(".png")
                assert beside.read_bytes() == (plates / folder / beside.name).read_bytes()
