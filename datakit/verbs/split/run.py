"""``split``: train, val and test sides that share nothing which belongs together."""

from __future__ import annotations

import gc

import numpy as np

from datakit.core.splitting.expressions import parse
from datakit.errors import InputError
from datakit.io.layouts.sources import Collection
from datakit.records.lineage import Audit
from datakit.records.summary import Summary
from datakit.verbs.shared.columns import columns, strata
from datakit.verbs.shared.lineage import Lineage
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.shared.tracing import groups_decided, trace
from datakit.verbs.split import policy as rules
from datakit.verbs.split import write
from datakit.verbs.split.assignment import Assignment, Request, assign, settle
from datakit.verbs.split.audit import audit
from datakit.verbs.split.options import Options
from datakit.verbs.split.plan import (
    Policy,
    check_sides,
    parse_strata,
    read_policy,
    side_sizes,
)


def run(options: Options, progress: ProgressListener | None = None) -> Summary | Audit:
    """Split a source into sides without leaks, or say where its own split leaks.

    Parameters
    ----------
    options : Options
        What belongs together, how large the sides are, where they go.
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
            return audit(options, progress or SilentProgress())
        return _split(options, progress or SilentProgress())
    finally:
        if collecting:
            gc.enable()


def _split(options: Options, progress: ProgressListener) -> Summary:
    source = options.open(progress)
    policy = read_policy(options.policy)
    if options.out:
        write.check(options, source)
    lineage = _trace(options, policy, source, progress)
    assignment, notes = _assign(options, policy, lineage)
    return write.write(options, source, lineage, assignment, notes, progress)


def _trace(
    options: Options, policy: Policy, source: Collection, progress: ProgressListener
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


def _conditions_columns(options: Options, policy: Policy) -> set[str]:
    texts = (options.where, options.val_where, policy.where, policy.val_where)
    return {
        column
        for text in (*texts, policy.train_requires)
        if text is not None
        for column in parse(text).columns
    }


def _assign(options: Options, policy: Policy, lineage: Lineage) -> tuple[Assignment, list[str]]:
    """Decide the side of each sample; the lineage keeps only what ``where`` lets through."""
    notes = list(lineage.notes)
    _filter(lineage, [options.where, policy.where])
    asked = parse_strata(options.stratify) if options.stratify else []
    names, cells = strata(columns(lineage, [name for name, _ in asked]), asked)
    if not asked:
        cells = np.zeros((len(lineage.items), 0))
    eligible = rules.holds(lineage, options.val_where or policy.val_where)
    if options.keep_existing or options.repair:
        earlier, moved = settle(lineage)
        notes.append(f"{moved:,} samples change sides, so that no group is on two")
    else:
        earlier, moved = rules.earlier_sides(lineage, options.previous, notes), 0
    sides, targets = _targets(options, policy, lineage, int(eligible.sum()), earlier, notes)
    request = Request(sides, targets, options.seed, cells, names, eligible, earlier)
    found = assign(lineage, request)
    if not all(earlier):
        rest = not (options.train or policy.train or options.folds or options.sizeless)
        _check(options, lineage, request, found, rest="train" if rest else None)
    rules.check_train(lineage, found.side, policy.train_requires)
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
    options: Options,
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
        sides = sorted({side for side in earlier if side}, key=_rank)
        if not sides:
            raise InputError(
                "--keep-existing, --repair: the source has no splits (train, valid, test folders); "
                "name sizes: --val 0.15"
            )
        named = [side for side in earlier if side]
        return sides, [named.count(side) / len(named) * total for side in sides]
    asked = {
        side: getattr(options, side) or getattr(policy, side) for side in ("train", "val", "test")
    }
    sizes, rest = side_sizes(total, eligible, asked, shrink=policy.shrink)
    wanted = {side: amount for side, amount in asked.items() if amount and amount >= 1}
    if any(round(sizes[side]) < amount for side, amount in wanted.items()):
        listed = ", ".join(f"{side} {sizes[side]:,.0f} of {wanted[side]:,.0f}" for side in wanted)
        notes.append(f"fewer samples than the policy asks for: {listed}, in the same proportion")
    sides, targets = list(sizes), list(sizes.values())
    if rest >= 1:
        notes.append(f"{rest:,.0f} samples are more than was asked for and in no split")
        sides, targets = [*sides, ""], [*targets, rest]
    return sides, targets


def _rank(side: str) -> tuple[int, str]:
    order = ("train", "val", "test")
    return (order.index(side) if side in order else len(order), side)


def _check(
    options: Options, lineage: Lineage, request: Request, found: Assignment, rest: str | None
) -> None:
    """Refuse sides that miss their targets; ``rest`` takes what the others leave and has none."""
    labels, counts = np.unique(lineage.label, return_counts=True)
    sizes = np.array([found.sizes[side] for side in request.sides], np.float64)
    targets = np.array(request.targets)
    named = [at for at, side in enumerate(request.sides) if side]
    if rest in request.sides and sizes[at := request.sides.index(rest)] > 0:
        targets[at] = sizes[at]
    if options.previous:
        # What was placed before may already outweigh a target; only an empty side is wrong.
        targets = np.where(sizes > 0, sizes, targets)
    check_sides(
        [request.sides[at] for at in named],
        sizes[named],
        targets[named],
        _largest(lineage, labels[counts.argmax()], int(counts.max())),
        options.tolerance,
    )


def _largest(lineage: Lineage, label: int, size: int) -> str:
    """Describe the largest group, and what would part it where it is a video."""
    frames = sum(
        frame is not None and group == label
        for frame, group in zip(lineage.frames, lineage.label.tolist(), strict=True)
    )
    if 2 * frames < size or size == 1:
        return f"{size:,}"
    return f"{size:,}, frames of one sequence that --video apart would part"
