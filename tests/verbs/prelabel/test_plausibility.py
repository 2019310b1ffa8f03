"""What no single photo shows, a wrong contract or a model of no use, is told by all of them."""

from __future__ import annotations

import re

import pytest

from datakit.engine.base import Outcome
from datakit.records.product import Product
from datakit.records.sample import Sample, Source
from datakit.verbs.prelabel.plausibility import Plausibility


def counted(*shares: float) -> str:
    found = Plausibility(empty="look at the photos", full="try another model")
    for number, share in enumerate(shares):
        sample = Sample(
            id=str(number),
            file_name="a.png",
            width=1,
            height=1,
            fg_ratio=share,
            source=Source(name="a"),
        )
        found.count(Outcome(str(number), Product(samples=(sample,))))
    return found.note()


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ((0, 0, 0, 0, 0), "5 of 5 drafts are empty: look at the photos"),
        ((0, 0, 0), "3 of 3 drafts are empty"),
        ((0,), "1 of 1 draft is empty"),
        ((0,) * 11 + (0.3,), "11 of 12 drafts are empty"),
        ((1, 1, 1, 1, 0.99), "5 of 5 drafts are foreground everywhere: try another model"),
    ],
)
def test_drafts_that_are_all_alike_are_told(shares: tuple[float, ...], words: str) -> None:
    assert re.search(words, counted(*shares))


@pytest.mark.parametrize("shares", [(), (0, 0, 0.4), (0, 0, 0.4, 0.3, 0.2), (1, 0.4, 0.5, 1, 0.2)])
def test_others_are_not(shares: tuple[float, ...]) -> None:
    assert counted(*shares) == ""
