from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from datakit.core.masks.rings import (
    check_rings,
    ring_area,
    ring_bounds,
    ring_from_flat,
    tolerance_px,
)
from datakit.errors import InputError

SQUARE = np.array([[10.0, 10.0], [30.0, 10.0], [30.0, 40.0], [10.0, 40.0]])


def moved(right: float) -> np.ndarray:
    return SQUARE + np.array([right, 0.0])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2, 3], "x, y pairs"),
        ([[1, 2], [3, 4]], "x, y pairs"),
        (["a", 1], "flat list of numbers"),
        ([None, 1], None),
        ([10**400, 1], "flat list of numbers"),
    ],
)
def test_flat_lists_that_are_no_ring(values: list, message: str | None) -> None:
    if message is None:  # numpy reads None as not a number, which check_rings then names
        assert "not finite" in str(check_rings([ring_from_flat([*values, 0, 0, 1, 1])], 9, 9))
        return
    with pytest.raises(InputError, match=message):
        ring_from_flat(values)


def test_bounds_and_area() -> None:
    assert ring_bounds(SQUARE) == (10.0, 10.0, 30.0, 40.0)
    assert ring_area(SQUARE) == ring_area(SQUARE[::-1]) == 600.0
    assert ring_area(np.concatenate([SQUARE, SQUARE[:1]])) == 600.0
    assert ring_area(SQUARE[:2]) == 0.0


@pytest.mark.parametrize(
    ("rings", "bbox", "reason"),
    [
        ([SQUARE], [10, 10, 20, 30], None),
        ([SQUARE], [9, 11, 21, 29], None),
        ([SQUARE], None, None),
        ([SQUARE], [0, 0, 0, 0], None),
        ([SQUARE[:2], SQUARE[2:]], [10, 10, 20, 30], "2 points"),
        ([SQUARE, SQUARE + np.array([0, 40])], [10, 10, 20, 70], None),
        ([SQUARE, SQUARE[:2]], None, "2 points"),
        ([], None, "no polygon"),
        ([SQUARE * [[1, np.nan]]], None, "not finite"),
        ([moved(71.9)], None, None),
        ([moved(73.1)], None, "leaves the 100x100 image by 3.1 px"),
        ([moved(-13.0)], None, "leaves the 100x100 image by 3.0 px"),
        ([SQUARE], [10, 10, 24, 30], "disagree with its bbox"),
    ],
)
def test_check_rings_names_the_reason(
    rings: list[np.ndarray], bbox: list[float] | None, reason: str | None
) -> None:
    found = check_rings(rings, 100, 100, bbox)
    assert found is None if reason is None else reason in str(found)


def test_the_tolerance_can_be_given() -> None:
    assert tolerance_px(1000, 100) == 10.0
    assert check_rings([moved(75.0)], 100, 100, tolerance=5.0) is None
    assert check_rings([SQUARE], 100, 100, [10, 10, 21, 30], tolerance=0.5) is not None


def test_only_the_known_corrupt_polygons_of_the_real_exports_are_refused(shared_data: Path) -> None:
    expected = {
        "bubble_rle_degenerate": 3,
        "bubble_string_concat_jsononly": 10,
        "game_mixed_rle_jsononly": 0,
        "person_porong_aug3x": 0,
    }
    for name, count in expected.items():
        refused = 0
        for path in sorted((shared_data / "roboflow" / name).rglob("*.coco.json")):
            coco = json.loads(path.read_bytes())
            images = {image["id"]: image for image in coco["images"]}
            for annotation in coco["annotations"]:
                if annotation["segmentation"] and isinstance(annotation["segmentation"], list):
                    image = images[annotation["image_id"]]
                    rings = [ring_from_flat(part) for part in annotation["segmentation"]]
                    size = image["width"], image["height"]
                    refused += check_rings(rings, *size, annotation["bbox"]) is not None
        assert refused == count, name
