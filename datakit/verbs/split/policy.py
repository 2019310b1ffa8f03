"""Conditions of a split: what each split may take, and what stays where it was."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.splitting.expressions import parse
from datakit.errors import InputError
from datakit.io.dataset.output import MANIFEST
from datakit.io.layouts.base import Item
from datakit.io.store.storage import location
from datakit.io.tables import jsonl
from datakit.records.counts import counted
from datakit.records.sample import Sample
from datakit.verbs.shared.columns import columns
from datakit.verbs.shared.lineage import Lineage
from datakit.verbs.split.assignment import Assignment

_LISTED = 10
_BARS = 10


def holds(lineage: Lineage, text: str | None) -> npt.NDArray[np.bool_]:
    """Return for which samples a condition holds; for all when there is none."""
    if text is None:
        return np.ones(len(lineage.items), np.bool_)
    expression = parse(text)
    if not expression.columns:
        raise InputError(f"expression {text!r}: expected a column in it")
    return expression.matches(columns(lineage, expression.columns))


def check_train(lineage: Lineage, splits: list[str], requires: str | None) -> None:
    """Refuse a train split that holds what the policy forbids, and list it.

    Raises
    ------
    InputError
        With the first samples that do not meet the condition, and their number.
    """
    if requires is None:
        return
    fine = holds(lineage, requires)
    bad = [
        item.key
        for item, name, ok in zip(lineage.items, splits, fine.tolist(), strict=True)
        if name == "train" and not ok
    ]
    if bad:
        listed = ", ".join(bad[:_LISTED]) + (", …" if len(bad) > _LISTED else "")
        raise InputError(
            f"train: expected only samples with {requires}; found {len(bad):,} others: {listed}; "
            "run datakit anonymize on them, tag them, or leave them out with --where"
        )


def earlier_splits(lineage: Lineage, previous: str | None, notes: list[str]) -> list[str | None]:
    """Return the split that each sample had in an earlier result; None for new samples.

    Samples are known again by the name and the bytes of their source, or else by their path.
    """
    if previous is None:
        return [None] * len(lineage.items)
    path = location(previous)
    path = path / MANIFEST if path.is_dir() else path
    by_source: dict[tuple[str, str | None], set[str]] = {}
    by_rel: dict[str, set[str]] = {}
    by_content: dict[str, set[str]] = {}
    count = 0
    for sample in jsonl.read(path, Sample):
        if sample.split is None:
            continue
        count += 1
        by_source.setdefault((sample.source.name, sample.source.sha256), set()).add(sample.split)
        rel = sample.id.removeprefix(f"{sample.split}/")
        by_rel.setdefault(rel, set()).add(sample.split)
        if sample.source.sha256:
            by_content.setdefault(sample.source.sha256, set()).add(sample.split)
    if not count:
        raise InputError(f"--previous {previous}: holds no sample with a split")
    splits: list[str | None] = []
    for item, token in zip(lineage.items, lineage.tokens, strict=True):
        source = item.sample.source if item.sample else None
        sha256 = source.sha256 if source else token.split(" ")[0] if " " in token else None
        name = source.name if source else item.source_name
        found = (
            _only(by_source.get((name, sha256)))
            or _only(by_rel.get(item.rel))
            or _only(by_rel.get(_full_rel(item)))
            or _only(by_content.get(sha256 or ""))
        )
        splits.append(found)
    known = sum(split is not None for split in splits)
    notes.append(
        f"in the split they had: {counted(known, 'samples')}; new: {len(splits) - known:,}"
    )
    if known < count:
        gone = counted(count - known, "samples")
        notes.append(f"of {previous}, not in this source any more: {gone}")
    return splits


def _full_rel(item: Item) -> str:
    """Return the path that `split_write` gives a sample whose plain one is taken twice."""
    return f"{item.split}/{item.rel}" if item.split else item.rel


def _only(splits: set[str] | None) -> str | None:
    return next(iter(splits)) if splits is not None and len(splits) == 1 else None


def replaced(lineage: Lineage, found: Assignment) -> list[str]:
    """Say that the source's own split is not kept, and which of its splits are gone."""
    own = Counter(item.split for item in lineage.items if item.split)
    if len(own) < 2:
        return []
    listed = ", ".join(f"{split} {count:,}" for split, count in sorted(own.items()))
    notes = [f"the source's own split ({listed}) is replaced; --keep-existing keeps it"]
    for split in sorted({"val", "test"} & set(own) - set(found.sizes)):
        share = own[split] / len(lineage.items)
        notes.append(f"there is no {split} any more; --{split} {max(share, 0.01):.2f} makes one")
    return notes


def describe(lineage: Lineage, found: Assignment, histogram: str | None) -> list[str]:
    """Say how even the strata are, which groups are torn, and how a column is distributed."""
    notes = []
    if found.strata:
        notes.append(
            f"strata: {100 * found.error:.2f} % of the samples are in the wrong split; whole "
            f"samples without groups would allow {100 * found.least_error:.2f} %"
        )
    if found.torn:
        listed = ", ".join(found.torn[:_LISTED]) + (", …" if len(found.torn) > _LISTED else "")
        notes.append(
            f"{len(found.torn):,} groups are in two splits, as --previous placed them before it "
            f"was known that they are related: {listed}"
        )
    if histogram is not None:
        values = columns(lineage, [histogram])[histogram]
        for split in (name for name in found.sizes if name):
            inside = [
                v for v, name in zip(values.tolist(), found.splits, strict=True) if name == split
            ]
            notes.append(f"{histogram} in {split}: {_histogram(inside)}")
    return notes


def _histogram(values: list[Any]) -> str:
    """Return counts in ten bins of 0 to 1, as text."""
    known = np.array([v for v in values if v is not None], np.float64)
    known = known[~np.isnan(known)]
    counts, edges = np.histogram(known, bins=_BARS, range=(0, 1))
    return " ".join(f"{low:.1f}:{n}" for low, n in zip(edges, counts.tolist(), strict=False))
