"""What label pictures hold, told by their content."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.io.layouts.label_study import named_study, statistics_of

ROWS, COLUMNS = np.mgrid[:40, :50]
DISC = (ROWS - 20) ** 2 + (COLUMNS - 25) ** 2 < 150
SOFT = np.clip((18 - np.hypot(ROWS - 20, COLUMNS - 25)) * 20, 0, 255).astype(np.uint8)
PHOTO = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
TRIMAP = np.where(DISC, 255, np.where(SOFT > 0, 128, 0)).astype(np.uint8)


@pytest.mark.parametrize(
    ("pixels", "label", "kind"),
    [
        (DISC.astype(np.uint8) * 255, True, "mask"),
        (DISC.astype(np.uint8), True, "mask"),
        (np.repeat(DISC[..., None], 3, axis=2).astype(np.uint8) * 255, True, "mask"),
        (DISC.astype(np.uint16) * 2000, True, "mask"),
        (SOFT, True, "alpha"),
        (SOFT.astype(np.float32) / 255, True, "alpha"),
        (TRIMAP, True, "trimap"),
        (np.dstack([PHOTO, SOFT]), True, "alpha"),
        (np.where(DISC[..., None], np.uint8([9, 200, 3]), np.uint8(0)), True, "mask"),
    ],
)
def test_labels_are_told_from_photos(pixels: np.ndarray, label: bool, kind: str) -> None:
    found = statistics_of(pixels)
    assert (found.label, found.kind) == (label, kind)


def test_photos_are_no_labels() -> None:
    assert not statistics_of(PHOTO).label
    assert not statistics_of(PHOTO[..., 0]).label
    assert not statistics_of(np.dstack([PHOTO, np.full((40, 50), 255, np.uint8)])).label


def test_void_and_a_class_at_zero() -> None:
    found = named_study(frozenset({0, 1, 255}), {0: "skin", 1: "hair"})
    assert found.label_map == {"background": 0, "skin": 1, "hair": 2}
    assert dict(found.coding.values) == {0: 1, 1: 2}
    assert found.coding.ignored == (255,)
    found = named_study(frozenset({0, 7}), {0: "void", 7: "road"})
    assert found.label_map == {"background": 0, "road": 7}
    assert (dict(found.coding.values), found.coding.ignored) == ({0: 255}, (255,))
