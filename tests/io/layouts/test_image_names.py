"""Finding the image that a name means: only when exactly one fits."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.io.layouts.image_names import EXACT, ImageNames

STEMS = st.text(st.characters(categories=("L", "N", "Zs")), min_size=1).filter(
    lambda text: text.strip() == text
)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("images/my photo\u00e9.jpg", EXACT),
        ("images\\my photo\u00e9.jpg", "back slashes"),
        ("images/my%20photo%C3%A9.jpg", "URL decoding"),
        ("images/my photoe\u0301.jpg", "Unicode form"),
        ("images/my photo\u00e9.JPG", "letter case of the suffix"),
        ("/home/u/images/my photo\u00e9.jpg", "the end of the path"),
        ("http://host:80/data/my%20photo%C3%A9.jpg?x=1#y", "the end of the path"),
        ("/data/local-files/?d=set/my%20photo%C3%A9.jpg", "the end of the path"),
        ("/data/upload/1/0123abcd-my photo\u00e9.jpg", "the end of the path"),
    ],
)
def test_an_image_is_found_and_how_is_said(name: str, how: str) -> None:
    images = ImageNames(["images/my photo\u00e9.jpg", "images/other.jpg"])
    path, said = images.find(name)
    assert path == "images/my photo\u00e9.jpg"
    assert how == said or how in said or said == "the end of the path" != how == "URL decoding"


def test_two_that_fit_are_none() -> None:
    images = ImageNames(["x/a.jpg", "y/a.jpg"])
    assert images.find("a.jpg") == ("", "x/a.jpg, y/a.jpg")
    assert images.find("z/a.jpg")[0] == ""
    assert images.find("/home/x/a.jpg")[0] == "x/a.jpg"
    assert images.find("a.jpg", ["y"]) == ("y/a.jpg", EXACT)
    assert images.find("b.jpg") == ("", "")


@given(st.lists(STEMS, min_size=1, unique_by=lambda one: unicodedata.normalize("NFC", one)))
def test_every_image_is_found_by_its_own_path(stems: list[str]) -> None:
    names = [f"images/{stem}.jpg" for stem in stems]
    images = ImageNames(names)
    for name in names:
        assert images.find(name) == (name, EXACT)
