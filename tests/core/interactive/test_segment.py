"""Prompts change the label where they point, add or take away, and give the same mask each time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.interactive.prompts import Click, Prompts, Stroke
from datakit.core.interactive.segment import segment
from datakit.core.metrics.mask_metrics import iou
from datakit.errors import InputError
from tests.core.interactive.pictures import figure

IMAGE, TRUTH = figure()
INSIDE = Click(80.5, 90.5)


def test_one_click_finds_a_clear_figure() -> None:
    found = segment(IMAGE, (), Prompts(clicks=(INSIDE,)))
    assert iou(found, TRUTH) > 0.9


def test_box_lasso_and_stroke_find_it_too() -> None:
    lasso = ((35.0, 20.0), (125.0, 20.0), (125.0, 160.0), (35.0, 160.0))
    for prompts in (
        Prompts(box=(38, 24, 122, 156)),
        Prompts(lasso=lasso),
        Prompts(strokes=(Stroke(((80, 60), (80, 120)), 4),)),
    ):
        assert iou(segment(IMAGE, (), prompts), TRUTH) > 0.9


def test_a_probability_says_how_far_a_click_reaches() -> None:
    half = TRUTH.copy()
    half[100:] = False
    likely = np.where(half, 0.95, 0.05).astype(np.float32)
    found = segment(IMAGE, [likely], Prompts(clicks=(Click(80.5, 60.5),)))
    assert iou(found, half) > 0.85


def test_a_negative_click_takes_away_the_part_below_it() -> None:
    label = TRUTH.copy()
    label[30:90, 170:220] = True
    found = segment(IMAGE, (), Prompts(clicks=(Click(195, 60, positive=False),)), label)
    assert (found[TRUTH]).all()
    assert found[30:90, 170:220].mean() < 0.05


def test_one_click_adds_the_whole_object_that_a_map_shows() -> None:
    likely = np.where(TRUTH, np.float32(0.9), np.float32(0.1))
    likely[:20, :20] = 0.9
    edge = Click(*(np.argwhere(TRUTH)[0, ::-1] + 0.5))
    found = segment(IMAGE, [likely], Prompts(clicks=(edge,)))
    assert (found == TRUTH).all()
    # What an earlier click holds is no part of it.
    against = Prompts(clicks=(Click(80.5, 140.5, positive=False), edge))
    assert not segment(IMAGE, [likely], against)[140, 80]


def test_of_two_maps_the_one_counts_that_holds_what_clicks_say() -> None:
    right = np.where(TRUTH, np.float32(0.95), np.float32(0.05))
    for maps in ([1 - right, right], [right, 1 - right]):
        assert (segment(IMAGE, maps, Prompts(clicks=(INSIDE,))) == TRUTH).all()


@settings(max_examples=15, deadline=None)
@given(x=st.floats(0, 240), y=st.floats(0, 180), positive=st.booleans(), seed=st.integers(0, 3))
def test_a_click_only_adds_or_only_takes_away(
    x: float, y: float, positive: bool, seed: int
) -> None:
    label = np.roll(TRUTH, 15 * seed, axis=1)
    prompts = Prompts(clicks=(Click(x, y, positive),))
    found = segment(IMAGE, (), prompts, label)
    changed = found != label
    assert (found[changed] == positive).all()
    assert found[min(int(y), 179), min(int(x), 239)] == positive
    assert (segment(IMAGE, (), prompts, label) == found).all()
    # What a click has made stays when it is handed in once more.
    assert (segment(IMAGE, (), prompts, found) == found).all()


def test_earlier_clicks_hold_their_pixels() -> None:
    kept = Click(80.5, 140.5, positive=False)
    prompts = Prompts(clicks=(kept, INSIDE))
    assert not segment(IMAGE, (), prompts)[140, 80]


@pytest.mark.parametrize(
    "prompts",
    [
        Prompts(clicks=(Click(500, 10),)),
        Prompts(box=(300, 10, 400, 60)),
        Prompts(strokes=(Stroke(((900.0, 900.0),), 2),)),
    ],
)
def test_prompts_outside_are_refused(prompts: Prompts) -> None:
    with pytest.raises(InputError, match="expected"):
        segment(IMAGE, (), prompts)


def test_arrays_must_agree() -> None:
    with pytest.raises(InputError, match="label: expected"):
        segment(IMAGE, (), Prompts(), np.zeros((3, 3), bool))
    with pytest.raises(InputError, match="image: expected"):
        segment(IMAGE[..., 0], None, Prompts())


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 2), (40, 1)])
def test_small_pictures(size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    found = segment(image, (), Prompts(clicks=(Click(0.5, 0.5),), box=(0, 0, *size[::-1])))
    assert found[0, 0]
