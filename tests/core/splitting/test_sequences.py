from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.core.splitting.sequences import NEAR_STEPS, frame_name, runs, time_in_name, usual_step


@pytest.mark.parametrize(
    ("name", "series", "number"),
    [
        ("input_video_mp4-0014", "input_video_mp4", 14),
        ("clip_mov-7", "clip_mov", 7),
        ("holiday.mp4_frame_3", "holiday.mp4", 3),
        ("walk.mp4-000120", "walk.mp4", 120),
        ("sets/walk_frame_000120", "sets/walk_", 120),
        ("walk-frame12", "walk-", 12),
        ("IMG_20240101_120000_BURST002", "IMG_20240101_120000_BURST", 2),
        ("IMG_20240101_120000_BURST001_COVER", "IMG_20240101_120000_BURST", 1),
        ("00003IMG_00003_BURST20181228123456789", "_BURST20181228123456789", 3),
        ("00001IMG_00001_BURST20181228123456789_COVER", "_BURST20181228123456789", 1),
        ("20240101_120000_004", "20240101_120000", 4),
        ("20240101_120000(2)", "20240101_120000", 2),
    ],
)
def test_names_that_say_video_or_burst(name: str, series: str, number: int) -> None:
    found = frame_name(name)
    assert found is not None
    assert (found.series, found.number, found.certain) == (series, number, True)


@pytest.mark.parametrize("name", ["IMG_0001", "photo-12", "7", "frame0003", "out-001", "DSC00042"])
def test_a_number_alone_is_no_proof(name: str) -> None:
    found = frame_name(name)
    assert found is not None
    assert not found.certain


@pytest.mark.parametrize("name", ["portrait", "a_jpg", "", "12x"])
def test_no_number_is_no_frame(name: str) -> None:
    assert frame_name(name) is None


def test_times_of_phones() -> None:
    one, other = time_in_name("PXL_20240229_235959500"), time_in_name("IMG_20240301_000000")
    assert one is not None
    assert other is not None
    assert other - one == pytest.approx(0.5)
    assert time_in_name("IMG_20240230_000000") is None
    assert time_in_name("IMG_0001") is None


@given(st.lists(st.integers(0, 2000), max_size=60))
def test_runs_are_cut_exactly_where_frames_are_missing(numbers: list[int]) -> None:
    array = np.array(numbers, np.int64)
    run, step = runs(array), usual_step(array)
    order = np.argsort(array, kind="stable")
    for one, other in itertools.pairwise(order):
        near = array[other] - array[one] <= NEAR_STEPS * step
        assert run[other] - run[one] == (0 if near else 1)
