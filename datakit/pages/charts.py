"""Charts as inline SVG in the page's colours, with the numbers as text for screen readers.

Widths are percentages and heights are pixels, so that a narrow window shortens the bars and not
the letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

_ROW_PX = 38
_PLOT_PX = 150
_AXIS_PX = 26
_MOST_WORDS = 40


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its value, and the class of its colour (``error``, ``warning`` …)."""

    name: str
    value: float
    kind: str = "plain"


def bar_chart(key: str, title: str, bars: Sequence[Bar], unit: str) -> Markup:
    """Draw horizontal bars, name and value above each.

    Parameters
    ----------
    key : str
        Unique in the page; letters, digits and hyphens.
    title : str
        What the chart shows; also its accessible name.
    bars : sequence of Bar
        Drawn top to bottom; values are not negative.
    unit : str
        What the values count.

    Returns
    -------
    Markup
        A ``<figure>``; names are escaped.

    Examples
    --------
    >>> drawn = bar_chart("splits", "Samples", [Bar("<b>", 3), Bar("val", 1)], "samples")
    >>> "&lt;b&gt;" in drawn and "<b>" not in drawn
    True
    >>> 'width="33.33%"' in drawn
    True
    """
    most = max((bar.value for bar in bars), default=0) or 1
    rows = Markup().join(
        Markup(
            '<g class="bar {}"><text class="name" x="0" y="{}">{}</text>'
            '<text class="value" x="100%" y="{}">{}</text>'
            '<rect class="track" x="0" y="{}" width="100%" height="10" rx="3"/>'
            '<rect class="fill" x="0" y="{}" width="{}%" height="10" rx="3"/></g>'
        ).format(
            bar.kind,
            at * _ROW_PX + 13,
            _cut(bar.name),
            at * _ROW_PX + 13,
            number(bar.value),
            at * _ROW_PX + 19,
            at * _ROW_PX + 19,
            f"{100 * bar.value / most:.2f}",
        )
        for at, bar in enumerate(bars)
    )
    words = [f"{bar.name}: {number(bar.value)}" for bar in bars]
    return _figure(key, title, f"{unit}; " + _listed(words), rows, len(bars) * _ROW_PX)


def histogram(
    key: str, title: str, edges: Sequence[float], counts: Sequence[int], *, axis: str, unit: str
) -> Markup:
    """Draw counts of bins as columns.

    Parameters
    ----------
    key, title : str
        As of `bar_chart`.
    edges : sequence of float
        Edges of the bins, one more than counts; drawn as equally wide columns.
    counts : sequence of int
        Samples in each bin.
    axis, unit : str
        What the edges measure, and what is counted.

    Returns
    -------
    Markup

    Examples
    --------
    >>> "0.5 to 1: 2" in histogram("h", "T", (0, 0.5, 1), (1, 2), axis="share", unit="samples")
    True
    """
    most, width = max(counts, default=0) or 1, 100 / max(len(counts), 1)
    columns = Markup().join(
        Markup(
            '<g class="bar plain"><title>{}</title><rect class="fill" x="{}%" y="{}" '
            'width="{}%" height="{}" rx="2"/></g>'
        ).format(
            f"{low:g} to {high:g}: {count:,}",
            f"{at * width + width * 0.06:.2f}",
            f"{_PLOT_PX - _PLOT_PX * count / most:.1f}",
            f"{width * 0.88:.2f}",
            f"{_PLOT_PX * count / most:.1f}",
        )
        for at, ((low, high), count) in enumerate(zip(pairwise(edges), counts, strict=True))
    )
    base = Markup('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(_PLOT_PX + 0.5)
    ends = Markup(
        '<text class="tick" x="0" y="{y}">{low:g}</text>'
        '<text class="tick middle" x="50%" y="{y}">{axis}</text>'
        '<text class="tick end" x="100%" y="{y}">{high:g}</text>'
        '<text class="tick end" x="100%" y="10">{most}</text>'
    ).format(y=_PLOT_PX + 18, low=edges[0], high=edges[-1], axis=axis, most=f"most: {number(most)}")
    words = [
        f"{low:g} to {high:g}: {count:,}"
        for (low, high), count in zip(pairwise(edges), counts, strict=True)
        if count
    ]
    drawn = columns + base + ends
    return _figure(key, title, f"{unit} by {axis}; " + _listed(words), drawn, _PLOT_PX + _AXIS_PX)


def number(value: float) -> str:
    """Return a count with separators, anything else with four digits."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"


def _figure(key: str, title: str, words: str, drawn: Markup, height_px: float) -> Markup:
    return Markup(
        '<figure class="chart"><figcaption id="{key}-c">{title}</figcaption>'
        '<svg role="img" aria-labelledby="{key}-t {key}-d" width="100%" height="{height}">'
        '<title id="{key}-t">{title}</title><desc id="{key}-d">{words}</desc>{drawn}</svg></figure>'
    ).format(key=key, title=title, words=words, drawn=drawn, height=f"{height_px:g}")


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - _MOST_WORDS} more" if len(words) > _MOST_WORDS else ""
    return ", ".join(words[:_MOST_WORDS]) + more


def _cut(name: str, most: int = 48) -> str:
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-most // 2 + 1 :]}"
