"""Charts as inline SVG in the page's colours, with the numbers as text for screen readers.

Widths are percentages and heights are pixels, so that a narrow window shortens the bars and not
the letters.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

_ROW_PX = 38
_UNIT_PX = 18
_HEAD_PX = 18
_PLOT_PX = 150
_AXIS_PX = 42
_MOST_TICKS = 5
_MOST_WORDS = 40


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its value, and the class of its colour (``error``, ``warning`` …)."""

    name: str
    value: float
    kind: str = "plain"


def bar_chart(key: str, title: str, bars: Sequence[Bar], unit: str) -> Markup:
    """Draw horizontal bars, name and value above each, what is counted above the values.

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
            at * _ROW_PX + _UNIT_PX + 13,
            _cut(bar.name),
            at * _ROW_PX + _UNIT_PX + 13,
            number(bar.value),
            at * _ROW_PX + _UNIT_PX + 19,
            at * _ROW_PX + _UNIT_PX + 19,
            f"{100 * bar.value / most:.2f}",
        )
        for at, bar in enumerate(bars)
    )
    head = Markup('<text class="tick end" x="100%" y="{}">{}</text>').format(_UNIT_PX - 6, unit)
    words = [f"{bar.name}: {number(bar.value)}" for bar in bars]
    height = len(bars) * _ROW_PX + _UNIT_PX
    return _figure(key, title, f"{unit}; " + _listed(words), head + rows, height)


def histogram(
    key: str,
    title: str,
    edges: Sequence[float],
    counts: Sequence[int],
    *,
    axis: str,
    unit: str,
    kinds: Sequence[str] = (),
) -> Markup:
    """Draw counts of bins as columns between two axes with titles.

    Parameters
    ----------
    key, title : str
        As of `bar_chart`.
    edges : sequence of float
        Edges of the bins, one more than counts; drawn as equally wide columns, so that edges that
        grow by a factor make a logarithmic axis.
    counts : sequence of int
        Samples in each bin.
    axis, unit : str
        What the edges measure, and what is counted.
    kinds : sequence of str
        The class of each column's colour, as of `Bar`; all are plain without it.

    Returns
    -------
    Markup

    Examples
    --------
    >>> "0.5 to 1: 2" in histogram("h", "T", (0, 0.5, 1), (1, 2), axis="share", unit="samples")
    True
    """
    top = _round_up(max(counts, default=0))
    width = 100 / max(len(counts), 1)
    spans = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    columns = Markup().join(
        Markup(
            '<g class="bar {}"><title>{}</title><rect class="fill" x="{}%" y="{}" '
            'width="{}%" height="{}" rx="2"/></g>'
        ).format(
            kind,
            f"{span}: {count:,} {unit}",
            f"{at * width + width * 0.06:.2f}",
            f"{_PLOT_PX - _PLOT_PX * count / top + _HEAD_PX:.1f}",
            f"{width * 0.88:.2f}",
            f"{_PLOT_PX * count / top:.1f}",
        )
        for at, (span, count, kind) in enumerate(
            zip(spans, counts, kinds or ["plain"] * len(counts), strict=True)
        )
    )
    drawn = _grid(top, unit) + columns + _ticks(edges, axis)
    words = [f"{span}: {count:,}" for span, count in zip(spans, counts, strict=True) if count]
    height = _HEAD_PX + _PLOT_PX + _AXIS_PX
    return _figure(key, title, f"{unit} by {axis}; " + _listed(words), drawn, height)


def log_edges(low: float, high: float) -> tuple[float, ...]:
    """Return edges of bins at 1, 2 and 5 times each power of ten, from ``low`` to beyond ``high``.

    Examples
    --------
    >>> log_edges(0.0004, 0.006)
    (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01)
    """
    # One power more on each side: logarithms are rounded.
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    steps = [float(f"{step}e{power}") for power in powers for step in (1, 2, 5)]
    first = max(edge for edge in steps if edge <= low)
    last = min(edge for edge in steps if edge > high)
    return tuple(edge for edge in steps if first <= edge <= last)


def binned(values: Iterable[float], edges: Sequence[float]) -> list[int]:
    """Count values in the bins between edges; those beyond an end go into its bin.

    Examples
    --------
    >>> binned([0.1, 0.5, 1], (0, 0.5, 1))
    [1, 2]
    """
    counts = [0] * (len(edges) - 1)
    for value in values:
        counts[min(max(bisect_right(edges, value) - 1, 0), len(counts) - 1)] += 1
    return counts


def _round_up(most: int) -> int:
    """Return the top of a scale of counts: 1, 2, 4, 5 or 8 times a power of ten, and whole."""
    if most <= 1:
        return 1
    power = 10 ** math.floor(math.log10(most))
    return next(int(step * power) for step in (1, 2, 4, 5, 8, 10) if step * power >= most)


def _grid(top: int, unit: str) -> Markup:
    """Draw what is counted, and lines at none, half and all of the scale."""
    shares = (0, 0.5, 1) if top % 2 == 0 else (0, 1)
    lines = Markup().join(
        Markup(
            '<line class="axis" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
            '<text class="tick end" x="100%" y="{text}">{count}</text>'
        ).format(
            y=f"{_HEAD_PX + _PLOT_PX * (1 - share) + 0.5:g}",
            text=f"{_HEAD_PX + _PLOT_PX * (1 - share) - 4:g}",
            count=number(top * share),
        )
        for share in shares
        if share
    )
    base = Markup('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(
        _HEAD_PX + _PLOT_PX + 0.5
    )
    name = Markup('<text class="tick" x="0" y="{}">{}</text>').format(_HEAD_PX - 4, unit)
    return lines + base + name


def _ticks(edges: Sequence[float], axis: str) -> Markup:
    """Write some of the edges below their places, and what they measure below them."""
    bins = len(edges) - 1
    # Four to six numbers: more would touch each other in a narrow window.
    step = next((n for n in range(1, bins) if bins % n == 0 and bins // n <= _MOST_TICKS), bins)
    numbers = Markup().join(
        Markup('<text class="tick {}" x="{}%" y="{}">{}</text>').format(
            "" if at == 0 else "end" if at == bins else "middle",
            f"{100 * at / bins:.4g}",
            _HEAD_PX + _PLOT_PX + 16,
            f"{edges[at]:.3g}",
        )
        for at in range(0, bins + 1, step)
    )
    title = Markup('<text class="tick middle" x="50%" y="{}">{}</text>')
    return numbers + title.format(_HEAD_PX + _PLOT_PX + 34, axis)


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
