"""Finding related samples in a source: by parents, keys, names and pictures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing

from datakit.engine.base import LazyTask, ordered_map
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection as Source
from datakit.records.failure import Failure
from datakit.verbs.shared.group_keys import regex_keys, user_keys
from datakit.verbs.shared.lineage import Lineage, join_equal, source_of
from datakit.verbs.shared.lineage_duplicates import compared, join_duplicates
from datakit.verbs.shared.lineage_options import LineageOptions
from datakit.verbs.shared.near_duplicates import Inspection
from datakit.verbs.shared.options import ReadOptions
from datakit.verbs.shared.people import count_people, identify_people, join_people
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.shared.sequences import find_frames

# Equal names whose pictures all differ: after this many kinds the rest is taken as it is.
_KINDS_OF_A_NAME = 16


def groups_decided(source: Source) -> bool:
    """Tell whether an earlier command decided the groups of a source."""
    return any(command.verb in ("split", "dedup") for command in source.commands)


def trace(
    items: Sequence[Item],
    options: LineageOptions,
    *,
    decided: bool = False,
    measure: Collection[str] = (),
    progress: ProgressListener | None = None,
) -> Lineage:
    """Find the related samples of a source.

    Parameters
    ----------
    items : sequence of Item
        All samples of the source.
    options : LineageOptions
        What counts as belonging together.
    decided : bool
        Whether the samples' groups were decided by datakit before: then they are believed.
    measure : collection of str
        Columns to measure where the manifest does not tell them: ``fg_ratio``, ``people``.
    progress : ProgressListener, optional
        Where progress is reported.

    Raises
    ------
    InputError
        If a key that the user named does not exist.
    """
    progress = progress or SilentProgress()
    ordered = sorted(items, key=lambda item: item.key)
    if options.duplicates == "off":
        found = Lineage(ordered, [_token(item) for item in ordered])
    else:
        found = fingerprint_all(ordered, options, "fg_ratio" in measure, progress)
    _join_parents(found)
    _join_keys(found, options)
    if options.by_person:
        identify_people(found, options, progress)
        join_people(found)
    elif "people" in measure:
        count_people(found, options, progress)
    if options.stem != "ignore":
        _join_sources(found, options, progress, trusted=decided or options.stem == "trust")
    find_frames(found, options, progress)
    found.close()
    if options.duplicates != "off" and found.inspections:
        join_duplicates(found, options, progress)
    found.close()
    found.name_groups()
    return found


def _token(item: Item) -> str:
    source = item.sample.source if item.sample else None
    if source is not None and source.sha256:
        return f"{source.sha256} {item.rel}"
    return item.rel


def fingerprint_all(
    items: list[Item], options: ReadOptions, measure: bool, progress: ProgressListener
) -> Lineage:
    """Fingerprint every photo; with ``measure``, also measure the labels' foreground.

    Photos that cannot be read are failures of the result, and not among its items.
    """
    kept: list[Item] = []
    inspections: list[Inspection] = []
    failures: list[Failure] = []
    task = LazyTask("datakit.verbs.shared.near_duplicates:Inspect", {"measure": measure})
    progress.begin(len(items), "look")
    try:
        with closing(ordered_map(options.make_engine(), task, items)) as outcomes:
            for item, outcome in zip(items, outcomes, strict=True):
                if outcome.value is None:
                    failures.append(
                        Failure(
                            id=item.key,
                            file=item.source_name,
                            step="look",
                            error=str(outcome.error),
                        )
                    )
                else:
                    kept.append(item)
                    inspections.append(outcome.value)
                progress.advance(len(failures))
    finally:
        progress.end()
    # Equal pictures differ by their names; the content comes first, so that names matter little.
    tokens = [
        f"{inspection.sha256} {item.rel}"
        for inspection, item in zip(inspections, kept, strict=True)
    ]
    return Lineage(kept, tokens, tuple(failures), inspections)


def _join_parents(found: Lineage) -> None:
    index_of = {item.sample.id: at for at, item in enumerate(found.items) if item.sample}
    for at, item in enumerate(found.items):
        parent = item.sample.parent if item.sample else None
        if parent is not None and parent in index_of:
            found.link("parent", index_of[parent], at)
    orphans: dict[str, int] = {}
    for at, item in enumerate(found.items):
        parent = item.sample.parent if item.sample else None
        if parent is not None and parent not in index_of:
            # The parent is elsewhere: its copies are related all the same.
            if parent in orphans:
                found.link("parent", orphans[parent], at)
            orphans.setdefault(parent, at)


def _join_keys(found: Lineage, options: LineageOptions) -> None:
    rest = options.group_rest
    if options.group_by is not None and not options.by_person:
        join_equal(found, "key", user_keys(found.items, options.group_by, rest))
    if options.group_regex is not None:
        names = [source_of(item) for item in found.items]
        join_equal(found, "key", regex_keys(found.items, names, options.group_regex, rest))


def _join_sources(
    found: Lineage, options: LineageOptions, progress: ProgressListener, *, trusted: bool
) -> None:
    """Join samples of one source name; with a look at the pictures unless the name is believed."""
    if trusted or not found.inspections:
        join_equal(found, "source", [source_of(item) for item in found.items])
        if not trusted:
            found.notes.append(
                "--stem verify needs pixels, and --duplicates is off: names believed"
            )
        return
    members: dict[str, list[int]] = {}
    for at, item in enumerate(found.items):
        members.setdefault(source_of(item), []).append(at)
    waiting = [group for group in members.values() if len(group) > 1]
    for _ in range(_KINDS_OF_A_NAME):
        if not waiting:
            return
        pairs = [(group[0], other) for group in waiting for other in group[1:]]
        verdicts = dict(compared(found, options, "CompareSources", pairs, progress))
        rest = []
        for group in waiting:
            different = []
            for other in group[1:]:
                verdict = verdicts.get((group[0], other))
                same = verdict is not None and verdict.same
                error = verdict.error if verdict else None
                found.link("source" if same else "apart", group[0], other, error)
                if not same:
                    different.append(other)
            if len(different) > 1:
                rest.append(different)
        waiting = rest
