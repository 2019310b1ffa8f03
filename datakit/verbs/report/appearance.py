"""The report's section on how the splits look, from what ``stats --balance`` measured."""

from __future__ import annotations

from datakit.pages.charts import number
from datakit.pages.report import Section, Table
from datakit.records.statistics import Statistics


def appearance(found: Statistics | None) -> Section | None:
    """Return the section; None where ``stats --balance`` did not run."""
    if found is None or not found.balance:
        return None
    splits = list(dict.fromkeys(split for spreads in found.balance.values() for split in spreads))
    tables = [_measures(found, splits)]
    if found.skin_tones:
        tables.append(_skin_tones(found))
    differing = [note for note in found.notes if " differs in " in note]
    text = differing or ["No split differs from the set by half a standard deviation or more."]
    return Section("appearance", "Appearance", text=text if len(splits) > 1 else [], tables=tables)


def _measures(found: Statistics, splits: list[str]) -> Table:
    rows = []
    for name, spreads in found.balance.items():
        row = [name.replace("_", " ")]
        for split in splits:
            spread = spreads.get(split)
            row += (
                ["", ""]
                if spread is None
                else [f"{spread.mean:.4g} ± {spread.deviation:.3g}", f"{spread.shift:+.2f}"]
            )
        rows.append(row)
    headings = ["measure"]
    for split in splits:
        headings += [_named(split), "shift"]
    caption = (
        "Mean ± standard deviation in each split, and how far its mean is from the set's, in the "
        "set's standard deviations"
    )
    return Table(caption, headings, rows, frozenset(range(1, len(headings))))


def _skin_tones(found: Statistics) -> Table:
    totals = found.skin_tones
    rows = [
        [name, *(_faces(each[name]) for each in totals.values())]
        for name in next(iter(totals.values()))
    ]
    headings = ["class", *map(_named, totals)]
    caption = "Faces by estimated skin tone (individual typology angle); light shifts it"
    return Table(caption, headings, rows, frozenset(range(1, len(headings))))


def _faces(count: int | None) -> str:
    return "1 to 4" if count is None else number(count)


def _named(split: str) -> str:
    return "no split" if split == "-" else split
