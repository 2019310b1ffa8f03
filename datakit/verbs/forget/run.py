"""``forget``: find a photo and all that was made of it, and write datasets without them."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import msgspec

from datakit.core.images.contact_sheet import contact_sheet
from datakit.engine.base import LazyTask, ordered_map
from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection, Derived, open_sources
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_small_photo
from datakit.io.store import atomic
from datakit.io.store.reads import sha256
from datakit.io.store.storage import location
from datakit.io.tables import csv_rows, jsonl
from datakit.records.base import Record
from datakit.records.failure import Failure
from datakit.records.removal import Found, Removal, Removed
from datakit.records.training import SAMPLES
from datakit.verbs.forget.faces import Vectors, showing, wanted_faces
from datakit.verbs.forget.options import VERB, Cleared, Options
from datakit.verbs.forget.signature import check_key, sign
from datakit.verbs.forget.task import Query, SearchResult, query_of
from datakit.verbs.shared.options import existing_inputs
from datakit.verbs.shared.progress import ProgressListener, SilentProgress, note_source
from datakit.verbs.split import write

FOUND, SHEET, REMOVED = "found.csv", "found.png", "removed.jsonl"
_TILE_PX = 200
_SHOWN = 48


@dataclass(frozen=True)
class _Searched:
    """One dataset, and what was seen of its samples."""

    path: str
    name: str
    source: Collection
    items: list[Item]
    seen: list[SearchResult]


def run(options: Options, progress: ProgressListener | None = None) -> Removal:
    """Find a photo, its copies, crops and descendants in datasets, and write these without them.

    Parameters
    ----------
    options : Options
        Where to look, what must go, and what to do.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Removal

    Raises
    ------
    InputError
        If a photo or a source cannot be read, or DST must not be written.
    """
    progress = progress or SilentProgress()
    if options.sign_key is not None:
        check_key(options.sign_key)
    queries, digests = _queries(options)
    wanted = wanted_faces(options, progress) if options.face else None
    sources = [
        note_source(open_sources((path,), layout=options.layout), progress) for path in options.src
    ]
    if options.out and not (options.apply and options.mode != "new"):
        # With --apply each dataset in DST is its own, and is resumed or replaced as such.
        origins = tuple(map(location, options.src))
        output.check_target(location(options.out), options.mode, origins, existing_inputs(options))
    sets, failures = [], []
    unread: list[str] = []
    for path, name, source in zip(options.src, _names(options.src), sources, strict=True):
        found, failed = _search(options, path, name, source, queries, digests, progress)
        if wanted is not None:
            _mark_people(options, found, wanted, progress, unread)
        sets.append(found)
        failures += [*source.failures, *failed]
    _follow_lineage(sets)
    hits = [
        Found(
            dataset=one.path,
            id=item.key,
            file=item.source_name,
            reason=seen.reason,
            likeness=seen.score,
        )
        for one in sets
        for item, seen in zip(one.items, one.seen, strict=True)
        if seen.reason is not None
    ]
    models = {path: count for path in options.models if (count := _learnt(path, hits))}
    result = Removal(
        out=options.out or None,
        counts={"looked at": sum(len(one.items) for one in sets), **_reasons(hits)},
        found=tuple(hits),
        models=models,
        failures=tuple(failures),
        notes=(*_notes(options, sets, models), *unread),
    )
    if options.out and not options.dry_run:
        result = _write(options, sets, result, digests, progress)
    return result


def _queries(options: Options) -> tuple[tuple[Query, ...], frozenset[str]]:
    queries, digests = [], set(options.sha256)
    for path in options.photo:
        file = location(path)
        if not file.is_file():
            raise InputError(f"--photo {path}: expected a photo, found no such file")
        data = file.read_bytes()
        queries.append(query_of(data, path))
        digests.add(sha256(data))
    for path in options.face:
        file = location(path)
        if not file.is_file():
            raise InputError(f"--face {path}: expected a photo, found no such file")
        digests.add(sha256(file.read_bytes()))
    return tuple(queries), frozenset(digests)


def _names(paths: Sequence[str]) -> list[str]:
    """Return a folder name for each dataset, no two of them equal."""
    names = [location(path).resolve().name.partition(".")[0] or "dataset" for path in paths]
    return [
        name if names.count(name) == 1 else f"{name}-{names[: at + 1].count(name)}"
        for at, name in enumerate(names)
    ]


def _search(
    options: Options,
    path: str,
    name: str,
    source: Collection,
    queries: tuple[Query, ...],
    digests: frozenset[str],
    progress: ProgressListener,
) -> tuple[_Searched, list[Failure]]:
    """Search every sample of a dataset; what cannot be read stays out of the result."""
    params = {"queries": queries, "digests": digests}
    task = LazyTask("datakit.verbs.forget.task:Search", params)
    everything = list(source.items())
    kept: list[Item] = []
    seen: list[SearchResult] = []
    failures: list[Failure] = []
    progress.begin(len(everything), "look")
    try:
        with closing(ordered_map(options.make_engine(), task, everything)) as outcomes:
            for item, outcome in zip(everything, outcomes, strict=True):
                if outcome.value is None:
                    error = str(outcome.error)
                    failures.append(
                        Failure(id=item.key, file=item.source_name, step="look", error=error)
                    )
                else:
                    kept.append(item)
                    seen.append(outcome.value)
                progress.advance(len(failures))
    finally:
        progress.end()
    return _Searched(path, name, source, kept, seen), failures


def _mark_people(
    options: Options, one: _Searched, wanted: Vectors, progress: ProgressListener, notes: list[str]
) -> None:
    """Mark the samples that show a wanted face and are not found already."""
    waiting = [
        at for at, item in enumerate(one.items) if item.image and one.seen[at].reason is None
    ]
    items = [one.items[at] for at in waiting]
    shown = showing(items, wanted, options, progress, notes)
    for at, value in zip(waiting, shown, strict=True):
        if value is not None:
            one.seen[at] = replace(one.seen[at], reason="person", score=value)


def _follow_lineage(sets: Sequence[_Searched]) -> None:
    """Mark what the records say was made from a found sample, in all datasets, and its originals.

    Samples are one family by their source file's sha256, and by their parents' ids within a
    dataset; a name alone is no proof, as two photos can share it.
    """
    while True:
        digests = {
            digest
            for one in sets
            for item, seen in zip(one.items, one.seen, strict=True)
            if seen.reason is not None
            for digest in _identities(item, seen)
        }
        more = 0
        for one in sets:
            families = _families(one)
            for at, (item, seen) in enumerate(zip(one.items, one.seen, strict=True)):
                if seen.reason is not None:
                    continue
                if item.key in families or digests & _identities(item, seen):
                    one.seen[at] = replace(seen, reason="lineage")
                    more += 1
        if not more:
            return


def _identities(item: Item, seen: SearchResult) -> set[str]:
    source = item.sample.source.sha256 if item.sample else None
    return {digest for digest in (seen.sha256, source) if digest}


def _families(one: _Searched) -> set[str]:
    """Return the ids of the children and parents of what was found in a dataset."""
    found = {
        item.key for item, seen in zip(one.items, one.seen, strict=True) if seen.reason is not None
    }
    related: set[str] = set()
    lost_parents = set()
    for item in one.items:
        parent = item.sample.parent if item.sample else None
        if parent is None:
            continue
        if parent in found:
            related.add(item.key)
        if item.key in found:
            lost_parents.add(parent)
    # Copies of an original that is not in the dataset are one family, too.
    for item in one.items:
        parent = item.sample.parent if item.sample else None
        if item.key in lost_parents or parent in lost_parents:
            related.add(item.key)
    return related


class _Learnt(Record, frozen=True):
    """One line of a model's list of samples."""

    id: str
    side: str


def _learnt(path: str, hits: Sequence[Found]) -> int:
    """Return how many of the found samples a model was trained on, by its own record."""
    file = location(path) / SAMPLES
    if not file.is_file():
        raise InputError(f"--models {path}: expected a folder that train wrote, with {SAMPLES}")
    ids = {hit.id for hit in hits}
    return sum(row.id in ids for row in jsonl.read(file, _Learnt))


def _reasons(hits: Sequence[Found]) -> dict[str, int]:
    return {"found": len(hits), **Counter(hit.reason for hit in hits)}


def _notes(options: Options, sets: Sequence[_Searched], models: dict[str, int]) -> tuple[str, ...]:
    notes = [
        f"{path} learnt from {count:,} of them, by the ids in its record; train it again"
        for path, count in models.items()
    ]
    if not options.photo and not options.face:
        notes.append(
            "without --photo only equal files and what records say is found: no copies by looks"
        )
    shards = [one.path for one in sets if _is_shards(one)]
    if shards:
        notes.append(
            f"judged by their records alone, as their pictures are not there: {', '.join(shards)}; "
            "export them again from a dataset without what was found"
        )
    foreign = [one.path for one in sets if one.source.formats != ("datakit",)]
    if options.apply and foreign:
        notes.append(
            f"written as datasets, to be exported again: {', '.join(foreign)}; the sources are "
            "never touched, delete them yourself"
        )
    return tuple(notes)


def _is_shards(one: _Searched) -> bool:
    """Tell whether a source has records of samples and no pictures of their own."""
    return bool(one.items) and all(item.image is None for item in one.items)


def _write(
    options: Options,
    sets: Sequence[_Searched],
    result: Removal,
    digests: frozenset[str],
    progress: ProgressListener,
) -> Removal:
    """Write the report, or with ``--apply`` the datasets and the list of digests."""
    out = location(options.out)
    if not options.apply:
        bare = Cleared(src=options.src, out=options.out, overwrite=options.overwrite)

        def report() -> None:
            rows = [msgspec.structs.asdict(hit) for hit in result.found]
            atomic.write_bytes(out / FOUND, csv_rows.records(rows))
            if any(not _is_shards(one) and any(s.reason for s in one.seen) for one in sets):
                atomic.write_bytes(out / SHEET, _sheet(sets))

        write.claim_report(VERB, bare, result.failures, result.counts, report)
        return result
    removed = _digest_list(sets)
    # Before anything is written: a key that does not work costs nothing.
    signature = sign(removed, options.sign_key) if options.sign_key is not None else None
    counts = dict(result.counts)
    for one in (one for one in sets if not _is_shards(one)):
        counts[f"left in {one.name}"] = _write_one(options, one, digests, progress)
    atomic.write_bytes(out / REMOVED, removed)
    atomic.write_bytes(out / f"{REMOVED}.sha256", f"{sha256(removed)}  {REMOVED}\n".encode())
    if signature is not None:
        atomic.write_bytes(out / f"{REMOVED}.sig", signature)
    return msgspec.structs.replace(result, applied=True, counts=counts)


def _write_one(
    options: Options, one: _Searched, digests: frozenset[str], progress: ProgressListener
) -> int:
    """Write a dataset without what was found; return how many samples are left."""
    gone = [item for item, seen in zip(one.items, one.seen, strict=True) if seen.reason]
    stay = [item for item, seen in zip(one.items, one.seen, strict=True) if not seen.reason]
    names = {PurePosixPath(item.rel).with_suffix("").as_posix() for item in gone}
    names |= {item.group for item in gone if item.group}
    renamed: dict[str, str] = {}
    for item in stay:
        if item.group in names:
            # A group that is named after a photo that is gone would keep its name.
            plain = PurePosixPath(item.rel).with_suffix("").as_posix()
            renamed.setdefault(str(item.group), plain)
    stay = [
        replace(item, group=renamed[item.group]) if item.group in renamed else item for item in stay
    ]
    chosen = Derived(one.source, lambda: iter(stay), len(stay), ()).collection()
    target = location(options.out) / one.name
    begun = target.exists()
    bare = Cleared(
        src=(one.path,),
        out=str(target),
        layout=options.layout,
        workers=options.workers,
        engine=options.engine,
        ray_address=options.ray_address,
        resume=options.resume and begun,
        overwrite=options.overwrite and begun,
        strict=options.strict,
    )
    # What decided is in no record but as a digest of digests: enough to resume only the same run.
    decided_by = (hashlib.sha256("".join(sorted(digests)).encode()).hexdigest(),)
    write.materialize(VERB, bare, chosen, "copy", progress, lambda writer: None, decided_by)
    return len(stay)


def _digest_list(sets: Sequence[_Searched]) -> bytes:
    """Return what is removed as JSON lines: digest and reason, in the order of the digests."""
    reasons: dict[str, Removed] = {}
    for one in sets:
        for seen in one.seen:
            if seen.reason is not None and seen.sha256 is not None:
                reasons.setdefault(seen.sha256, Removed(sha256=seen.sha256, reason=seen.reason))
    return b"".join(msgspec.json.encode(reasons[key]) + b"\n" for key in sorted(reasons))


def _sheet(sets: Sequence[_Searched]) -> bytes:
    """Draw what was found, the plainest reasons first."""
    by_reason: dict[str, list[tuple[Item, SearchResult]]] = defaultdict(list)
    for one in sets:
        for item, seen in zip(one.items, one.seen, strict=True):
            if seen.reason is not None and item.image is not None:
                by_reason[seen.reason].append((item, seen))
    order = ("file", "pixels", "near", "window", "person", "source", "lineage")
    found = [pair for reason in order for pair in by_reason[reason]]
    tiles, captions = [], []
    for item, seen in found[:_SHOWN]:
        assert item.image is not None
        tiles.append(decode_small_photo(item.image.read(), item.image.name, side_px=_TILE_PX))
        score = "" if seen.score is None else f" {seen.score:.2f}"
        captions.append(f"{item.key}\n{seen.reason}{score}")
    title = f"{len(tiles)} of {len(found)} samples that must go"
    return images.encode_png(contact_sheet(tiles, captions, title=title, tile_px=_TILE_PX))
