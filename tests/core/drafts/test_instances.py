"""A mask of several people becomes an object per person, and nothing of it is lost."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from datakit.core.drafts.instances import split_by_boxes, split_by_heads
from datakit.core.faces.bodies import Head

SIDES = st.integers(1, 24)
MASKS = arrays.arrays(bool, st.tuples(SIDES, SIDES))
PLACES = st.floats(0, 24, allow_nan=False)
HEADS = st.lists(st.tuples(PLACES, PLACES, st.floats(0.5, 12)), max_size=4)
BOXES = st.lists(st.tuples(PLACES, PLACES, PLACES, PLACES), max_size=4)


def heads_of(given: list[tuple[float, float, float]]) -> list[Head]:
    return [Head(np.array([x, y]), side) for x, y, side in given]


def check(mask: np.ndarray, ids: np.ndarray) -> None:
    assert ids.dtype == np.uint16 and ids.shape == mask.shape
    assert ((ids > 0) == mask).all()
    used = np.unique(ids[mask])
    assert used.tolist() == list(range(1, len(used) + 1))


@given(MASKS, HEADS)
def test_every_pixel_belongs_to_somebody_by_heads(
    mask: np.ndarray, heads: list[tuple[float, float, float]]
) -> None:
    ids = split_by_heads(mask, heads_of(heads))
    check(mask, ids)
    assert (ids == split_by_heads(mask, heads_of(heads[::-1]))).all()


@given(MASKS, BOXES)
def test_every_pixel_belongs_to_somebody_by_boxes(
    mask: np.ndarray, boxes: list[tuple[float, float, float, float]]
) -> None:
    check(mask, split_by_boxes(mask, boxes))


def test_touching_people_are_parted_between_their_faces() -> None:
    mask = np.zeros((60, 60), bool)
    mask[10:60, 5:55] = True
    # The nearer person is larger: its share of the shoulders is, too.
    ids = split_by_heads(mask, heads_of([(15, 15, 8), (42, 18, 12)]))
    assert ids[40, 10] == 1 and ids[40, 50] == 2
    assert (ids == 1).sum() < (ids == 2).sum()


def test_a_face_that_is_found_twice_is_one_person() -> None:
    ids = split_by_heads(np.ones((20, 20), bool), heads_of([(9, 5, 6), (10, 5.5, 5), (8, 4, 4)]))
    assert (ids == 1).all()


def test_a_part_without_a_face_is_reached_or_a_person_of_its_own() -> None:
    mask = np.zeros((100, 200), bool)
    mask[10:40, 20:40] = True  # with a face
    mask[50:70, 25:35] = True  # legs behind a table: the same person
    mask[20:80, 150:190] = True  # seen from behind
    mask[2, 199] = True  # a speck
    ids = split_by_heads(mask, heads_of([(30, 15, 10)]))
    assert ids[20, 30] == ids[60, 30] == 1
    assert ids[50, 170] == ids[2, 199] == 2
    # Without any face the parts are people, but for the speck.
    alone = split_by_heads(mask, [])
    assert alone.max() == 3 and alone[50, 170] == 1 == alone[2, 199]
