"""Names of labels: each its own, also where images clash."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from datakit.io.layouts.base import label_stems

NAMES = st.from_regex(r"\A([ab]/)?[aAbß.]{1,3}(_jpg|_png|_JPG)?(_2)?\.(jpg|png|JPG)\Z")
PLACES = st.lists(st.tuples(st.sampled_from([None, "train", "val"]), NAMES), unique=True)


@given(PLACES)
def test_no_two_images_of_a_split_share_a_label(places: list[tuple[str | None, str]]) -> None:
    stems = label_stems(iter(places))
    assert len(stems) == len(places)
    found = Counter(
        (split, stem.casefold()) for (split, _), stem in zip(places, stems, strict=True)
    )
    assert not [place for place, count in found.items() if count > 1]


@given(PLACES)
def test_an_image_without_a_rival_keeps_its_name(places: list[tuple[str | None, str]]) -> None:
    plain = [(split, rel.rpartition(".")[0] or rel) for split, rel in places]
    count = Counter((split, stem.casefold()) for split, stem in plain)
    for (split, stem), label in zip(plain, label_stems(places), strict=True):
        if count[split, stem.casefold()] == 1 and not stem.endswith("/"):
            assert label == stem


@given(PLACES)
def test_splits_do_not_disturb_each_other(places: list[tuple[str | None, str]]) -> None:
    alone = iter(label_stems([place for place in places if place[0] == "val"]))
    for (split, _), stem in zip(places, label_stems(places), strict=True):
        if split == "val":
            assert stem == next(alone)
