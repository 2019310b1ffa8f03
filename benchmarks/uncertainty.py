"""Does the queue of `prelabel` begin with the drafts that are wrong; how good are the drafts?

    python benchmarks/uncertainty.py --pairs ppm100/image ppm100/alpha \
        --pairs people/photos people/masks \
        --model u2netp --weights u2netp.onnx [--tta flip] [--second NAME] [--keep DST]

Each --pairs names a folder of photos and a folder of true masks or alphas with the same stems. The
photos are drafted with `prelabel`; a draft is compared with its truth at the truth's size (the
alpha enlarged bilinearly, both thresholded at one half). Printed: IoU of each pair of folders,
whole and the first 40 by name; over all photos the rank correlation of uncertainty and 1 - IoU,
and how many of the drafts below IoU 0.8 are among the most uncertain 20 %, for the queue and
each measure.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

import cv2
import numpy as np
from scipy.stats import spearmanr

import datakit
from datakit.core.metrics.mask_metrics import iou
from datakit.io.tables import jsonl
from datakit.records.draft import Draft, Queued

REVIEWED = 0.2
BAD_IOU = 0.8


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", nargs=2, action="append", required=True, type=Path)
    parser.add_argument("--model", default="u2netp")
    parser.add_argument("--weights", action="append", default=[])
    parser.add_argument("--tta", default="none")
    parser.add_argument("--second")
    parser.add_argument("--keep", type=Path, help="draft here, or read the drafts that are here")
    return parser.parse_args()


def gathered(pairs: list[list[Path]], folder: Path) -> dict[str, tuple[int, Path]]:
    """Copy all photos into one folder; return its file -> (number of the pair, truth)."""
    found = {}
    for number, (photos, truths) in enumerate(pairs):
        by_stem = {path.stem: path for path in truths.iterdir()}
        for path in sorted(photos.iterdir()):
            if path.stem in by_stem:
                name = f"{number}-{path.name}"
                shutil.copyfile(path, folder / name)
                found[name] = (number, by_stem[path.stem])
    return found


def quality(alpha: Path, truth: Path) -> float:
    true = cv2.imread(str(truth), cv2.IMREAD_GRAYSCALE) > 127
    drafted = cv2.imread(str(alpha), cv2.IMREAD_GRAYSCALE).astype(np.float32)
    drafted = cv2.resize(drafted, true.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return iou(drafted > 127.5, true)


def caught(uncertainty: np.ndarray, bad: np.ndarray) -> float:
    """Return the share of the bad drafts among the most uncertain ones."""
    chosen = np.argsort(-uncertainty, kind="stable")[: int(np.ceil(REVIEWED * len(uncertainty)))]
    return float(bad[chosen].sum() / max(1, bad.sum()))


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory() as work:
        photos = Path(work, "photos")
        photos.mkdir()
        truths = gathered(options.pairs, photos)
        out = options.keep or Path(work, "drafts")
        if not (out / "dataset.json").exists():
            datakit.prelabel(
                photos, out, model=options.model, weights=tuple(options.weights), workers=1,
                tta=options.tta, second=options.second, depth="16",
            )  # fmt: skip
        report(out, truths, options.pairs)


def report(out: Path, truths: dict[str, tuple[int, Path]], pairs: list[list[Path]]) -> None:
    scores = {
        name: quality((out / "alphas" / name).with_suffix(".png"), truth)
        for name, (_, truth) in truths.items()
    }
    for number, (folder, _) in enumerate(pairs):
        mine = [scores[name] for name in sorted(truths) if truths[name][0] == number]
        for label, chosen in ((f"all {len(mine)}", mine), ("first 40", mine[:40])):
            print(
                f"{folder.parent.name}, {label}: mean IoU {statistics.mean(chosen):.4f}, "
                f"median {statistics.median(chosen):.4f}, least {min(chosen):.4f}"
            )
    queue = {row.id: row for row in jsonl.read(out / "queue.jsonl", Queued)}
    drafts = {row.id: row for row in jsonl.read(out / "drafts.jsonl", Draft)}
    names = sorted(scores)
    wrong = np.array([1 - scores[name] for name in names])
    bad = wrong > 1 - BAD_IOU
    print(f"{len(names)} drafts, {bad.sum()} below IoU {BAD_IOU}")
    columns = {"queue": np.array([queue[name].doubt for name in names])}
    for measure in drafts[names[0]].parts:
        columns[measure] = np.array([drafts[name].parts[measure] for name in names])
    for label, column in columns.items():
        found = spearmanr(column, wrong).statistic if np.ptp(column) else float("nan")
        print(f"  {label:12} Spearman {found:6.3f}   caught {caught(column, bad):.0%}")


if __name__ == "__main__":
    main()
