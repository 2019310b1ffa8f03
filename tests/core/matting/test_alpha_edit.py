"""Edits of a mask and its soft alpha: no halo, no seam, nothing else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from datakit.core.matting.alpha_edit import edit_alpha
from datakit.errors import InputError


def soft(mask: np.ndarray, kind: type = np.uint8) -> np.ndarray:
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 2)
    return np.rint(blurred * np.iinfo(kind).max).astype(kind)


@pytest.fixture
def mask() -> np.ndarray:
    found = np.zeros((60, 90), bool)
    found[15:45, 10:35] = True
    found[15:45, 55:80] = True
    return found


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_an_erased_part_takes_its_halo_along(mask: np.ndarray, kind: type) -> None:
    alpha = soft(mask, kind)
    after = mask.copy()
    after[:, 45:] = False
    edited = edit_alpha(alpha, mask, after, mask != after)
    assert edited.dtype == kind
    assert (edited[:, :45] == alpha[:, :45]).all()
    assert not edited[:, 46:].any()


def test_a_filled_gap_has_no_seam(mask: np.ndarray) -> None:
    alpha = soft(mask)
    after = mask.copy()
    after[20:40, 35:55] = True
    edited = edit_alpha(alpha, mask, after, mask != after)
    assert (edited[22:38, 20:70] == 255).all()
    assert (edited[:, :25] == alpha[:, :25]).all()
    assert (edited[:12] == alpha[:12]).all()


def test_no_edit_changes_nothing(mask: np.ndarray) -> None:
    alpha = soft(mask)
    assert edit_alpha(alpha, mask, mask, mask & False) is alpha


def test_the_input_stays(mask: np.ndarray) -> None:
    alpha = soft(mask)
    kept = alpha.copy()
    edit_alpha(alpha, mask, ~mask, mask | True)
    assert (alpha == kept).all()


def test_other_shapes_are_refused(mask: np.ndarray) -> None:
    with pytest.raises(InputError, match="one shape"):
        edit_alpha(soft(mask), mask[1:], mask, mask)
