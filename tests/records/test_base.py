"""Options: frozen, checked when built, one sentence when wrong."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from datakit.errors import InputError
from datakit.records.base import Options, Record, field_types
from datakit.records.failure import Failure
from datakit.records.problems import Problems
from datakit.records.summary import Summary


class Blur(Options, frozen=True, kw_only=True):
    src: tuple[str, ...]
    strength: Annotated[float, Meta(gt=0, le=10, description="how much")] = 1.0
    method: Literal["gaussian", "solid"] = "gaussian"
    seed: Annotated[int, Meta(ge=0)] | None = None


def test_values_are_converted_where_nothing_is_lost() -> None:
    options = Blur(src=["a", "b"], strength=2)  # type: ignore[arg-type]
    assert options.src == ("a", "b")
    assert isinstance(options.strength, float)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"strength": "strong"}, "option strength: expected a number; got 'strong'"),
        ({"strength": 0.0}, r"option strength: expected a number above 0; got 0.0"),
        ({"strength": 11}, "option strength: expected a number of at most 10; got 11"),
        ({"method": "mosaic"}, "option method: expected one of: gaussian, solid; found 'mosaic'"),
        ({"src": "a"}, "option src: expected a list"),
        ({"seed": -1}, "option seed: "),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Blur(**({"src": ("a",)} | values))  # type: ignore[arg-type]


def test_options_are_frozen_and_have_no_further_names() -> None:
    options = Blur(src=("a",))
    with pytest.raises(AttributeError):
        options.strength = 2.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        Blur(src=("a",), blurr=3)  # type: ignore[call-arg]


def test_field_types_are_resolved() -> None:
    assert dict(field_types(Blur))["src"] == tuple[str, ...]


def test_records_are_written_with_every_field() -> None:
    class Row(Record, frozen=True, kw_only=True):
        id: str
        split: str | None = None

    assert msgspec.json.encode(Row(id="a")) == b'{"id":"a","split":null}'


def test_a_result_is_a_table_in_a_notebook() -> None:
    row = Failure(id="<a>", file="a.jpg", step="read", error="a.jpg: <b>cut off</b>")
    found = Problems(counts={"problems": 1}, problems=(row,))
    assert found.frame.loc[0, "error"] == row.error
    assert [*Problems().frame.columns] == [*Failure.__struct_fields__]
    shown = found._repr_html_()
    assert "1 problems" in shown
    assert "&lt;b&gt;cut off" in shown
    assert "<b>cut" not in shown


def test_a_summary_is_one_row() -> None:
    done = Summary(verb="split", counts={"samples": 3}, notes=("a & b",))
    assert done.frame.loc[0, "verb"] == "split"
    assert "<th>notes</th><td>a &amp; b</td>" in done._repr_html_()
