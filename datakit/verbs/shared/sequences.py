"""Frames of one video and shots of one burst, joined by their names, times and pictures."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from datakit.core.splitting.sequences import FrameName, frame_name, runs, time_in_name
from datakit.io.layouts.base import SPLITS, Item
from datakit.io.layouts.lineage import source_group
from datakit.records.counts import counted
from datakit.records.lineage import Torn
from datakit.verbs.shared.lineage import Lineage
from datakit.verbs.shared.lineage_duplicates import compared
from datakit.verbs.shared.lineage_options import LineageOptions
from datakit.verbs.shared.progress import ProgressListener

# A series of names like IMG_0014 is a video when half of its neighbours look alike: match
# errors up to this, of at most so many neighbours. Different photos begin at 0.29 (docs/dedup.md),
# and half of them never lie as near as this.
_FRAME_ERROR: Final = 0.4
_ASKED: Final = 64
# Photos of one camera so many seconds apart are one burst when they are not wholly unlike.
_BURST_SECONDS: Final = 2.0
_BURST_ERROR: Final = 0.6
_BURST_REACH: Final = 3
_IMAGE_FOLDERS: Final = frozenset({*SPLITS, "images", "image", "imgs", "frames", "photos"})

_LISTED: Final = 100

Series = list[int]


@dataclass(frozen=True, slots=True)
class FramePair:
    """Two frames of one video in different splits."""

    one: int
    other: int
    steps: int


def find_frames(found: Lineage, options: LineageOptions, progress: ProgressListener) -> None:
    """Find out which samples are frames of a video, and join those of one sequence if asked to.

    A name that says video or burst is believed. Photos that are only numbered are a video when
    their pictures say so, and photos of one camera and moment are a burst when they look alike.
    A sequence ends where more than two of its usual steps are missing.

    Parameters
    ----------
    found : Lineage
        ``frames`` is set; links are added for ``--video whole``.
    options : LineageOptions
    progress : ProgressListener
        Where progress is reported.
    """
    names = [frame_name(frame_stem(item)) for item in found.items]
    found.frames = [name if name is not None and name.certain else None for name in names]
    if options.video != "whole":
        return
    if found.inspections:
        _judge_numbered(found, options, names, progress)
    for series in _series(found.frames).values():
        _join_runs(found, series)
    if found.inspections:
        _join_bursts(found, options, progress)


def frame_stem(item: Item) -> str:
    """Return the name that gives a sample's position in a video, without meaningless folders.

    The name of the source photo, also where the sample's group or split changed since.
    """
    if item.sample is None:
        name = item.group or item.rel.rpartition(".")[0] or item.rel
    else:
        name = source_group(item.sample.source.name, None)
        id_in_split = item.sample.id.removeprefix(f"{item.sample.split}/")
        if item.rel != id_in_split and item.rel.endswith(f"/{id_in_split}"):
            # One of several sources: its frames are not those of another.
            name = item.rel.removesuffix(id_in_split) + name
    if "/" not in name:
        return name
    *folders, last = name.split("/")
    return "/".join([*(part for part in folders if part.lower() not in _IMAGE_FOLDERS), last])


def torn_frames(found: Lineage, splits: Sequence[str | None]) -> list[FramePair]:
    """Return the neighbouring frames that are in different splits, the closest first.

    Parameters
    ----------
    found : Lineage
    splits : sequence of str or None
        The split of each sample; None takes no part.

    Returns
    -------
    list of FramePair
        With no frame of the two splits between them; ``steps`` counts frame numbers.
    """
    pairs = []
    for series in _series(found.frames).values():
        last: dict[str, int] = {}
        for position, at in enumerate(series):
            split = splits[at]
            if split is None:
                continue
            own = last.get(split, -1)
            for other_split, seen in last.items():
                if other_split != split and seen > own:
                    other = series[seen]
                    pairs.append(FramePair(other, at, _number(found, at) - _number(found, other)))
            last[split] = position
    return sorted(pairs, key=lambda pair: (pair.steps, pair.one, pair.other))


def torn_rows(
    found: Lineage, splits: Sequence[str | None], pairs: Sequence[FramePair]
) -> tuple[Torn, ...]:
    """Return the closest pairs as records, 100 at most."""
    return tuple(
        Torn(
            splits=(str(splits[pair.one]), str(splits[pair.other])),
            one=found.items[pair.one].key,
            other=found.items[pair.other].key,
            steps=pair.steps,
        )
        for pair in pairs[:_LISTED]
    )


def torn_note(found: Lineage, pairs: Sequence[FramePair]) -> list[str]:
    """Say how near frames of one video in different splits come; nothing when there are none."""
    if not pairs:
        return []
    first = pairs[0]
    one, other = found.items[first.one].key, found.items[first.other].key
    within = sum(pair.steps <= 1 for pair in pairs)
    return [
        f"frames of one video are in different splits: {counted(len(pairs), 'pairs')}, {within:,} "
        f"of them neighbours; the closest are {first.steps:,} apart, {one} and {other}"
    ]


def _series(frames: Sequence[FrameName | None]) -> dict[str, Series]:
    """Return the members of each series, in the order of their numbers."""
    members: dict[str, Series] = {}
    for at, name in enumerate(frames):
        if name is not None:
            members.setdefault(name.series, []).append(at)
    for series in members.values():
        series.sort(key=lambda at: frames[at].number)  # type: ignore[union-attr]
    return members


def _number(found: Lineage, at: int) -> int:
    name = found.frames[at]
    assert name is not None
    return name.number


def _join_runs(found: Lineage, series: Series) -> None:
    run = runs(np.array([_number(found, at) for at in series], np.int64)).tolist()
    for (one, first), (other, second) in zip(
        zip(series, run, strict=True), zip(series[1:], run[1:], strict=True), strict=False
    ):
        if first == second:
            found.link("sequence", one, other)


def _judge_numbered(
    found: Lineage,
    options: LineageOptions,
    names: Sequence[FrameName | None],
    progress: ProgressListener,
) -> None:
    """Take the numbered photos for frames whose neighbours look alike."""
    plain = [name if name is not None and not name.certain else None for name in names]
    candidates: list[list[Series]] = []
    questions: list[list[tuple[int, int]]] = []
    for series in _series(plain).values():
        splits: dict[str | None, Series] = {}
        for at in series:
            splits.setdefault(found.items[at].split, []).append(at)
        parts = list(splits.values())
        numbers = {at: plain[at].number for at in series}  # type: ignore[union-attr]
        if len(parts) > 1:
            # Two folders that both count from 1 are one video only if they interlock.
            candidates.append([series])
            questions.append(_spread(_neighbours(series, numbers, found.items, across=True)))
        candidates.append(parts)
        questions.extend(
            _spread(_neighbours(part, numbers, found.items, across=False)) for part in parts
        )
    answers = iter(_look_alike(found, options, questions, progress))
    for parts in candidates:
        for number, part in enumerate(parts):
            if not next(answers):
                continue
            for at in part:
                name = plain[at]
                assert name is not None
                if found.frames[at] is None:
                    tag = name.series if len(parts) == 1 else f"{name.series}\0{number}"
                    found.frames[at] = FrameName(tag, name.number, certain=False)


def _look_alike(
    found: Lineage,
    options: LineageOptions,
    questions: Sequence[Sequence[tuple[int, int]]],
    progress: ProgressListener,
) -> list[bool]:
    """Tell of each question whether half of its pairs, and two at least, look alike.

    One pair more than half is asked first, spread evenly: when all of these say the same, the
    others cannot change it.
    """
    verdicts: dict[tuple[int, int], bool] = {}

    def ask(pairs: list[tuple[int, int]]) -> None:
        for pair, verdict in compared(found, options, "Compare", pairs, progress):
            verdicts[pair] = verdict.error <= _FRAME_ERROR

    def alike(pairs: Sequence[tuple[int, int]]) -> int:
        return sum(verdicts.get(pair, False) for pair in pairs)

    def is_open(pairs: Sequence[tuple[int, int]]) -> bool:
        first, _ = _halves(pairs)
        return 2 * alike(first) < len(pairs) <= 2 * (alike(first) + len(pairs) - len(first))

    ask([pair for pairs in questions for pair in _halves(pairs)[0]])
    ask([pair for pairs in questions if is_open(pairs) for pair in _halves(pairs)[1]])
    return [len(pairs) >= 2 and 2 * alike(pairs) >= len(pairs) for pairs in questions]


def _halves(
    pairs: Sequence[tuple[int, int]],
) -> tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]]:
    """Return one pair more than half, spread evenly, and the others."""
    if len(pairs) % 2:
        return pairs[::2], pairs[1::2]
    return [*pairs[::2], *pairs[1:2]], pairs[3::2]


def _neighbours(
    series: Series, numbers: dict[int, int], items: Sequence[Item], *, across: bool
) -> list[tuple[int, int]]:
    """Return neighbours of different numbers; ``across``: only those of different splits."""
    return [
        (one, other)
        for one, other in itertools.pairwise(series)
        if numbers[one] != numbers[other] and (not across or items[one].split != items[other].split)
    ]


def _spread(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return at most `_ASKED` pairs, evenly spread."""
    if len(pairs) <= _ASKED:
        return pairs
    return [pairs[at * len(pairs) // _ASKED] for at in range(_ASKED)]


def _join_bursts(found: Lineage, options: LineageOptions, progress: ProgressListener) -> None:
    """Join photos of one camera that were taken within moments and look alike."""
    timed = sorted(_times(found))
    # The next few, not only the next: shots of something else may lie between two of a burst.
    pairs = [
        (one, other)
        for position, (camera, time, one) in enumerate(timed)
        for next_camera, next_time, other in timed[position + 1 : position + 1 + _BURST_REACH]
        if camera == next_camera and next_time - time <= _BURST_SECONDS
    ]
    for (one, other), verdict in compared(found, options, "Compare", pairs, progress):
        if verdict.error <= _BURST_ERROR:
            found.link("sequence", one, other, verdict.error)


def _times(found: Lineage) -> Iterable[tuple[str, float, int]]:
    for at, (item, inspection) in enumerate(zip(found.items, found.inspections, strict=True)):
        if inspection.taken is not None:
            yield (*inspection.taken, at)
        elif (seconds := time_in_name(stem := frame_stem(item))) is not None:
            yield f"named {stem.rpartition('/')[0]}", seconds, at
