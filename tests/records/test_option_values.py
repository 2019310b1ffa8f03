"""Values of options as people write them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from datakit.errors import InputError
from datakit.records.option_values import SIZE, SizeText, plain_reason, size_wh, understood

Size = Annotated[SizeText | None, Meta(extra={"form": SIZE})]
Ratio = Annotated[Annotated[float, Meta(gt=0)] | None, Meta(description="a share")]
Layout = Annotated[str | None, Meta(extra={"choices": ("coco", "yolo-seg", "p3m")})]


@pytest.mark.parametrize(
    "written", ["512x384", "512X384", "512 x 384", "512×384", "512,384", "512, 384px", [512, 384]]
)
def test_a_size_is_taken_in_every_usual_form(written: Any) -> None:
    assert understood(written, Size) == "512x384"


@given(st.integers(1, 99_999), st.integers(1, 99_999))
def test_a_size_is_what_was_written(width: int, height: int) -> None:
    assert size_wh(understood(f"{width},{height}", Size)) == (width, height)


@pytest.mark.parametrize(
    ("written", "example"),
    [
        ("512", "512x512"),
        (256, "256x256"),
        ("big", "512x512"),
        ("0x5", "512x512"),
        ([1], "512x512"),
    ],
)
def test_a_size_that_is_none_is_refused_with_the_right_form(written: Any, example: str) -> None:
    with pytest.raises(InputError, match=f"expected WIDTHxHEIGHT in pixels, such as {example}"):
        understood(written, Size)


def test_a_percentage_is_a_share() -> None:
    assert understood("15%", Ratio) == 0.15
    assert understood(" 7.5 % ", Ratio) == 0.075
    assert understood("15%", str) == "15%"
    assert understood(None, Ratio) is None


@pytest.mark.parametrize(
    ("written", "meant"), [("COCO", "coco"), ("Yolo_Seg", "yolo-seg"), ("P3M", "p3m")]
)
def test_names_are_taken_in_any_case(written: str, meant: str) -> None:
    assert understood(written, Layout) == meant
    assert understood([written], tuple[Literal["coco", "yolo-seg", "p3m"], ...]) == (meant,)


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match="found 'Yolo'; did you mean 'yolo-seg'"):
        understood("Yolo", Layout)
    with pytest.raises(InputError, match=r"found 'xyz'$"):
        understood("xyz", Layout)


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ("a", int | None, "expected a whole number"),
        (0, Annotated[float, Meta(gt=0)], "expected a number above 0"),
        (1, bool, "expected true or false"),
        ("", Annotated[str, Meta(min_length=2)], "expected text of at least 2 characters"),
        (1, Literal["a", "b"], "expected one of: a, b"),
        (
            "!",
            Annotated[str, Meta(pattern="^[a-z]+$", extra={"example": "mit"})],
            "expected a value such as mit",
        ),
    ],
)
def test_a_reason_is_said_in_words(value: Any, kind: Any, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, kind)
    assert plain_reason(caught.value, kind) == words
