"""Speed of `datakit coco2mask` against the other ways, and that its masks are the right ones.

    python benchmarks/coco2mask.py [--images 1000] [--rounds 5] [--work DIR]

Makes an export of 640x640 JPEGs with 1-3 person-like polygons of 40-200 points, then runs every
contender in turn, each in a process of its own (start and imports included), round after round.
Prints a Markdown table of medians, ratios to pycocotools + cv2.imwrite, and the checks. "Start" is
the same run on 4 images: interpreter, imports, workers. "CPU ms an image" is what is left.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from coverage_truth import agreement, supersampled
from measure import Cost, median, run
from numpy.typing import NDArray
from synthetic import make_export

HERE = Path(__file__).parent
FEW = 4
BASE = "pycocotools annToMask + cv2.imwrite"


def datakit(workers: int, kind: str = "binary") -> list[str]:
    """Return the command line of one datakit contender, SRC and DST missing."""
    return [
        *(sys.executable, "-m", "datakit", "coco2mask", "{src}", "-o", "{out}"),
        *("--kind", kind, "--workers", str(workers), "--images", "none", "-q"),
    ]


def peer(name: str) -> list[str]:
    """Return the command line of one peer."""
    return [sys.executable, str(HERE / "coco2mask_peers.py"), name, "{src}", "{out}"]


CONTENDERS = {
    "datakit, 1 worker": datakit(1),
    "datakit, 2 workers": datakit(2),
    "datakit, in this process (--workers 0)": datakit(0),
    "datakit coverage (soft alpha), 1 worker": datakit(1, "coverage"),
    "the notebook (wrong pixels)": peer("notebook"),
    BASE: peer("pycocotools"),
    "supervision from_coco(force_masks=True)": peer("supervision"),
    "floor: parse, fillPoly, PNG, write": peer("floor"),
}


def masks_of(out: Path) -> dict[str, NDArray[np.uint8]]:
    """Read every mask below a folder, by stem."""
    folder = out / "masks" if (out / "masks").is_dir() else out
    return {
        path.stem: cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in folder.rglob("*.png")
    }


def table(costs: dict[str, list[Cost]], starts: dict[str, list[Cost]], images: int) -> str:
    """Return the Markdown table, one row a contender."""
    base = median(costs[BASE])
    lines = [
        "| contender | images/s | wall s | CPU s | peak RSS MB | wall, x faster | CPU, x less "
        "| start CPU s | CPU ms an image |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, each in costs.items():
        cost, start = median(each), median(starts[name])
        each_ms = (cost.cpu_s - start.cpu_s) / (images - FEW) * 1e3
        lines.append(
            f"| {name} | {images / cost.wall_s:.0f} | {cost.wall_s:.2f} | {cost.cpu_s:.2f} "
            f"| {cost.rss_mb:.0f} | {base.wall_s / cost.wall_s:.2f} "
            f"| {base.cpu_s / cost.cpu_s:.2f} | {start.cpu_s:.2f} | {each_ms:.2f} |"
        )
    return "\n".join(lines)


def check_identity(outs: dict[str, Path]) -> None:
    """Say for each contender on how many images its mask equals pycocotools' to the bit."""
    truth = masks_of(outs[BASE])
    for name, out in outs.items():
        if name == BASE or "coverage" in name:
            continue
        masks = masks_of(out)
        if masks.keys() != truth.keys():
            sys.exit(f"{name}: {len(masks)} masks, pycocotools has {len(truth)}")
        equal = sum(np.array_equal(masks[key], truth[key]) for key in truth)
        ious = [
            ((masks[key] > 0) & (truth[key] > 0)).sum()
            / ((masks[key] > 0) | (truth[key] > 0)).sum()
            for key in truth
        ]
        print(f"- {name}: {equal} of {len(truth)} masks bit-identical, "
              f"mean IoU {statistics.fmean(ious):.5f}")  # fmt: skip


def check_coverage(export: Path, out: Path, sample: int) -> None:
    """Compare coverage masks with 16x supersampling on the first images."""
    masks = masks_of(out)
    scores = [
        agreement(masks[Path(name).stem], truth)
        for name, truth in supersampled(export / "train/_annotations.coco.json", sample)
    ]
    print(f"- coverage against 16x supersampling, {len(scores)} images: "
          f"mean {statistics.fmean(scores):.6f}, lowest {min(scores):.6f}")  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--coverage-sample", type=int, default=40)
    parser.add_argument("--only", nargs="*", default=[], help="words: contenders to run")
    parser.add_argument("--work", type=Path, help="folder for the files (default: a temporary one)")
    args = parser.parse_args()
    chosen = {
        name: command
        for name, command in CONTENDERS.items()
        if name == BASE or not args.only or any(word in name for word in args.only)
    }
    with tempfile.TemporaryDirectory(dir=args.work) as folder:
        export = make_export(Path(folder) / "export", args.images)
        few = make_export(Path(folder) / "few", FEW)
        costs: dict[str, list[Cost]] = {name: [] for name in chosen}
        starts: dict[str, list[Cost]] = {name: [] for name in chosen}
        outs = {name: Path(folder) / f"out{index}" for index, name in enumerate(chosen)}
        for _ in range(args.rounds):
            for name, command in chosen.items():
                for source, kept in ((few, starts), (export, costs)):
                    shutil.rmtree(outs[name], ignore_errors=True)
                    filled = [part.format(src=source, out=outs[name]) for part in command]
                    kept[name].append(run(filled))
        print(f"{args.images} images of 640x640, medians of {args.rounds} alternating rounds\n")
        print(table(costs, starts, args.images) + "\n")
        check_identity(outs)
        for name, out in outs.items():
            if "coverage" in name:
                check_coverage(export, out, args.coverage_sample)


if __name__ == "__main__":
    main()
