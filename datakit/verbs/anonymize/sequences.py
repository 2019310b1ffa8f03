"""What the frames of a video, or the shots of a burst, tell of each other's faces."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from datakit.core.faces.neighbours import Expected, Sighting, expected_faces
from datakit.core.similarity.picture_match import is_same_view
from datakit.core.splitting.sequences import frame_name, time_in_name
from datakit.engine.base import LazyTask, ordered_map
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.verbs.anonymize.options import Options
from datakit.verbs.shared.lineage import Lineage
from datakit.verbs.shared.lineage_options import LineageOptions
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.shared.sequences import find_frames, frame_stem
from datakit.verbs.shared.tracing import fingerprint_all

REACH = 2
"""How many frames before and after a photo are its neighbours."""

_SEARCH = "datakit.verbs.anonymize.face_search:FindFaces"


def expected_by_neighbours(
    options: Options, source: Collection, progress: ProgressListener | None
) -> Mapping[str, tuple[Expected, ...]]:
    """Return the faces that each frame lacks and its neighbours show; others have no entry.

    Sequences are what ``split`` takes for one (`datakit.verbs.shared.sequences`). All of their
    frames are searched first, and what a frame is expected to show is decided from that alone: it
    does not depend on the order of the work.

    Parameters
    ----------
    options : Options
    source : Collection
    progress : ProgressListener, optional
        Where progress is reported.
    """
    progress = progress or SilentProgress()
    candidates = _candidates(sorted(source.items(), key=lambda item: item.key))
    if not candidates:
        return {}
    asked = LineageOptions(
        src=options.src,
        workers=options.workers,
        engine=options.engine,
        ray_address=options.ray_address,
        max_memory=options.max_memory,
    )
    frames = fingerprint_all(candidates, asked, measure=False, progress=progress)
    find_frames(frames, asked, progress)
    before, after = _neighbours(frames)
    chosen = [item for item in frames.items if item.key in before or item.key in after]
    if not chosen:
        return {}
    seen = _sightings(chosen, options, progress)

    def of(keys: Sequence[str]) -> list[tuple[str, Sequence[Sighting]]]:
        return [(key, seen.get(key, ())) for key in keys]

    found = {key: expected_faces(own, of(before[key]), of(after[key])) for key, own in seen.items()}
    return {key: expected for key, expected in found.items() if expected}


def _candidates(items: Sequence[Item]) -> list[Item]:
    """Return the items whose names are numbered in a row or tell a time: few sets have others."""
    stems = [frame_stem(item) for item in items]
    names = [frame_name(stem) for stem in stems]
    sizes = Counter(name.series for name in names if name is not None)
    timed = [time_in_name(stem) is not None for stem in stems]
    return [
        item
        for item, name, is_timed in zip(items, names, timed, strict=True)
        if item.image is not None
        and ((name is not None and sizes[name.series] > 1) or (is_timed and sum(timed) > 1))
    ]


def _neighbours(
    frames: Lineage,
) -> tuple[defaultdict[str, list[str]], defaultdict[str, list[str]]]:
    """Return the keys before and after each frame that show the same view, nearest first."""
    thumbnails = {
        item.key: inspection.print.thumbnail
        for item, inspection in zip(frames.items, frames.inspections, strict=True)
    }
    following: defaultdict[str, list[str]] = defaultdict(list)
    for link in frames.links:
        if link.reason == "sequence":
            following[link.one].append(link.other)
    before: defaultdict[str, list[str]] = defaultdict(list)
    after: defaultdict[str, list[str]] = defaultdict(list)
    for step in range(1, REACH + 1):
        for key in list(following):
            for other in _at_step(following, key, step):
                if is_same_view(thumbnails[key], thumbnails[other]):
                    after[key].append(other)
                    before[other].append(key)
    return before, after


def _at_step(following: Mapping[str, Sequence[str]], key: str, steps: int) -> Iterator[str]:
    """Yield the frames that come so many links after a frame and no fewer."""
    reached, front = {key}, [key]
    for _ in range(steps):
        front = sorted({other for one in front for other in following.get(one, ())} - reached)
        reached.update(front)
    yield from front


def _sightings(
    items: Sequence[Item], options: Options, progress: ProgressListener
) -> dict[str, tuple[Sighting, ...]]:
    """Search each frame; one that cannot be read shows nothing here, and fails when its turn comes.

    So does it lack nothing.
    """
    params = {
        "detectors": options.detectors,
        "threshold": options.threshold,
        "weights": options.weights,
    }
    seen, failed = {}, 0
    progress.begin(len(items), "look at sequences")
    try:
        engine = options.make_engine()
        with closing(ordered_map(engine, LazyTask(_SEARCH, params), items)) as outcomes:
            for outcome in outcomes:
                if outcome.value is None:
                    failed += 1
                else:
                    seen[outcome.key] = outcome.value
                progress.advance(failed)
    finally:
        progress.end()
    return seen
