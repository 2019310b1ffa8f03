"""What belongs together in a source: shared by ``dedup`` and ``split``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from datakit.commands.base import Silent, Watch, WriteOptions
from datakit.engine.base import LazyTask, ordered_map
from datakit.engine.local import LocalEngine
from datakit.errors import InputError
from datakit.io.formats.base import Item
from datakit.records.failure import Failure
from datakit.records.lineage import Link

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from datakit.tasks.lookalikes import Look, PairItem, Verdict

# Starting workers costs about as much as this many comparisons.
_WORTH_WORKERS = 2000
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
        str | None, Meta(description="a manifest column, or a CSV of file,group, to keep together")
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

        from datakit.core.grouping import components

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
    watch: Watch | None = None,
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
    watch : Watch, optional
        Who is told of the progress.

    Raises
    ------
    InputError
        If a key that the user named does not exist.
    """
    ordered = sorted(items, key=lambda item: item.key)
    if options.duplicates == "off":
        found = Lineage(ordered, [_token(item) for item in ordered])
    else:
        found = _look(ordered, options, measure, watch or Silent())
    _join_parents(found)
    _join_keys(found, options)
    if options.stem != "ignore":
        _join_sources(found, options, trusted=decided or options.stem == "trust")
    found.close()
    if options.duplicates != "off" and found.looks:
        _join_duplicates(found, options)
    found.close()
    found.name_groups()
    return found


def _token(item: Item) -> str:
    source = item.sample.source if item.sample else None
    if source is not None and source.sha256:
        return f"{source.sha256} {item.rel}"
    return item.rel


def _look(items: list[Item], options: LineageOptions, measure: bool, watch: Watch) -> Lineage:
    kept: list[Item] = []
    looks: list[Look] = []
    failures: list[Failure] = []
    task = LazyTask("datakit.tasks.lookalikes:Inspect", {"measure": measure})
    watch.begin(len(items), "look")
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
                watch.advance(len(failures))
    finally:
        watch.end()
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
        _join_equal(found, "key", _user_keys(found.items, options.group_by))
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
        _join_equal(found, "key", keys)
    if options.video == "whole":
        from datakit.core.grouping import video_of

        _join_equal(found, "key", [video_of(source_of(item)) for item in found.items])


def _user_keys(items: Sequence[Item], column: str) -> list[str | None]:
    if column.lower().endswith(".csv"):
        table = _read_keys(Path(column))
        keys = [
            next((table[name] for name in _names_of(item) if name in table), None) for item in items
        ]
    else:
        known = items[0].sample.__struct_fields__ if items and items[0].sample else ("group",)
        if column not in known:
            raise InputError(
                f"--group-by {column}: expected a column ({', '.join(known)}) or a .csv of "
                "file,group"
            )
        rows = [item.sample if item.sample else item for item in items]
        values = [getattr(row, column) for row in rows]
        keys = [None if value in (None, (), "") else str(value) for value in values]
    if items and keys.count(None) == len(keys):
        raise InputError(f"--group-by {column}: names a group of none of {len(items):,} samples")
    return keys


def _names_of(item: Item) -> tuple[str, ...]:
    """Return the names that a user may call a sample by, the most particular first."""
    return item.key, item.source_name, item.rel, PurePosixPath(item.rel).name


def _read_keys(path: Path) -> dict[str, str]:
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"--group-by {path}: cannot be read ({error})") from None
    if rows and [cell.strip().lower() for cell in rows[0][:2]] == ["file", "group"]:
        rows = rows[1:]
    bad = [number for number, row in enumerate(rows, 1) if row and len(row) != 2]
    if bad or not rows:
        where = f"line {bad[0]} has another number of them" if bad else "it is empty"
        raise InputError(f"--group-by {path}: expected two columns, file and group; {where}")
    return {row[0].strip(): row[1].strip() for row in rows if row}


def _join_equal(found: Lineage, reason: str, keys: Sequence[str | None]) -> None:
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
        _join_equal(found, "source", [source_of(item) for item in found.items])
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
        verdicts = dict(_compared(found, options, "CompareSources", pairs))
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


def _join_duplicates(found: Lineage, options: LineageOptions) -> None:
    """Join near-duplicates: candidates by hash, confirmed by their thumbnails."""
    import numpy as np

    from datakit.core.duplicates import candidates
    from datakit.core.grouping import components, forest, video_of

    prints = [look.print for look in found.looks]
    keys = np.array([entry.key for entry in prints], np.uint64)
    counts = [len(entry.probes) for entry in prints]
    owners = np.repeat(np.arange(len(prints)), counts)
    probes = np.concatenate([entry.probes for entry in prints])
    pairs = candidates(keys, probes, owners, options.radius)
    left, right = pairs.left, pairs.right
    videos = [video_of(source_of(item)) for item in found.items]
    code = {name: number for number, name in enumerate(dict.fromkeys(videos))}
    video = np.array([code[name] if name else -1 for name in videos], np.int64)
    # Frames are compared among themselves, so that --video apart does not let one frame that is
    # kept apart stand in the way of a copy of it elsewhere.
    frames = (video[left] == video[right]) & (video[left] >= 0) & (options.video == "apart")
    exact = _join_exact(found, options, left, right)
    look_alike = 0
    for chosen, apart in ((~frames, False), (frames, True)):
        one, other = left[chosen], right[chosen]
        label = components(len(prints), *_ends(found.joined))
        seen: list[tuple[int, int]] = []
        while len(one):
            at = forest(label, one, other)
            if not len(at) or options.duplicates == "exact":
                break
            asked = list(zip(one[at].tolist(), other[at].tolist(), strict=True))
            for pair, verdict in _compared(found, options, "Compare", asked):
                if verdict.same and apart:
                    found.link("frames", *pair, verdict.error)
                    seen.append(pair)
                    look_alike += 1
                elif verdict.same:
                    found.link("near", *pair, verdict.error)
                    seen.append(pair)
            keep = np.ones(len(one), np.bool_)
            keep[at] = False
            one, other = one[keep], other[keep]
            label = components(len(prints), *_ends(found.joined + seen))
    if look_alike:
        names = ", ".join(sorted({str(videos[a]) for a in left[frames].tolist()})[:3])
        found.notes.append(
            f"{look_alike:,} look-alike frames of one video ({names}) count as different photos; "
            "--video similar keeps them together, --video whole keeps each video together"
        )
    if exact:
        found.close()


def _ends(pairs: Sequence[tuple[int, int]]) -> tuple[Any, Any]:
    import numpy as np

    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _join_exact(found: Lineage, options: LineageOptions, left: Any, right: Any) -> int:
    """Join pictures with equal pixels; only those whose thumbnails are equal are decoded whole."""
    import numpy as np

    thumbs = found.looks
    suspects: set[int] = set()
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        if thumbs[one].print.key == thumbs[other].print.key and (
            int(
                np.abs(
                    thumbs[one].print.thumbnail.astype(np.int16) - thumbs[other].print.thumbnail
                ).max()
            )
            <= 2
        ):
            suspects.update((one, other))
    chosen = sorted(suspects)
    if not chosen:
        return 0
    engine = options.make_engine() if len(chosen) >= _WORTH_WORKERS else LocalEngine(0)
    task = LazyTask("datakit.tasks.lookalikes:DigestPixels", {})
    items = [found.items[at] for at in chosen]
    digests: list[str | None] = [None] * len(found.items)
    with closing(ordered_map(engine, task, items)) as outcomes:
        for at, outcome in zip(chosen, outcomes, strict=True):
            digests[at] = outcome.value
    before = len(found.joined)
    _join_equal(found, "exact", digests)
    return len(found.joined) - before


def _compared(
    found: Lineage, options: LineageOptions, task: str, pairs: Sequence[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], Verdict]]:
    """Yield the verdict of each pair whose files could be read."""
    engine = options.make_engine() if len(pairs) >= _WORTH_WORKERS else LocalEngine(0)
    lazy = LazyTask(f"datakit.tasks.lookalikes:{task}", {})
    items = _pair_items(found, pairs, files=task == "CompareSources")
    with closing(ordered_map(engine, lazy, items)) as outcomes:
        for pair, outcome in zip(pairs, outcomes, strict=True):
            if outcome.value is not None:
                yield pair, outcome.value


def _pair_items(
    found: Lineage, pairs: Sequence[tuple[int, int]], *, files: bool
) -> Iterator[PairItem]:
    from datakit.tasks.lookalikes import PairItem

    for one, other in pairs:
        yield PairItem(
            f"{one} {other}",
            found.looks[one].print.thumbnail.tobytes(),
            found.looks[other].print.thumbnail.tobytes(),
            found.items[one].image if files else None,
            found.items[other].image if files else None,
        )
