"""``stats --balance``: how the splits of a source look, and where they differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from datakit.core.faces.skin_tone import TONES
from datakit.engine.base import LazyTask, ordered_map
from datakit.io.layouts.sources import Collection
from datakit.records.statistics import Spread
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.stats.options import Options

NOTABLE: Final = 0.5
"""Standard deviations of the whole set between a split's mean and the set's that are reported."""
FEWEST: Final = 5
"""Samples of a split from which on its mean says something, and faces that are a total."""
UNCLEAR: Final = "unclear"


@dataclass
class Balance:
    """How the splits look.

    Attributes
    ----------
    spreads : dict
        Measure -> split -> spread.
    tones : dict
        Split -> class of skin tone -> faces; None for fewer than `FEWEST`, empty unless asked for.
    notes : list of str
        What to tell the user.
    """

    spreads: dict[str, dict[str, Spread]] = field(default_factory=dict)
    tones: dict[str, dict[str, int | None]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def balance(options: Options, source: Collection, progress: ProgressListener) -> Balance:
    """Look at every sample of a source, and compare its splits."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    tones: dict[str, Counter[str]] = defaultdict(Counter)
    params = {"skin_tone": options.skin_tone}
    task = LazyTask("datakit.verbs.stats.appearance_task:Appearance", params)
    items = list(source.items())
    failed = 0
    progress.begin(len(items), "look")
    try:
        with closing(ordered_map(options.make_engine(), task, items)) as outcomes:
            for item, outcome in zip(items, outcomes, strict=True):
                if outcome.value is None:
                    failed += 1
                else:
                    split = item.split or "-"
                    for name, value in outcome.value.measures.items():
                        values[name][split].append(value)
                    tones[split].update(tone or UNCLEAR for tone in outcome.value.tones)
                progress.advance(failed)
    finally:
        progress.end()
    found = Balance(tones=tone_totals(tones) if options.skin_tone else {})
    for name, splits in values.items():
        _compare(found, name, splits)
    if options.skin_tone:
        found.notes.append(
            "skin tones are estimated from the photos' colours, which light and white balance "
            "shift; they describe the set, not its people"
        )
    if failed:
        found.notes.append(f"balance: {failed:,} samples could not be looked at")
    return found


def tone_totals(tones: dict[str, Counter[str]]) -> dict[str, dict[str, int | None]]:
    """Return the faces of each class; a few faces are no total but people."""
    return {
        split: {
            name: counts[name] if counts[name] == 0 or counts[name] >= FEWEST else None
            for name in (*TONES, UNCLEAR)
        }
        for split, counts in tones.items()
    }


def _compare(found: Balance, name: str, splits: dict[str, list[float]]) -> None:
    """Add one measure's spread in each split, and a note of each split that differs in it."""
    every = np.concatenate([np.array(values) for values in splits.values()])
    scale = float(every.std()) or 1.0
    found.spreads[name] = {
        split: Spread(
            samples=len(values),
            mean=round(float(np.mean(values)), 4),
            deviation=round(float(np.std(values)), 4),
            shift=round((float(np.mean(values)) - float(every.mean())) / scale, 3),
        )
        for split, values in splits.items()
    }
    found.notes += [
        f"{split} differs in {name}: {spread.mean:g} on average, {every.mean():.4g} in the "
        f"whole set ({spread.shift:+.2f} standard deviations)"
        for split, spread in found.spreads[name].items()
        if abs(spread.shift) >= NOTABLE and spread.samples >= FEWEST and len(splits) > 1
    ]
