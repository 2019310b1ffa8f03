"""``split``: train, val and test splits; related samples never cross them."""

from __future__ import annotations

import gc

import numpy as np

from datakit.core.splitting.expressions import parse
from datakit.errors import InputError
from datakit.io.layouts.sources import Collection
from datakit.records.base import narrowed
from datakit.records.counts import counted
from datakit.records.lineage import REASONS, Audit, Reason
from datakit.records.summary import Summary
from datakit.verbs.shared.columns import columns, strata
from datakit.verbs.shared.lineage import Lineage
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.shared.tracing import groups_decided, trace
from datakit.verbs.split import policy as rules
from datakit.verbs.split import write
from datakit.verbs.split.assignment import Assignment, Request, assign, majority_splits
from datakit.verbs.split.audit import audit
from datakit.verbs.split.options import AuditOptions, Options, SplitOptions
from datakit.verbs.split.plan import (
    Policy,
    check_sizes,
    parse_strata,
    read_policy,
    split_sizes,
)

_MORE_PHOTOS = "related samples stay in one split, so add other photos, or ask for fewer splits"
_WORDS: dict[Reason, str] = {
    "exact": "equal pictures",
    "near": "near duplicates",
    "source": "copies of one photo by their names",
    "parent": "augmented copies",
    "sequence": "frames of one video or burst",
    "person": "photos of one person",
    "key": "one group by --group-by or --group-regex",
}
"""Why samples are related, in words."""


def run(options: Options, progress: ProgressListener | None = None) -> Summary | Audit:
    """Split a source into splits without leaks, or say where its own split leaks.

    Parameters
    ----------
    options : Options
        What is related, how large the splits are, where they go.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary or Audit
        The audit with ``audit`` and without ``repair``.

    Raises
    ------
    InputError
        If SRC cannot be read, the target cannot be met, or DST must not be written.
    """
    # A million rows are millions of objects without cycles: the collector would walk them all,
    # again and again, for a third of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        if options.audit and not options.repair:
            return audit(narrowed(options, AuditOptions), progress or SilentProgress())
        return _split(narrowed(options, SplitOptions), progress or SilentProgress())
    finally:
        if collecting:
            gc.enable()


def _split(options: SplitOptions, progress: ProgressListener) -> Summary:
    source = options.open(progress)
    policy = read_policy(options.policy)
    if options.out:
        write.check(options, source)
    lineage = _trace(options, policy, source, progress)
    assignment, notes = _assign(options, policy, lineage)
    return write.write(options, source, lineage, assignment, notes, progress)


def _trace(
    options: SplitOptions, policy: Policy, source: Collection, progress: ProgressListener
) -> Lineage:
    asked = {name for name, _ in parse_strata(options.stratify)} if options.stratify else set()
    asked |= _conditions_columns(options, policy)
    if policy.histogram is not None:
        asked.add(policy.histogram)
    return trace(
        list(source.items()),
        options,
        decided=groups_decided(source),
        measure=asked,
        progress=progress,
    )


def _conditions_columns(options: SplitOptions, policy: Policy) -> set[str]:
    texts = (options.where, options.val_where, policy.where, policy.val_where)
    return {
        column
        for text in (*texts, policy.train_requires)
        if text is not None
        for column in parse(text).columns
    }


def _assign(
    options: SplitOptions, policy: Policy, lineage: Lineage
) -> tuple[Assignment, list[str]]:
    """Decide the split of each sample; the lineage keeps only what ``where`` lets through."""
    notes = list(lineage.notes)
    _filter(lineage, [options.where, policy.where])
    asked = parse_strata(options.stratify) if options.stratify else []
    names, cells = strata(columns(lineage, [name for name, _ in asked]), asked)
    if not asked:
        cells = np.zeros((len(lineage.items), 0))
    eligible = rules.holds(lineage, options.val_where or policy.val_where)
    if options.keep_existing or options.repair:
        earlier, moved = majority_splits(lineage)
        notes.append(f"moved, so that no group is in two splits: {counted(moved, 'samples')}")
    else:
        earlier, moved = rules.earlier_splits(lineage, options.previous, notes), 0
    splits, targets = _targets(options, policy, lineage, int(eligible.sum()), earlier, notes)
    request = Request(splits, targets, options.seed, cells, names, eligible, earlier)
    found = assign(lineage, request)
    if not (options.keep_existing or options.repair or options.previous or options.folds):
        notes += rules.replaced(lineage, found)
    if not all(earlier):
        rest = not (options.train or policy.train or options.folds or options.sizeless)
        conditional = (options.val_where or policy.val_where) is not None
        _check(options, lineage, request, found, "train" if rest else None, conditional)
    rules.check_train(lineage, found.splits, policy.train_requires)
    notes += rules.describe(lineage, found, policy.histogram)
    return found, notes


def _filter(lineage: Lineage, conditions: list[str | None]) -> None:
    for text in conditions:
        if text is None:
            continue
        keep = rules.holds(lineage, text)
        if not keep.any():
            raise InputError(f"--where {text!r}: holds for none of {len(keep):,} samples")
        lineage.keep(keep)


def _targets(
    options: SplitOptions,
    policy: Policy,
    lineage: Lineage,
    eligible: int,
    earlier: list[str | None],
    notes: list[str],
) -> tuple[list[str], list[float]]:
    total = len(lineage.items)
    if options.folds:
        return [f"fold{n}" for n in range(1, options.folds + 1)], [total / options.folds] * (
            options.folds
        )
    if options.sizeless:
        # The source's own shares.
        splits = sorted({split for split in earlier if split}, key=_rank)
        if not splits:
            raise InputError(
                "--keep-existing, --repair: the source has no splits (train, valid, test folders); "
                "name sizes: --val 0.15"
            )
        named = [split for split in earlier if split]
        return splits, [named.count(split) / len(named) * total for split in splits]
    asked = {
        split: getattr(options, split) or getattr(policy, split)
        for split in ("train", "val", "test")
    }
    sizes, rest = split_sizes(total, eligible, asked, shrink=policy.shrink)
    wanted = {split: amount for split, amount in asked.items() if amount and amount >= 1}
    if any(round(sizes[split]) < amount for split, amount in wanted.items()):
        listed = ", ".join(
            f"{split} {sizes[split]:,.0f} of {wanted[split]:,.0f}" for split in wanted
        )
        notes.append(f"fewer samples than the policy asks for: {listed}, in the same proportion")
    splits, targets = list(sizes), list(sizes.values())
    if rest >= 1:
        notes.append(f"{rest:,.0f} samples are more than was asked for and in no split")
        splits, targets = [*splits, ""], [*targets, rest]
    return splits, targets


def _rank(split: str) -> tuple[int, str]:
    order = ("train", "val", "test")
    return (order.index(split) if split in order else len(order), split)


def _check(
    options: SplitOptions,
    lineage: Lineage,
    request: Request,
    found: Assignment,
    rest: str | None,
    conditional: bool,
) -> None:
    """Refuse splits that miss their targets.

    ``rest`` takes what the others leave and has no target; ``conditional``: val has a condition.
    """
    labels, counts = np.unique(lineage.label, return_counts=True)
    sizes = np.array([found.sizes[split] for split in request.splits], np.float64)
    targets = np.array(request.targets)
    named = [at for at, split in enumerate(request.splits) if split]
    if rest in request.splits and sizes[at := request.splits.index(rest)] > 0:
        targets[at] = sizes[at]
    if options.previous:
        # What was placed before may already outweigh a target; only an empty split is wrong.
        targets = np.where(sizes > 0, sizes, targets)
    check_sizes(
        [request.splits[at] for at in named],
        sizes[named],
        targets[named],
        _largest(lineage, labels[counts.argmax()], int(counts.max())),
        "--val-where may let none through" if conditional else _MORE_PHOTOS,
        options.tolerance,
    )


def _largest(lineage: Lineage, label: int, size: int) -> str:
    """Describe the largest group: its size, what relates it, what would part a video."""
    every = size == len(lineage.items)
    held = f"all {size:,} are one group" if every and size > 1 else f"the largest holds {size:,}"
    frames = sum(
        frame is not None and group == label
        for frame, group in zip(lineage.frames, lineage.label.tolist(), strict=True)
    )
    if 2 * frames < size or size == 1:
        return f"{held}{_related(lineage, label)}"
    return f"{held}, frames of one sequence that --video apart would part"


def _related(lineage: Lineage, label: int) -> str:
    """Say by what the samples of a group are related."""
    members = {
        item.key
        for item, group in zip(lineage.items, lineage.label.tolist(), strict=True)
        if group == label
    }
    found = {link.reason for link in lineage.links if {link.one, link.other} <= members}
    words = [_WORDS[reason] for reason in REASONS if reason in found]
    return f" ({', '.join(words)})" if words else ""
