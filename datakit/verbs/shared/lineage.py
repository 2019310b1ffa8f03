"""What belongs together in a source: shared by ``dedup`` and ``split``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from datakit.engine.base import LazyTask, ordered_map
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.records.failure import Failure
from datakit.records.lineage import Link
from datakit.verbs.shared.group_keys import user_keys
from datakit.verbs.shared.lineage_duplicates import compared, join_duplicates
from datakit.verbs.shared.options import WriteOptions
from datakit.verbs.shared.progress import ProgressListener, SilentProgress

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from datakit.verbs.shared.near_duplicates import Look

# Equal names whose pictures all differ: after this many kinds the rest is taken as it is.
_KINDS_OF_A_NAME = 16


class LineageOptions(WriteOptions, frozen=True, kw_only=True):
    """Options that say what belongs together."""

    out: Annotated[str, Meta(description="the folder to write")] = ""
    duplicates: Annotated[
        Literal["near", "exact", "off"],
        Meta(description="which duplicates to look for; off: look at no pixels at all"),
    ] = "near"
    radius: Annotated[
        int, Meta(ge=0, le=16, description="bits in which hashes of near-duplicates may differ")
    ] = 8
    stem: Annotated[
        Literal["verify", "trust", "ignore"],
        Meta(description="equal source names: compare the pictures, believe them, or not look"),
    ] = "verify"
    video: Annotated[
        Literal["apart", "similar", "whole"],
        Meta(
            description="frames named <video>_mp4-0014: kept apart, kept together when they look "
            "alike, or all of a video kept together"
        ),
    ] = "apart"
    group_by: Annotated[
        str | None,
        Meta(
            description="a manifest column, or a CSV of file,group, to keep together",
            extra={"input": "word"},
        ),
    ] = None
    group_regex: Annotated[
        str | None,
        Meta(description="of the file's name; what (?P<g>…) matches is kept together"),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.group_regex is not None:
            try:
                groups = re.compile(self.group_regex).groupindex
            except re.error as error:
                raise InputError(f"--group-regex {self.group_regex!r}: {error}") from None
            if "g" not in groups:
                raise InputError(
                    f"--group-regex {self.group_regex!r}: expected a group named g, as in "
                    r"'^(?P<g>.+)_\d+$'"
                )


@dataclass
class Lineage:
    """The samples of a source, in the order of their ids, and what belongs together.

    Attributes
    ----------
    items : list of Item
        Those whose image could be read.
    tokens : list of str
        What each sample is, whatever the order of the files: its content when it was looked at.
    label : (N,) int64
        The group of each sample: the smallest index in it.
    names : list of str
        The group's name of each sample.
    links : list of Link
        Every decision, also those to keep apart.
    failures : tuple of Failure
        Images that could not be read.
    notes : list of str
        What the user should know.
    """

    items: list[Item]
    tokens: list[str]
    failures: tuple[Failure, ...] = ()
    looks: Sequence[Look] = ()
    links: list[Link] = field(default_factory=list)
    joined: list[tuple[int, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    label: npt.NDArray[np.int64] = field(init=False)
    names: list[str] = field(init=False)

    def link(self, reason: Any, one: int, other: int, error: float | None = None) -> None:
        """Record a decision; all reasons but apart and frames join the two."""
        ids = self.items[one].key, self.items[other].key
        self.links.append(Link(reason=reason, one=ids[0], other=ids[1], error=error))
        if reason not in ("apart", "frames"):
            self.joined.append((one, other))

    def close(self) -> None:
        """Compute the groups from what was joined so far."""
        import numpy as np

        from datakit.core.splitting.grouping import components

        pairs = np.array(self.joined, np.int64).reshape(-1, 2)
        self.label = components(len(self.items), pairs[:, 0], pairs[:, 1])

    def keep(self, chosen: npt.NDArray[np.bool_]) -> None:
        """Forget the samples that are not chosen; groups and their names stay as they are."""
        import numpy as np

        at = np.flatnonzero(chosen).tolist()
        self.items = [self.items[n] for n in at]
        self.tokens = [self.tokens[n] for n in at]
        self.names = [self.names[n] for n in at]
        self.looks = [self.looks[n] for n in at] if self.looks else ()
        self.label = self.label[chosen]
        self.joined = []

    def name_groups(self) -> None:
        """Name each group after its first source; two groups never share a name."""
        sources = [source_of(item) for item in self.items]
        first: dict[int, str] = {}
        for label, source in zip(self.label.tolist(), sources, strict=True):
            first[label] = min(first.get(label, source), source)
        taken: set[str] = set()
        for label, name in first.items():
            number, unique = 2, name
            while unique in taken:
                unique, number = f"{name}~{number}", number + 1
            taken.add(unique)
            first[label] = unique
        self.names = [first[label] for label in self.label.tolist()]


def source_of(item: Item) -> str:
    """Return the name of the photo that a sample was made from."""
    return item.group or PurePosixPath(item.rel).with_suffix("").as_posix()


def trace(
    items: Sequence[Item],
    options: LineageOptions,
    *,
    decided: bool = False,
    measure: bool = False,
    progress: ProgressListener | None = None,
) -> Lineage:
    """Find out what belongs together.

    Parameters
    ----------
    items : sequence of Item
        All samples of the source.
    options : LineageOptions
        What counts as belonging together.
    decided : bool
        Whether the samples' groups were decided by datakit before: then they are believed.
    measure : bool
        Also measure each sample's foreground, where the manifest does not tell it.
    progress : ProgressListener, optional
        Where progress is reported.

    Raises
    ------
    InputError
        If a key that the user named does not exist.
    """
    ordered = sorted(items, key=lambda item: item.key)
    if options.duplicates == "off":
        found = Lineage(ordered, [_token(item) for item in ordered])
    else:
        found = _look(ordered, options, measure, progress or SilentProgress())
    _join_parents(found)
    _join_keys(found, options)
    if options.stem != "ignore":
        _join_sources(found, options, trusted=decided or options.stem == "trust")
    found.close()
    if options.duplicates != "off" and found.looks:
        join_duplicates(found, options)
    found.close()
    found.name_groups()
    return found


def _token(item: Item) -> str:
    source = item.sample.source if item.sample else None
    if source is not None and source.sha256:
        return f"{source.sha256} {item.rel}"
    return item.rel


def _look(
    items: list[Item], options: LineageOptions, measure: bool, progress: ProgressListener
) -> Lineage:
    kept: list[Item] = []
    looks: list[Look] = []
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
                    looks.append(outcome.value)
                progress.advance(len(failures))
    finally:
        progress.end()
    # Equal pictures differ by their names; the content comes first, so that names matter little.
    tokens = [f"{look.sha256} {item.rel}" for look, item in zip(looks, kept, strict=True)]
    return Lineage(kept, tokens, tuple(failures), looks)


def _join_parents(found: Lineage) -> None:
    place = {item.sample.id: at for at, item in enumerate(found.items) if item.sample}
    for at, item in enumerate(found.items):
        parent = item.sample.parent if item.sample else None
        if parent is not None and parent in place:
            found.link("parent", place[parent], at)
    orphans: dict[str, int] = {}
    for at, item in enumerate(found.items):
        parent = item.sample.parent if item.sample else None
        if parent is not None and parent not in place:
            # The parent is elsewhere: its copies belong together all the same.
            if parent in orphans:
                found.link("parent", orphans[parent], at)
            orphans.setdefault(parent, at)


def _join_keys(found: Lineage, options: LineageOptions) -> None:
    keys: list[str | None] = [None] * len(found.items)
    if options.group_by is not None:
        join_equal(found, "key", user_keys(found.items, options.group_by))
    if options.group_regex is not None:
        pattern = re.compile(options.group_regex)
        names = [PurePosixPath(item.source_name) for item in found.items]
        matches = [
            pattern.search(source_of(item)) or pattern.search(name.stem)
            for item, name in zip(found.items, names, strict=True)
        ]
        keys = [match["g"] if match else None for match in matches]
        missed = keys.count(None)
        if found.items and missed == len(keys):
            raise InputError(
                f"--group-regex {options.group_regex!r}: matches none of {len(keys):,} names, "
                f"such as {names[0].stem!r}"
            )
        if missed:
            found.notes.append(f"--group-regex does not match {missed:,} of {len(keys):,} names")
        join_equal(found, "key", keys)
    if options.video == "whole":
        from datakit.core.splitting.grouping import video_of

        join_equal(found, "key", [video_of(source_of(item)) for item in found.items])


def join_equal(found: Lineage, reason: str, keys: Sequence[str | None]) -> None:
    """Join the samples whose keys are equal; None is no key."""
    first: dict[str, int] = {}
    for at, key in enumerate(keys):
        if key is None:
            continue
        if key in first:
            found.link(reason, first[key], at)
        else:
            first[key] = at


def _join_sources(found: Lineage, options: LineageOptions, *, trusted: bool) -> None:
    """Join samples of one source name; with a look at the pictures unless the name is believed."""
    if trusted or not found.looks:
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
        verdicts = dict(compared(found, options, "CompareSources", pairs))
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
