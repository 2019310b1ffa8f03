"""The committed sample data is what its program makes."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("skimage", reason="scikit-image ships the three photographs")

COMMITTED = Path(__file__).parents[1] / "sample_data"
FOLDERS = ("roboflow_export", "broken_export", "portraits", "photos", "backgrounds")
EXACT = ("dark_long_hair", "red_wind_blown")


def made(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix()
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.is_file()
    }


def generate(destination: Path) -> Path:
    subprocess.run([sys.executable, COMMITTED / "generate.py", destination], check=True)
    return destination


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("sample_data"))


def pixels(path: Path) -> np.ndarray:
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        return np.asarray(image).astype(int)


def test_the_same_files_are_made(fresh: Path) -> None:
    assert made(fresh) == made(COMMITTED)


def test_it_is_small() -> None:
    assert sum((COMMITTED / name).stat().st_size for name in made(COMMITTED)) < 1_500_000


def test_json_and_text_are_equal(fresh: Path) -> None:
    for name in sorted(made(fresh)):
        if name.endswith((".json", ".txt")):
            # json writes NaN as NaN: as text it equals itself
            assert (fresh / name).read_text() == (COMMITTED / name).read_text(), name


def test_pixels_are_equal_up_to_the_libraries_rounding(fresh: Path) -> None:
    for name in sorted(made(fresh)):
        path = COMMITTED / name
        if path.suffix not in (".jpg", ".png") or "truncated" in name or not path.stat().st_size:
            continue
        new, old = pixels(fresh / name), pixels(path)
        assert new.shape == old.shape, name
        # JPEG coders and OpenCV's resize differ by a level or two between versions
        assert np.abs(new - old).mean() < 0.5, name
        assert np.abs(new - old).max() <= (24 if path.suffix == ".jpg" else 2), name


def test_the_same_bytes_every_time(fresh: Path, tmp_path: Path) -> None:
    again = generate(tmp_path)
    for name in sorted(made(fresh)):
        assert (again / name).read_bytes() == (fresh / name).read_bytes(), name


def test_every_portrait_has_an_alpha_with_soft_edges() -> None:
    images = sorted((COMMITTED / "portraits/images").iterdir())
    alphas = sorted((COMMITTED / "portraits/alphas").iterdir())
    assert [p.stem for p in images] == [p.stem for p in alphas]
    assert len(images) == 7
    for image, alpha in zip(images, alphas, strict=True):
        values = pixels(alpha)
        assert values.shape == pixels(image).shape[:2]
        assert values.min() == 0
        assert values.max() == 255
        assert 0.01 < ((values > 0) & (values < 255)).mean() < 0.2, alpha.name


@pytest.mark.parametrize("name", EXACT)
def test_the_exact_portraits_obey_the_compositing_equation(name: str) -> None:
    alpha = pixels(COMMITTED / f"portraits/alphas/{name}.png")[..., None] / 255
    foreground = pixels(COMMITTED / f"portraits/foregrounds/{name}.png")
    background = pixels(COMMITTED / f"backgrounds/{name}.png")
    image = pixels(COMMITTED / f"portraits/images/{name}.png")
    assert np.array_equal(np.rint(alpha * foreground + (1 - alpha) * background), image)


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_the_clean_export_is_clean(split: str) -> None:
    folder = COMMITTED / "roboflow_export" / split
    document = json.loads((folder / "_annotations.coco.json").read_text())
    names = [image["file_name"] for image in document["images"]]
    assert len(set(names)) == len(names)
    assert {p.name for p in folder.glob("*.jpg")} == set(names)
    assert [image["id"] for image in document["images"]] == list(range(len(names)))
    for image in document["images"]:
        assert pixels(folder / image["file_name"]).shape == (image["height"], image["width"], 3)
    for annotation in document["annotations"]:
        assert annotation["category_id"] == 1
        x, y, width, height = map(float, annotation["bbox"])
        assert annotation["area"] == pytest.approx(width * height, abs=1e-3)
        assert x >= 0
        assert y >= 0
        # Roboflow rounds the corner, so a box may reach half a pixel further than the image
        assert x + width <= 320.5
        assert y + height <= 320.5


def test_provenance_names_everything() -> None:
    text = (COMMITTED / "PROVENANCE.md").read_text()
    for folder in FOLDERS:
        assert f"{folder}/" in text
    for name in made(COMMITTED):
        if name.endswith(".jpg") and ".rf." in name:
            assert f"`{Path(name).name.split('.rf.')[0]}`" in text, name
