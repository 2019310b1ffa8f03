"""The report of a dataset: one HTML file that needs no network, no server and no other file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from datakit.pages.charts import number
from datakit.version import __version__

GENERATOR = '<meta name="generator" content="datakit {}">'
"""How a page is known, with the verb that wrote it."""


@dataclass(frozen=True)
class Picture:
    """A small JPEG inside the page.

    Attributes
    ----------
    jpeg : bytes
    width, height : int
        Pixels.
    alt : str
        What a person who does not see it has to know.
    caption : str
        Below it; usually the sample's id.
    note : str
        Second line of the caption.
    tone : str
        Severity that colours its edge, or empty.
    """

    jpeg: bytes
    width: int
    height: int
    alt: str
    caption: str
    note: str = ""
    tone: str = ""

    @property
    def uri(self) -> str:
        """The picture as a ``data:`` address."""
        return "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode()


@dataclass(frozen=True)
class Table:
    """A table: headings, rows, and which columns are numbers."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Group:
    """Pictures under one heading; ``paired``: two that belong together stand side by side."""

    heading: str
    text: str
    pictures: Sequence[Picture]
    paired: bool = False


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Attributes
    ----------
    key, heading : str
        Anchor (letters only) and title.
    text : sequence of str
        Paragraphs.
    charts : sequence of Markup
        From `datakit.pages.charts`.
    tables, groups : sequences
        Tables, and pictures.
    lines : sequence of str
        Commands to paste, below the text.
    """

    key: str
    heading: str
    text: Sequence[str] = ()
    charts: Sequence[Markup] = ()
    tables: Sequence[Table] = ()
    groups: Sequence[Group] = ()
    lines: Sequence[str] = ()


@dataclass(frozen=True)
class Verdict:
    """What a reader should know before anything else.

    Attributes
    ----------
    heading, text : str
        In a few words, and one sentence; the text may be empty.
    points : sequence of (words, key)
        What to look at, and the section that it leads to.
    """

    heading: str
    text: str = ""
    points: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Page:
    """Everything that a report shows.

    Attributes
    ----------
    title, subtitle : str
        Heading of the page.
    figures : sequence of (name, value, tone)
        The numbers that come first.
    sections : sequence of Section
        In the order of reading.
    lineage : mapping
        Columns of the table of samples; see `datakit.verbs.report.lineage_table`.
    notes : sequence of str
        What the reader should know of the report itself.
    verdict : Verdict, optional
        Stands on top.
    verb : str
        Whose page it is.
    """

    title: str
    subtitle: str
    figures: Sequence[tuple[str, str, str]]
    sections: Sequence[Section]
    lineage: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    verdict: Verdict | None = None
    verb: str = "report"


def render(page: Page) -> bytes:
    """Return the page as HTML: all text escaped, scripts and styles admitted by their hash alone.

    Examples
    --------
    >>> html = render(Page("<script>", "none", (), ())).decode()
    >>> "<script>" in html.split("<title>")[1].split("</title>")[0]
    False
    >>> GENERATOR.format("report") in html[:1000]
    True
    """
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = number
    template = environment.from_string(_asset("report.html"))
    text = template.render(
        page=page,
        policy=policy,
        # Both are ours, and go in as they are: their hashes are in the policy.
        style=Markup(style),
        script=Markup(script),
        lineage=_inert_json(page.lineage),
        generator=Markup(GENERATOR).format(page.verb),
        version=__version__,
    )
    return text.encode()


def _inert_json(data: Mapping[str, Any]) -> Markup:
    """Return JSON that cannot end the element it stands in, nor open a comment there."""
    text = msgspec.json.encode(data).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _asset(name: str) -> str:
    return (files("datakit.pages") / "static" / name).read_text("utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
