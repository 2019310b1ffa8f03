"""One page of plots of a quality control: findings a check, and how the scores are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from datakit.io.store import atomic
from datakit.io.store.storage import Location

COLOURS = {"review": "#56B4E9", "warning": "#E69F00", "error": "#D55E00"}
"""Of the Okabe-Ito palette, distinct also to colour-blind eyes."""
COLUMNS = 4
MOST_PANELS = 15


@dataclass(frozen=True)
class Scores:
    """The scores of one check.

    Attributes
    ----------
    name, unit : str
        The check, and the unit of its scores.
    values : sequence of float
        One a sample.
    limits : mapping
        Severity -> threshold.
    counts : mapping
        Severity -> findings.
    """

    name: str
    unit: str
    values: Sequence[float]
    limits: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


def save_scores(path: Location, scores: Sequence[Scores], title: str) -> None:
    """Draw findings by check, and a histogram of scores with its thresholds for each check.

    Checks with findings come first, then those whose scores vary; at most 15 histograms.

    Parameters
    ----------
    path : Path or ObjectPath
        Its suffix (.svg or .png) chooses the format.
    scores : sequence of Scores
        What to draw.
    title : str
        Heading of the page.
    """
    found = [score for score in scores if sum(score.counts.values())]
    rest = [score for score in scores if score not in found and len(set(score.values)) > 1]
    panels = (found + rest)[:MOST_PANELS]
    rows = -(-(len(panels) + 1) // COLUMNS)
    height = 2.9 * rows + 0.5
    figure = Figure(figsize=(4.4 * COLUMNS, height))
    FigureCanvasAgg(figure)
    figure.suptitle(title, y=1 - 0.2 / height)
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    # Fixed margins: fitting them to the texts would take longer than drawing the page.
    figure.subplots_adjust(
        left=0.07, right=0.985, top=1 - 0.7 / height, bottom=0.55 / height, hspace=0.5, wspace=0.28
    )
    _draw_counts(axes[0], found)
    for one, score in zip(axes[1:], panels, strict=False):
        _draw_scores(one, score)
    for one in axes[len(panels) + 1 :]:
        one.set_axis_off()
    buffer = BytesIO()
    # A fixed salt and no date: matplotlib otherwise puts both into every SVG.
    with rc_context({"svg.hashsalt": "datakit", "svg.fonttype": "none"}):
        stamp = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(buffer, format=path.suffix[1:], dpi=90, metadata=stamp)
    atomic.write_bytes(path, buffer.getvalue())


def _draw_counts(axes: Any, found: Sequence[Scores]) -> None:
    axes.set_title("Findings by check", fontsize=10)
    if not found:
        axes.text(0.5, 0.5, "no findings", ha="center", va="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    left = np.zeros(len(found))
    for severity, colour in COLOURS.items():
        counts = np.array([score.counts.get(severity, 0) for score in found])
        axes.barh(range(len(found)), counts, left=left, color=colour, label=severity)
        left = left + counts
    axes.set_yticks(range(len(found)), [score.name for score in found], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("samples", fontsize=8)
    axes.legend(fontsize=7)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_scores(axes: Any, score: Scores) -> None:
    values = np.asarray(score.values, float)
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low, high if high > low else low + 1, 31)
    counts, edges = np.histogram(values, bins=edges)
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color="#0072B2")
    reach = high - low or 1.0
    for severity, limit in score.limits.items():
        # A threshold far beyond every score would squeeze them into one bar.
        if limit <= high + 3 * reach:
            axes.axvline(limit, color=COLOURS[severity], label=f"{severity} {limit:g}")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=7)
    # Most samples have the same score and the few others are what matters: a scale that shows both.
    axes.set_yscale("symlog", linthresh=1)
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.set_ylim(bottom=0)
    axes.set_title(score.name, fontsize=10)
    axes.set_xlabel(score.unit, fontsize=7, wrap=True)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
