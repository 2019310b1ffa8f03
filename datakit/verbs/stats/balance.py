"""``stats --balance``: how the splits of a source look, and where they differ."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from typing import Final

import numpy as np

from datakit.engine.base import LazyTask, ordered_map
from datakit.io.layouts.sources import Collection
from datakit.records.statistics import Spread
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.stats.options import Options

NOTABLE: Final = 0.5
"""Standard deviations of the whole set between a split's mean and the set's that are reported."""
FEWEST: Final = 5
"""Samples of a split from which on its mean says something."""


def balance(
    options: Options, source: Collection, progress: ProgressListener
) -> tuple[dict[str, dict[str, Spread]], list[str]]:
    """Return measure -> split -> spread, and what to tell the user."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    task = LazyTask("datakit.verbs.stats.appearance_task:Appearance", {})
    items = list(source.items())
    failed = 0
    progress.begin(len(items), "look")
    try:
        with closing(ordered_map(options.make_engine(), task, items)) as outcomes:
            for item, outcome in zip(items, outcomes, strict=True):
                failed += outcome.value is None
                for name, value in (outcome.value or {}).items():
                    values[name][item.split or "-"].append(value)
                progress.advance(failed)
    finally:
        progress.end()
    table, notes = {}, []
    for name, splits in values.items():
        every = np.concatenate([np.array(found) for found in splits.values()])
        scale = float(every.std()) or 1.0
        table[name] = {
            split: Spread(
                samples=len(found),
                mean=round(float(np.mean(found)), 4),
                deviation=round(float(np.std(found)), 4),
                shift=round((float(np.mean(found)) - float(every.mean())) / scale, 3),
            )
            for split, found in splits.items()
        }
        notes += [
            f"{split} differs in {name}: {spread.mean:g} on average, {every.mean():.4g} in the "
            f"whole set ({spread.shift:+.2f} standard deviations)"
            for split, spread in table[name].items()
            if abs(spread.shift) >= NOTABLE and spread.samples >= FEWEST and len(splits) > 1
        ]
    if failed:
        notes.append(f"balance: {failed:,} samples could not be looked at")
    return table, notes
