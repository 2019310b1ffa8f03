"""A sheet of bar charts as one SVG or PNG file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from datakit.io.store import atomic
from datakit.io.store.storage import Location

COLOUR = "#0072B2"


@dataclass(frozen=True)
class Bars:
    """One chart: a bar for each name.

    Attributes
    ----------
    title, axis : str
        Heading, and what the bars count.
    names : sequence of str
        Names of the bars, left to right (top to bottom when there are many).
    values : sequence of float
        Their heights.
    """

    title: str
    axis: str
    names: Sequence[str]
    values: Sequence[float]


def save_bars(path: Location, charts: Sequence[Bars], title: str) -> int:
    """Draw charts side by side into a file, the same bytes each time.

    Parameters
    ----------
    path : Path or ObjectPath
        Its suffix (.svg or .png) chooses the format.
    charts : sequence of Bars
        What to draw.
    title : str
        Heading of the sheet.

    Returns
    -------
    int
        The file's size in bytes.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(charts), 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    for axes, chart in zip(figure.subplots(1, len(charts), squeeze=False)[0], charts, strict=True):
        # Many or long names read better beside the bars than below them.
        if len(chart.names) > 8 or max(map(len, chart.names), default=0) > 12:
            drawn = axes.barh(range(len(chart.names)), chart.values, color=COLOUR)
            axes.set_yticks(range(len(chart.names)), chart.names, fontsize=8)
            axes.invert_yaxis()
            axes.set_xlabel(chart.axis)
        else:
            drawn = axes.bar(range(len(chart.names)), chart.values, color=COLOUR)
            axes.set_xticks(range(len(chart.names)), chart.names)
            axes.set_ylabel(chart.axis)
        axes.bar_label(drawn, fmt="{:,.6g}", fontsize=8, padding=2)
        axes.margins(x=0.12, y=0.12)
        axes.set_title(chart.title, fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
    buffer = BytesIO()
    # A fixed salt and no date: matplotlib otherwise puts both into every SVG.
    with rc_context({"svg.hashsalt": "datakit", "svg.fonttype": "none"}):
        stamp = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(buffer, format=path.suffix[1:], dpi=110, metadata=stamp)
    atomic.write_bytes(path, buffer.getvalue())
    return len(buffer.getvalue())
