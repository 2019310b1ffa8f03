"""What a decoder changes is heard by who listens, and summed up in a line per kind."""

from __future__ import annotations

from datakit.io.pixels import conversions


def test_nothing_is_kept_when_nobody_listens() -> None:
    conversions.note("depth", "a.png")
    with conversions.listening() as heard:
        pass
    assert heard == {}


def test_who_listens_around_hears_too() -> None:
    with conversions.listening() as outer:
        conversions.note("depth", "a.png")
        with conversions.listening() as inner:
            conversions.note("depth", "b.png")
            conversions.note("composited", "b.png")
        conversions.repeat(inner)
    assert inner == {"depth": {"b.png"}, "composited": {"b.png"}}
    assert outer == {"depth": {"a.png", "b.png"}, "composited": {"b.png"}}


def test_one_line_per_kind_with_a_name_that_can_be_printed() -> None:
    with conversions.listening() as heard:
        conversions.note("composited", "caf\udce9.png")
        conversions.note("depth", "b.png")
        conversions.note("depth", "a.png")
    composited, depth = conversions.conversion_notes(heard)
    assert composited.startswith("1 photo transparent") and "caf\\xe9.png" in composited
    assert depth == "2 photos of more than 8 bits a channel, read as 8 bits (such as a.png)"
    assert "a.png" not in conversions.conversion_notes(heard, example=False)[1]
