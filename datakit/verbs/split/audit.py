"""``split --audit``: related samples in different splits of a source."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

import msgspec

from datakit.core.similarity.duplicates import same_picture
from datakit.core.similarity.picture_match import compare
from datakit.errors import InputError
from datakit.io.layouts.sources import Collection
from datakit.io.store import atomic
from datakit.io.store.storage import Location, location
from datakit.io.tables import csv_rows, jsonl
from datakit.pages.report import render
from datakit.records.failure import Failure
from datakit.records.lineage import REASONS, Audit, Leak, Reason
from datakit.verbs.shared.lineage import Lineage, source_of
from datakit.verbs.shared.page_pictures import picture
from datakit.verbs.shared.pair_sheet import draw_pairs
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.sequences import torn_frames, torn_note, torn_rows
from datakit.verbs.shared.tracing import groups_decided, trace
from datakit.verbs.split import write
from datakit.verbs.split.audit_page import PAGE, WORDS, compose
from datakit.verbs.split.options import AuditOptions

# Samples of its group in the other split that a sample is compared with, to find the plainest
# reason.
_COMPARED = 24


def audit(options: AuditOptions, progress: ProgressListener) -> Audit:
    """List every sample of SRC that is related to one of another split.

    Raises
    ------
    InputError
        If the source has fewer than two splits, or the report's folder holds something.
    """
    # Neighbouring frames in two splits are a leak, whoever chose to part them.
    options = msgspec.structs.replace(options, video="whole")
    source = options.open(progress)
    if options.out:
        write.check(options, source)
    decided = groups_decided(source)
    lineage = trace(list(source.items()), options, decided=decided, progress=progress)
    result = _audited(lineage, source)
    if options.out and not options.dry_run:
        result = msgspec.structs.replace(result, out=options.out)
        failures = (*source.failures, *lineage.failures)
        write.claim_report(
            result.verb,
            options,
            failures,
            result.counts,
            lambda: _write(location(options.out), options, lineage, result, failures),
        )
    return result


def _audited(lineage: Lineage, source: Collection) -> Audit:
    splits = sorted({item.split for item in lineage.items if item.split}, key=_rank)
    if len(splits) < 2:
        raise InputError(
            f"--audit: expected a source with two splits or more, found {len(splits)} "
            f"({', '.join(splits) or 'no train, valid or test folder'})"
        )
    members: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for at, label in enumerate(lineage.label.tolist()):
        split = lineage.items[at].split
        if split:
            members[label][split].append(at)
    judge = _Judge(lineage)
    leaks: list[Leak] = []
    table: dict[str, Counter[str]] = {}
    for one, other in combinations(splits, 2):
        counts = table.setdefault(f"{one} - {other}", Counter())
        for group in members.values():
            for at in group.get(other, ()) if one in group else ():
                leak, reasons = judge.leak(at, group[one], (one, other))
                leaks.append(leak)
                counts.update(reasons)
                counts["samples"] += 1
    failed = len(lineage.failures) + len(source.failures)
    named = [item.split for item in lineage.items]
    torn = torn_frames(lineage, named)
    counts_of = Counter(item.split or "no split" for item in lineage.items)
    return Audit(
        counts={**counts_of, "leaking": len({leak.other for leak in leaks}), "failed": failed},
        table={pair: dict(found) for pair, found in table.items()},
        leaks=tuple(leaks),
        frames=torn_rows(lineage, named, torn),
        failed=failed,
        notes=(*lineage.notes, *torn_note(lineage, torn)),
    )


def _rank(split: str) -> tuple[int, str]:
    order = ("train", "val", "test")
    return (order.index(split) if split in order else len(order), split)


class _Judge:
    """Says why a sample leaks."""

    def __init__(self, lineage: Lineage) -> None:
        self._lineage = lineage
        joined: dict[Reason, dict[str, str]] = {
            "exact": {},
            "key": {},
            "parent": {},
            "sequence": {},
            "person": {},
        }
        for link in lineage.links:
            if link.reason in joined:
                table = joined[link.reason]
                # Links of these are stars around the first sample, or chains in order.
                home = table.setdefault(link.one, link.one)
                table[link.other] = home
        self._joined = joined
        self._sources = [source_of(item) for item in lineage.items]
        self._apart = {
            frozenset((link.one, link.other)) for link in lineage.links if link.reason == "apart"
        }

    def leak(self, at: int, others: list[int], splits: tuple[str, str]) -> tuple[Leak, set[Reason]]:
        """Return the leak of one sample, by its plainest reason, and all reasons."""
        items = self._lineage.items
        key = items[at].key
        found: dict[Reason, tuple[int, float | None]] = {}
        # Those of the same name first: the user asks how those differ.
        nearest = sorted(
            others,
            key=lambda n: (self._sources[n] != self._sources[at], self._steps(at, n) or 0, n),
        )
        for other in nearest[:_COMPARED]:
            name = items[other].key
            for reason, table in self._joined.items():
                if key in table and table.get(key) == table.get(name):
                    found.setdefault(reason, (other, None))
            same_source = self._sources[at] == self._sources[other]
            if same_source and frozenset((key, name)) not in self._apart:
                found.setdefault("source", (other, None))
            near = self._near(at, other)
            if near is not None:
                known = found.get("near")
                if known is None or near < (known[1] or 0.0):
                    found["near"] = (other, near)
        if not found:
            # They meet through others of their group, each like the next.
            found["near" if self._lineage.inspections else "source"] = (nearest[0], None)
        reason = next(reason for reason in REASONS if reason in found)
        other, error = found[reason]
        leak = Leak(
            reason=reason,
            splits=splits,
            one=items[other].key,
            other=key,
            group=self._lineage.names[at],
            error=error,
            steps=self._steps(at, other),
        )
        return leak, set(found)

    def _steps(self, at: int, other: int) -> int | None:
        """Return how many frame numbers two samples of one video are apart."""
        one, two = self._lineage.frames[at], self._lineage.frames[other]
        if one is None or two is None or one.series != two.series:
            return None
        return abs(one.number - two.number)

    def _near(self, at: int, other: int) -> float | None:
        if not self._lineage.inspections:
            return None

        inspections = self._lineage.inspections
        match = compare(inspections[at].print.thumbnail, inspections[other].print.thumbnail)
        return round(match.error, 4) if same_picture(match) else None


def _write(
    out: Location,
    options: AuditOptions,
    lineage: Lineage,
    result: Audit,
    failures: Sequence[Failure],
) -> None:
    text = msgspec.json.format(msgspec.json.encode(result), indent=2)
    atomic.write_bytes(out / "audit.json", text + b"\n")
    rows = [
        {
            "splits": " - ".join(leak.splits),
            "reason": leak.reason,
            "one": leak.one,
            "other": leak.other,
            "group": leak.group,
            "error": "" if leak.error is None else leak.error,
            "steps": "" if leak.steps is None else leak.steps,
        }
        for leak in result.leaks
    ]
    atomic.write_bytes(out / "leaks.csv", csv_rows.records(rows))
    if result.frames:
        atomic.write_bytes(out / "frames.csv", csv_rows.records(write.frame_rows(result.frames)))
    jsonl.write(out / "lineage.jsonl", lineage.links)
    drawn = []
    shown = result.leaks[: options.sheet]
    if shown:
        drawn = draw_pairs(
            out / "leaks.png",
            lineage,
            [(leak.one, leak.other, leak.reason) for leak in shown],
            f"{len(shown)} of {len(result.leaks)} leaking samples",
        )
    pictures = [
        picture(tile, key, WORDS[reason], alt=f"{key}: {WORDS[reason]}")
        for (key, _, tile), reason in zip(
            drawn, [leak.reason for leak in shown for _ in range(2)], strict=True
        )
    ]
    names = [location(path).name for path in options.src]
    page = compose(names, result, failures, pictures)
    atomic.write_bytes(out / PAGE, render(page))
