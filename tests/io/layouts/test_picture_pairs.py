"""Which label belongs to which photo, where several could."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_label
from datakit.io.layouts.sources import Collection, open_sources
from tests.io.layouts.test_recognition import disc, put
from tests.verbs.exports import jpeg, photo, png


def source(
    root: Path, labels: dict[str, bytes], photos: tuple[str, ...] = ("a", "b")
) -> Collection:
    for number, stem in enumerate(photos):
        put(root / f"images/{stem}.jpg", jpeg(photo(32, 24, seed=number)))
    for name, data in labels.items():
        put(root / name, data)
    return open_sources([str(root)])


def state(found: Collection) -> dict[str, str]:
    return {item.rel: item.label_state for item in found.items()}


@pytest.mark.parametrize(
    "other", ["masks/a.jpg", "labels/a.png", "masks/a_mask.png"], ids=["suffix", "folder", "word"]
)
def test_of_two_labels_of_a_photo_none_is_chosen_by_its_name(tmp_path: Path, other: str) -> None:
    second = jpeg(np.repeat(disc()[..., None], 3, axis=2)) if other.endswith("jpg") else png(disc())
    labels = {"masks/a.png": png(disc()), "masks/b.png": png(disc()), other: second}
    found = source(tmp_path, labels)
    assert state(found) == {"a.jpg": "none", "b.jpg": "complete"}
    [failure] = found.failures
    told = f"{failure.file}: {failure.error}"
    assert all(part in told for part in ("masks/a.png", other, "--labels-dir"))


def test_file_names_alone_pair_only_where_no_path_does(tmp_path: Path) -> None:
    labels = {"masks/x/a.png": png(disc()), "masks/b.png": png(disc())}
    found = source(tmp_path / "one", labels)
    assert state(found) == {"a.jpg": "none", "b.jpg": "complete"}
    labels = {"masks/x/a.png": png(disc()), "masks/y/b.png": png(disc()), "masks/z/b.png": b""}
    found = source(tmp_path / "two", labels)
    assert state(found) == {"a.jpg": "complete", "b.jpg": "none"}
    assert any("file alone" in note for note in found.notes)
    assert len(found.failures) == 2


def _decoded(item: Item) -> np.ndarray:
    assert item.mask is not None
    return decode_label(item, "mask", item.mask)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_what_jpeg_left_of_0_and_255_is_no_class(tmp_path: Path, suffix: str) -> None:
    blurred = cv2.imencode(".jpg", disc(), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    residue = cv2.imdecode(blurred, cv2.IMREAD_GRAYSCALE)
    near = np.where(residue > 127, np.maximum(residue, 247), np.minimum(residue, 8))
    data = blurred.tobytes() if suffix == ".jpg" else png(near.astype(np.uint8))
    found = source(tmp_path, {f"masks/{stem}{suffix}": data for stem in "ab"})
    assert found.label_map == {"background": 0, "foreground": 255}
    for item in found.items():
        mask = _decoded(item)
        assert set(np.unique(mask)) == {0, 255}
        assert np.count_nonzero((mask > 0) != (disc() > 0)) < 12


def test_indices_with_void_are_no_residue_of_jpeg(tmp_path: Path) -> None:
    mask = disc(1)
    mask[:3], mask[3:5] = 255, 2
    found = source(tmp_path, {f"masks/{stem}.png": png(mask) for stem in "ab"})
    assert found.label_map == {"background": 0, "class_1": 1, "class_2": 2}
