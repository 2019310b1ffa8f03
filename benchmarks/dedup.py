"""Finding copies: planted near-duplicates of real photos, many hashes, and the cost of a hash.

python benchmarks/dedup.py planted FOLDER...    # recall and false merges over all photos below
python benchmarks/dedup.py neighbours           # 10,000 within 10 bits, 1,000,000 within 6
python benchmarks/dedup.py hashing FOLDER...    # beside imagededup, where it can be imported
python benchmarks/dedup.py peer                 # imagededup's search, 1,000 to 10,000 hashes
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1]))

from datakit.core.similarity.duplicates import candidates, same_picture
from datakit.core.similarity.hashing import Fingerprint, fingerprint, thumbnail
from datakit.core.similarity.neighbours import pairs_within
from datakit.core.similarity.picture_match import compare
from datakit.io.pixels.decoders import decode_outline, decode_photo
from tests.planted.copies import near_copy

COPIES, CROP = 2, 0.05
SUFFIXES = {".jpg", ".jpeg", ".png"}


def photos(folders: list[str]) -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted(Path(folder).rglob("*"))
        if path.suffix.lower() in SUFFIXES
    ]


def planted(folders: list[str]) -> None:
    """All changes at once on each copy; photos that are copies already show up as merges."""
    rng = np.random.default_rng(4)
    prints: list[Fingerprint] = []
    owner: list[int] = []
    files = photos(folders)
    for number, file in enumerate(files):
        image = decode_photo(file.read_bytes(), file.name)
        views = [image, *(near_copy(image, rng, CROP) for _ in range(COPIES))]
        prints += [fingerprint(thumbnail(view)) for view in views]
        owner += [number] * len(views)
    keys = np.array([one.key for one in prints], np.uint64)
    probes = np.concatenate([one.probes for one in prints])
    owners = np.repeat(np.arange(len(prints)), [len(one.probes) for one in prints])
    found, merges = set(), set()
    near = candidates(keys, probes, owners)
    for left, right in zip(near.left.tolist(), near.right.tolist(), strict=True):
        if same_picture(compare(prints[left].thumbnail, prints[right].thumbnail)):
            if owner[left] == owner[right]:
                found.add((left, right))
            else:
                merges.add((owner[left], owner[right]))
    step = COPIES + 1
    wanted = [(n, n + k) for n in range(0, len(prints), step) for k in range(1, step)]
    hits = sum(pair in found for pair in wanted)
    print(f"{len(files)} photos, {len(wanted)} copies: recall {hits / len(wanted):.4f} (bar 0.98)")
    print(f"{len(near):,} candidates compared, merges of two photos (bar 0): {len(merges)}")
    for one, other in sorted(merges):
        print(f"  {files[one].name} = {files[other].name}")


def some_hashes(count: int) -> npt.NDArray[np.uint64]:
    """Random hashes, one in twenty of them near another."""
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, count, dtype=np.uint64)
    for n in range(count // 20):
        flips = rng.choice(64, int(rng.integers(0, 7)), replace=False)
        hashes[count - 1 - n] = hashes[n] ^ np.uint64(sum(1 << int(bit) for bit in flips))
    return hashes


def neighbours() -> None:
    for count, radius, bar in ((10_000, 10, "0.5 s"), (1_000_000, 6, "180 s, 4 GiB")):
        hashes = some_hashes(count)
        start, cpu = time.perf_counter(), time.process_time()
        pairs = pairs_within(hashes, radius)
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{count:,} within {radius}: {len(pairs):,} pairs, {wall:.2f} s wall, {cpu:.2f} s CPU, "
            f"peak {peak:.0f} MiB (bar {bar})"
        )


def imagededup_hashing() -> Any:
    """Its hashing module alone: the CNN part wants torchvision, which hashing does not use."""
    for name in ("torchvision", "torchvision.transforms", "torchvision.models"):
        sys.modules[name] = MagicMock(spec=ModuleType)
    for name in ("imagededup.methods.cnn", "imagededup.utils.models"):
        sys.modules[name] = MagicMock()
    from imagededup.methods.hashing import PHash

    return PHash(verbose=False)


def cpu_ms(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return 1e3 * (time.process_time() - start)


def hashing(folders: list[str]) -> None:
    """Median over the photos of a folder; from the file, and from decoded pixels."""
    peer = imagededup_hashing()
    for folder in folders:
        rows = []
        for path in photos([folder])[:20]:
            data = path.read_bytes()
            image = decode_photo(data, path.name)
            jobs: list[Callable[[], object]] = [
                lambda path=path: peer.encode_image(image_file=str(path)),
                lambda data=data, path=path: fingerprint(
                    thumbnail(decode_outline(data, path.name, side_px=128))
                ),
                lambda image=image: peer.encode_image(image_array=image),
                lambda image=image: fingerprint(thumbnail(image)),
            ]
            rows.append([float(np.median([cpu_ms(job) for _ in range(5)])) for job in jobs])
        theirs, ours, theirs_pixels, ours_pixels = np.median(rows, axis=0)
        print(
            f"{Path(folder).name}: file {theirs:.2f} -> {ours:.2f} ms, {theirs / ours:.1f}x; "
            f"decoded {theirs_pixels:.2f} -> {ours_pixels:.2f} ms, "
            f"{theirs_pixels / ours_pixels:.1f}x (bar 5x)"
        )


def peer() -> None:
    theirs = imagededup_hashing()
    for count in (1_000, 3_000, 10_000):
        hashes = some_hashes(count)
        texts = {str(n): f"{int(value):016x}" for n, value in enumerate(hashes)}
        start = time.perf_counter()
        theirs.find_duplicates(
            encoding_map=texts,
            max_distance_threshold=10,
            search_method="bktree",
            num_dist_workers=0,
        )
        slow = time.perf_counter() - start
        start = time.perf_counter()
        pairs_within(hashes, 10)
        fast = time.perf_counter() - start
        print(f"{count:,} within 10: {slow:.2f} s -> {fast:.3f} s, {slow / fast:.0f}x", flush=True)


def main() -> None:
    cv2.setNumThreads(1)
    what, *folders = sys.argv[1:] or ["neighbours"]
    if what in ("planted", "hashing"):
        {"planted": planted, "hashing": hashing}[what](folders)
    else:
        {"neighbours": neighbours, "peer": peer}[what]()


if __name__ == "__main__":
    main()
