"""matte and trimap end to end: pixels, manifest, failures, workers, resume."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from datakit.io.pixels import decoders, images
from datakit.io.store.atomic import write_bytes
from tests.verbs.pairs import SIDE_PX, photo_and_alpha, write_gray, write_set


def rows(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


def failures(folder: Path) -> dict[str, str]:
    lines = (folder / "failures.jsonl").read_text().splitlines()
    return {row["id"]: row["error"] for row in map(json.loads, lines)}


def mask_of(path: Path) -> np.ndarray:
    return decoders.decode_mask(path.read_bytes())


def alpha_of(path: Path) -> np.ndarray:
    return decoders.decode_alpha(path.read_bytes())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("matte") / "src", "masks")


def test_alphas_are_near_the_truth_and_tagged(source: Path, tmp_path: Path) -> None:
    summary = datakit.matte(source, tmp_path / "out", band=0.08, trimaps=True, workers=0)
    assert summary.exit_code == 0 and summary.counts["alphas"] == 3
    assert "exact" in summary.notes[0]
    for seed, row in enumerate(rows(tmp_path / "out")):
        assert row["tags"] == ["synthetic-alpha"]
        assert row["history"][0]["verb"] == "matte"  # type: ignore[index]
        found = alpha_of(tmp_path / "out" / str(row["alpha_file_name"]))
        truth = photo_and_alpha(seed)[1]
        trimap = decoders.decode_mask(
            (tmp_path / "out" / str(row["trimap_file_name"])).read_bytes()
        )
        unknown = trimap == 128
        binary = ((truth > 0.5) - truth)[unknown]
        assert ((found - truth)[unknown] ** 2).mean() < (binary**2).mean() / 3
        assert np.array_equal(found > 0.5, truth > 0.5)
        assert row["fg_ratio"] == pytest.approx(float(found.mean()), abs=1e-2)
        mask = tmp_path / "out" / str(row["mask_file_name"])
        assert mask.read_bytes() == (source / "masks" / mask.name).read_bytes()


def test_workers_and_resume_do_not_change_a_byte(source: Path, tmp_path: Path) -> None:
    datakit.matte(source, tmp_path / "a", workers=0)
    datakit.matte(source, tmp_path / "b", workers=2)
    again = datakit.matte(source, tmp_path / "b", workers=2, resume=True)
    assert "nothing was done" in again.notes[0]
    names = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert names == sorted(p.relative_to(tmp_path / "b") for p in (tmp_path / "b").rglob("*.*"))
    for name in names:
        if (tmp_path / "a" / name).is_file():
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_cutouts_hold_the_foregrounds_colour_and_16_bits_are_kept(
    source: Path, tmp_path: Path
) -> None:
    datakit.matte(source, tmp_path / "out", cutouts=True, depth="16", band=0.08, workers=0)
    stored = decoders.decode_stored((tmp_path / "out/alphas/p1.png").read_bytes())
    assert stored.dtype == np.uint16 and len(np.unique(stored)) > 50
    cutout = decoders.decode_stored((tmp_path / "out/cutouts/p1.png").read_bytes())
    assert cutout.shape == (SIDE_PX, SIDE_PX, 4)
    soft = (cutout[..., 3] > 60) & (cutout[..., 3] < 200)
    front = photo_and_alpha(1)[0][SIDE_PX // 2, SIDE_PX // 2].astype(int)
    photo = decoders.decode_photo((source / "images/p1.png").read_bytes()).astype(int)
    fringe = np.abs(photo[soft] - front).mean()
    assert np.abs(cutout[soft][:, :3] - front).mean() < fringe / 4


@pytest.mark.parametrize("method", ["guided", "knn", "lbdm"])
def test_other_methods_run_in_workers(source: Path, tmp_path: Path, method: str) -> None:
    if method != "guided":
        pytest.importorskip("pymatting")
    summary = datakit.matte(source, tmp_path / "out", method=method, workers=2)
    assert summary.exit_code == 0 and summary.counts["alphas"] == 3


def test_a_sources_own_trimap_is_used(source: Path, tmp_path: Path) -> None:
    datakit.trimap(source, tmp_path / "trimaps", band=0.1, workers=0)
    datakit.matte(tmp_path / "trimaps", tmp_path / "out", workers=0)
    trimap = decoders.decode_mask((tmp_path / "out/trimaps/p0.png").read_bytes())
    found = alpha_of(tmp_path / "out/alphas/p0.png")
    assert (found[trimap == 255] == 1).all() and (found[trimap == 0] == 0).all()
    assert [step["verb"] for step in rows(tmp_path / "out")[0]["history"]] == ["trimap", "matte"]  # type: ignore[attr-defined]


def test_masks_of_coco2mask_are_taken_for_drawn(sample_data: Path, tmp_path: Path) -> None:
    datakit.coco2mask(
        sample_data / "roboflow_export", tmp_path / "dataset", drop_empty=True, workers=0
    )
    summary = datakit.matte(tmp_path / "dataset", tmp_path / "out", workers=0)
    assert summary.exit_code == 0 and "drawn" in summary.notes[0]
    beyond = 0
    for row in rows(tmp_path / "out"):
        mask = mask_of(tmp_path / "out" / str(row["mask_file_name"])) > 0
        found = alpha_of(tmp_path / "out" / str(row["alpha_file_name"]))
        beyond += int(((found > 0.52) & ~mask).sum())
    assert beyond > 0


def test_each_bad_sample_is_one_row(tmp_path: Path) -> None:
    source = write_set(tmp_path / "src", "masks", 6)
    write_gray(source / "masks/p1.png", np.zeros((SIDE_PX, SIDE_PX)))
    write_gray(source / "masks/p2.png", np.ones((SIDE_PX, SIDE_PX)))
    write_gray(source / "masks/p3.png", np.ones((SIDE_PX, SIDE_PX + 1)))
    (source / "masks/p4.png").unlink()
    (source / "images/p5.png").write_bytes(b"no image")
    write_gray(source / "masks/lost.png", np.ones((4, 4)))
    summary = datakit.matte(source, tmp_path / "out", workers=0)
    assert summary.exit_code == 3 and summary.counts["samples"] == 1
    errors = failures(tmp_path / "out")
    assert "only background" in errors["p1.png"]
    assert "only foreground" in errors["p2.png"]
    assert "73x72" in errors["p3.png"]
    assert "a mask or a trimap" in errors["p4.png"]
    assert "p5.png" in errors and "masks/lost.png" in errors
    assert not list((tmp_path / "out").rglob("*p4*"))


def test_16_bit_and_jpeg_masks_are_read(tmp_path: Path) -> None:
    source = write_set(tmp_path / "src", "masks", 2)
    mask = photo_and_alpha(0)[1] > 0.5
    write_bytes(source / "masks/p0.png", images.encode_png(mask.astype(np.uint16) * 3))
    (source / "masks/p1.png").unlink()
    rgb = np.repeat(np.uint8(255 * mask)[..., None], 3, axis=2)
    write_bytes(source / "masks/p1.jpg", images.encode_jpeg(rgb, 60))
    assert datakit.matte(source, tmp_path / "out", workers=0).exit_code == 0
    for name in ("p0", "p1"):
        assert ((alpha_of(tmp_path / f"out/alphas/{name}.png") > 0.5) == mask).mean() > 0.99


def test_a_missing_pymatting_is_an_error_before_any_work(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pymatting", None)
    with pytest.raises(InputError, match=r"datakit\[matte\]"):
        datakit.matte(source, tmp_path / "out", method="knn", workers=0)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("style", ["band", "p3m", "dim"])
def test_trimaps_hold_the_truths_soft_pixels(tmp_path: Path, style: str) -> None:
    source = write_set(tmp_path / "src", "alphas")
    summary = datakit.trimap(
        source, tmp_path / "out", style=style, band=0.1, kernel=7, reach=3, workers=0
    )
    assert summary.exit_code == 0 and summary.counts["trimaps"] == 3
    for row in rows(tmp_path / "out"):
        trimap = decoders.decode_mask(
            (tmp_path / "out" / str(row["trimap_file_name"])).read_bytes()
        )
        alpha = alpha_of(tmp_path / "out" / str(row["alpha_file_name"]))
        assert set(np.unique(trimap)) == {0, 128, 255}
        assert (alpha[trimap == 255] > 0.9).all() and (alpha[trimap == 0] < 0.1).all()


def test_a_trimap_that_cannot_be_is_a_row(tmp_path: Path) -> None:
    source = write_set(tmp_path / "src", "masks", 2)
    summary = datakit.trimap(source, tmp_path / "none", style="p3m", workers=0)
    assert summary.exit_code == 3 and summary.counts["samples"] == 0
    assert "--style band" in failures(tmp_path / "none")["p0.png"]
    hard = write_set(tmp_path / "hard", "alphas", 1)
    write_gray(hard / "alphas/p0.png", photo_and_alpha(0)[1] > 0.5)
    datakit.trimap(hard, tmp_path / "hard_out", style="dim", workers=0)
    assert "no unknown pixel" in failures(tmp_path / "hard_out")["p0.png"]
