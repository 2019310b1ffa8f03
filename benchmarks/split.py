"""Splitting a manifest of a million rows: time and memory, and that no group is torn.

python benchmarks/split.py [ROWS]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import measure
import msgspec
import numpy as np

from datakit.records.card import Card
from datakit.records.sample import Operation, Sample, Source

BAR_S, BAR_MB = 60.0, 4096.0


def write_dataset(folder: Path, count: int) -> None:
    """A dataset of rows alone: groups of 1 to 20, classes, foreground shares, a history."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(count), rng.integers(1, 21, count))[:count]
    ratios = rng.uniform(0.05, 0.9, count).round(6)
    step = Operation(verb="coco2mask", version="0.1.0", params='{"kind":"binary"}')
    encoder = msgspec.json.Encoder()
    folder.mkdir()
    with (folder / "metadata.jsonl").open("wb") as handle:
        for n in range(count):
            name = f"train/images/photo_{groups[n]:07}_{n:07}.jpg"
            sample = Sample(
                id=f"train/photo_{groups[n]:07}_{n:07}.jpg",
                file_name=name,
                mask_file_name=name.replace("images", "masks").replace(".jpg", ".png"),
                width=640,
                height=640,
                split="train",
                group=f"photo_{groups[n]:07}",
                source=Source(name=name, sha256=f"{n:064x}"),
                categories=("person",) if n % 3 else ("person", "hat"),
                fg_ratio=float(ratios[n]),
                history=(step,),
            )
            handle.write(encoder.encode(sample) + b"\n")
    (folder / "dataset.json").write_bytes(msgspec.json.encode(Card(counts={"samples": count})))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as work:
        source, out = Path(work, "source"), Path(work, "out")
        write_dataset(source, count)
        base = [sys.executable, "-m", "datakit", "split", str(source), "-o", str(out)]
        options = ["--val", "0.15", "--seed", "7", "--duplicates", "off", "--stem", "trust"]
        strata = ["--stratify", "class,fg_ratio:5", "--materialize", "none", "-q"]
        cost = measure.run([*base, *options, *strata])
        splits: dict[str, set[str]] = {}
        sizes: dict[str, int] = {}
        for line in (out / "metadata.jsonl").open("rb"):
            row = msgspec.json.decode(line, type=Sample)
            splits.setdefault(str(row.group), set()).add(str(row.split))
            sizes[str(row.split)] = sizes.get(str(row.split), 0) + 1
        torn = sum(len(found) > 1 for found in splits.values())
    print(f"{count:,} rows, {len(splits):,} groups: {cost.wall_s:.1f} s wall (bar {BAR_S:.0f}), ")
    print(f"{cost.cpu_s:.1f} s CPU, peak {cost.rss_mb:,.0f} MB (bar {BAR_MB:,.0f}), torn: {torn}")
    print(f"sizes {sizes}, val is off its target by {sizes['val'] - 0.15 * count:+,.0f}")


if __name__ == "__main__":
    main()
