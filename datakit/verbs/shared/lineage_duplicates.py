"""Samples joined by the similarity of their pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from datakit.core.similarity.duplicates import candidates
from datakit.core.splitting.grouping import components, forest
from datakit.engine.base import LazyTask, Outcome, ordered_map
from datakit.engine.local import LocalEngine
from datakit.verbs.shared.lineage import Lineage, join_equal
from datakit.verbs.shared.lineage_options import LineageOptions
from datakit.verbs.shared.near_duplicates import PairItem, Verdict
from datakit.verbs.shared.progress import ProgressListener

WORTH_WORKERS = 300
"""Comparisons that are worth the start of workers, whose libraries have one thread each."""


def join_duplicates(found: Lineage, options: LineageOptions, progress: ProgressListener) -> None:
    """Join near-duplicates: candidates by hash, confirmed by their thumbnails."""
    prints = [inspection.print for inspection in found.inspections]
    keys = np.array([entry.key for entry in prints], np.uint64)
    counts = [len(entry.probes) for entry in prints]
    owners = np.repeat(np.arange(len(prints)), counts)
    probes = np.concatenate([entry.probes for entry in prints])
    pairs = candidates(keys, probes, owners, options.radius)
    left, right = pairs.left, pairs.right
    videos = [name.series if name else None for name in found.frames]
    code = {name: number for number, name in enumerate(dict.fromkeys(videos))}
    video = np.array([code[name] if name else -1 for name in videos], np.int64)
    # Frames are compared among themselves, so that --video apart does not let one frame that is
    # kept apart stand in the way of a copy of it elsewhere.
    frames = (video[left] == video[right]) & (video[left] >= 0) & (options.video == "apart")
    exact = _join_exact(found, options, (left, right), progress)
    similar_frames = 0
    for chosen, apart in ((~frames, False), (frames, True)):
        one, other = left[chosen], right[chosen]
        label = components(len(prints), *_ends(found.joined))
        seen: list[tuple[int, int]] = []
        while len(one):
            at = forest(label, one, other)
            if not len(at) or options.duplicates == "exact":
                break
            asked = list(zip(one[at].tolist(), other[at].tolist(), strict=True))
            for pair, verdict in compared(found, options, "Compare", asked, progress):
                if verdict.same and apart:
                    found.link("frames", *pair, verdict.error)
                    seen.append(pair)
                    similar_frames += 1
                elif verdict.same:
                    found.link("near", *pair, verdict.error)
                    seen.append(pair)
            keep = np.ones(len(one), np.bool_)
            keep[at] = False
            one, other = one[keep], other[keep]
            label = components(len(prints), *_ends(found.joined + seen))
    if similar_frames:
        names = ", ".join(sorted({str(videos[a]) for a in left[frames].tolist()})[:3])
        found.notes.append(
            f"{similar_frames:,} similar frames of one video ({names}) count as different photos; "
            "--video similar keeps them together, --video whole keeps each video together"
        )
    if exact:
        found.close()


def _ends(pairs: Sequence[tuple[int, int]]) -> tuple[Any, Any]:
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _join_exact(
    found: Lineage, options: LineageOptions, pairs: tuple[Any, Any], progress: ProgressListener
) -> int:
    """Join pictures with equal pixels; only those whose thumbnails are equal are decoded whole."""
    thumbs = found.inspections
    suspects: set[int] = set()
    for one, other in zip(*(side.tolist() for side in pairs), strict=True):
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
    task = LazyTask("datakit.verbs.shared.near_duplicates:DigestPixels", {})
    items = [found.items[at] for at in chosen]
    digests: list[str | None] = [None] * len(found.items)
    for at, outcome in zip(chosen, _answers(options, task, items, progress), strict=True):
        digests[at] = outcome.value
    before = len(found.joined)
    join_equal(found, "exact", digests)
    return len(found.joined) - before


def compared(
    found: Lineage,
    options: LineageOptions,
    task: str,
    pairs: Sequence[tuple[int, int]],
    progress: ProgressListener,
) -> Iterator[tuple[tuple[int, int], Verdict]]:
    """Yield the verdict of each pair whose files could be read."""
    lazy = LazyTask(f"datakit.verbs.shared.near_duplicates:{task}", {})
    items = list(_pair_items(found, pairs))
    for pair, outcome in zip(pairs, _answers(options, lazy, items, progress), strict=True):
        if outcome.value is not None:
            yield pair, outcome.value


def _answers(
    options: LineageOptions, task: LazyTask, items: Sequence[Any], progress: ProgressListener
) -> Iterator[Outcome[Any]]:
    """Yield what a task says of each item: of few in this process, of many in workers."""
    if len(items) < WORTH_WORKERS:
        with closing(ordered_map(LocalEngine(0), task, items)) as outcomes:
            yield from outcomes
        return
    progress.begin(len(items), "compare")
    failed = 0
    try:
        with closing(ordered_map(options.make_engine(), task, items)) as outcomes:
            for outcome in outcomes:
                failed += outcome.value is None
                progress.advance(failed)
                yield outcome
    finally:
        progress.end()


def _pair_items(found: Lineage, pairs: Sequence[tuple[int, int]]) -> Iterator[PairItem]:
    for one, other in pairs:
        left, right = found.items[one].image, found.items[other].image
        assert left is not None
        assert right is not None
        yield PairItem(
            f"{one} {other}",
            found.inspections[one].print.thumbnail.tobytes(),
            found.inspections[other].print.thumbnail.tobytes(),
            left,
            right,
        )
