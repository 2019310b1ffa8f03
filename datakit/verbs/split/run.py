"""``split``: train, val and test sides that share nothing which belongs together."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from datakit.verbs.shared.pipeline import Silent, Watch
from datakit.verbs.shared.lineage import Lineage, LineageOptions, trace
from datakit.verbs.split.plan import (
    Policy,
    check_sides,
    parse_strata,
    read_policy,
    side_sizes,
)
from datakit.errors import InputError
from datakit.io.layouts.sources import Collection, open_sources
from datakit.records.lineage import Audit
from datakit.records.summary import Summary

if TYPE_CHECKING:
    from datakit.verbs.split.assignment import Assignment

VERB = "split"

Amount = Annotated[float, Meta(gt=0)]


class Options(LineageOptions, frozen=True, kw_only=True):
    """Options of ``split``.

    Examples
    --------
    >>> Options(src=("dataset",), out="split", val=0.15, seed=7).duplicates
    'near'
    """

    train: Annotated[Amount | None, Meta(description="samples of train [default: the rest]")] = None
    val: Annotated[
        Amount | None, Meta(description="samples of val: a ratio below 1, or a count")
    ] = None
    test: Annotated[
        Amount | None, Meta(description="samples of test: a ratio below 1, or a count")
    ] = None
    folds: Annotated[
        Annotated[int, Meta(ge=2, le=100)] | None,
        Meta(description="this many equal folds (fold1, fold2, …) instead of train and val"),
    ] = None
    stratify: Annotated[
        tuple[str, ...],
        Meta(description="columns to spread evenly: class,fg_ratio:5,split_source"),
    ] = ()
    seed: Annotated[int, Meta(ge=0, description="another seed, another split")] = 0
    where: Annotated[
        str | None, Meta(description="take only samples for which this holds: fg_ratio > 0.1")
    ] = None
    val_where: Annotated[
        str | None, Meta(description="val takes only samples for which this holds")
    ] = None
    policy: Annotated[
        str | None,
        Meta(
            description="p3m, or a .yaml file like it: sizes and conditions",
            extra={"input": "word"},
        ),
    ] = None
    previous: Annotated[
        str | None,
        Meta(
            description="an earlier result of split: what it placed keeps its side",
            extra={"input": "path"},
        ),
    ] = None
    keep_existing: Annotated[
        bool, Meta(description="keep the source's own split where it does not leak")
    ] = False
    audit: Annotated[
        bool,
        Meta(description="only say where the source's own split leaks; exit code 1 if it does"),
    ] = False
    repair: Annotated[
        bool, Meta(description="write the source again with its leaks mended (needs -o)")
    ] = False
    tolerance: Annotated[
        float,
        Meta(ge=0, le=1, description="how far a side may miss its target, in parts of the whole"),
    ] = 0.05
    materialize: Annotated[
        Literal["copy", "hardlink", "symlink", "none"],
        Meta(description="how files come into DST; none: lists and the manifest only"),
    ] = "copy"
    sheet: Annotated[
        int, Meta(ge=0, le=200, description="leaking pairs on the contact sheet of --audit")
    ] = 24

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.out and not self.audit:
            raise InputError("split: expected -o DST, the folder to write (or --audit)")
        if self.repair and not self.out:
            raise InputError("--repair: expected -o DST, the folder to write")
        sized = self.train or self.val or self.test or self.policy
        if self.folds and (sized or self.repair or self.keep_existing):
            raise InputError("--folds makes equal folds; it does not go with sizes or other splits")
        if self.previous and (self.keep_existing or self.repair):
            raise InputError(
                "--previous and --keep-existing (--repair) both say where samples stay"
            )
        if self.sizeless and not (self.keep_existing or self.repair or self.audit):
            raise InputError(
                "split: expected how to split: --val 0.15, --train 10000 --val 1500, --folds 5, "
                "--policy p3m, --keep-existing or --audit"
            )

    @property
    def makes_dataset(self) -> bool:
        """Whether DST is a dataset, not only an audit."""
        return self.repair or not self.audit

    @property
    def sizeless(self) -> bool:
        """Whether nothing says how large the sides are."""
        return not (self.train or self.val or self.test or self.policy or self.folds)


def run(options: Options, watch: Watch | None = None) -> Summary | Audit:
    """Split a source into sides without leaks, or say where its own split leaks.

    Parameters
    ----------
    options : Options
        What belongs together, how large the sides are, where they go.
    watch : Watch, optional
        Who is told of the progress.

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
        return _run(options, watch or Silent())
    finally:
        if collecting:
            gc.enable()


def _run(options: Options, watch: Watch) -> Summary | Audit:
    from datakit.verbs.split import write

    source = open_sources(options.src, layout=options.layout)
    policy = read_policy(options.policy)
    if options.out:
        write.check(options, source)
    lineage = _trace(options, policy, source, watch)
    if options.audit and not options.repair:
        from datakit.verbs.split.audit import audit

        return audit(options, lineage, source)
    assignment, notes = _assign(options, policy, lineage)
    return write.write(options, source, lineage, assignment, notes, watch)


def _trace(options: Options, policy: Policy, source: Collection, watch: Watch) -> Lineage:
    asked = {name for name, _ in parse_strata(options.stratify)} if options.stratify else set()
    asked |= _conditions_columns(options, policy)
    decided = any(command.verb in ("split", "dedup") for command in source.commands)
    measure = "fg_ratio" in asked or policy.histogram == "fg_ratio"
    return trace(list(source.items()), options, decided=decided, measure=measure, watch=watch)


def _conditions_columns(options: Options, policy: Policy) -> set[str]:
    from datakit.core.splitting.expressions import parse

    texts = (options.where, options.val_where, policy.where, policy.val_where)
    return {
        column
        for text in (*texts, policy.train_requires)
        if text is not None
        for column in parse(text).columns
    }


def _assign(options: Options, policy: Policy, lineage: Lineage) -> tuple[Assignment, list[str]]:
    """Decide the side of each sample; the lineage keeps only what ``where`` lets through."""
    import numpy as np

    from datakit.verbs.split import policy as rules
    from datakit.verbs.split.assignment import Request, assign, settle
    from datakit.verbs.shared.columns import columns, strata

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
        _check(options, lineage, request, found)
    rules.check_train(lineage, found.side, policy.train_requires)
    notes += rules.describe(lineage, found, policy.histogram)
    return found, notes


def _filter(lineage: Lineage, conditions: list[str | None]) -> None:
    from datakit.verbs.split import policy as rules

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
    options: Options, lineage: Lineage, request: msgspec.Struct | object, found: Assignment
) -> None:
    import numpy as np

    from datakit.verbs.split.assignment import Request

    assert isinstance(request, Request)
    _, counts = np.unique(lineage.label, return_counts=True)
    sizes = np.array([found.sizes[side] for side in request.sides], np.float64)
    targets = np.array(request.targets)
    named = [at for at, side in enumerate(request.sides) if side]
    if options.previous:
        # What was placed before may already outweigh a target; only an empty side is wrong.
        targets = np.where(sizes > 0, sizes, targets)
    check_sides(
        [request.sides[at] for at in named],
        sizes[named],
        targets[named],
        int(counts.max()),
        options.tolerance,
    )
