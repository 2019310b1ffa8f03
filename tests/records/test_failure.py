"""Failures are grouped by reason, by whatever path a source calls a file."""

from __future__ import annotations

import pytest

from datakit.records.failure import Failure, grouped, in_words


def failure(file: str, error: str) -> Failure:
    return Failure(id=file, file=file, step="read", error=error)


@pytest.mark.parametrize(
    "errors",
    [
        ["valid/a.jpg: the file is not there", "valid/b7.jpg: the file is not there"],
        ["export/valid/a.jpg: not there", "other/train/b7.jpg: not there"],
        ["masks/a.png: 3 x 4 pixels expected", "masks/b7.png: 30 x 40 pixels expected"],
        ["a.jpg: cut off", "b7.jpg: cut off"],
        ["no image for labels/a.txt in it", "no image for labels/b7.txt in it"],
    ],
)
def test_paths_and_numbers_part_no_reason(errors: list[str]) -> None:
    rows = [
        failure(f"val/{stem}.jpg", error) for stem, error in zip(["a", "b7"], errors, strict=True)
    ]
    assert [count for count, _ in grouped(rows)] == [2]


def test_different_reasons_stay_apart() -> None:
    rows = [
        failure("val/a.jpg", "valid/a.jpg: cut off"),
        failure("val/b.jpg", "valid/b.jpg: a colour/gray mix"),
        failure("val/c.jpg", "class 'hat': expected person"),
    ]
    assert [count for count, _ in grouped(rows)] == [1, 1, 1]


def test_a_file_is_named_once() -> None:
    assert in_words([failure("val/a.jpg", "valid/a.jpg: cut off")], "read") == (
        "could not be read: 1 x valid/a.jpg: cut off",
    )
