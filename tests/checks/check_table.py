"""The table of checks in docs/qc.md; ``python -m tests.checks.check_table`` writes it anew."""

from __future__ import annotations

from pathlib import Path

from datakit.checks import FAMILIES
from datakit.checks.thresholds import default_limits
from datakit.records.finding import SEVERITIES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "qc.md"
BEGIN, END = "<!-- checks: begin -->\n", "<!-- checks: end -->\n"


def table() -> str:
    """Return the table, from thresholds.yaml."""
    limits = default_limits()
    lines = []
    for family in FAMILIES:
        lines += [f"### {family.replace('_', ' ')}", ""]
        lines += ["| check | begins at | score | why |", "|---|---|---|---|"]
        for check in FAMILIES.load(family):
            limit = limits[check.name]
            levels = ", ".join(
                f"{severity} {value:g}"
                for severity in SEVERITIES
                if (value := getattr(limit, severity)) is not None
            )
            cells = (f"`{check.name}`", levels, limit.unit, limit.reason.strip())
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines) + "\n"


def page_with_table() -> str:
    """Return the page as it should be."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page_with_table(), encoding="utf-8")
