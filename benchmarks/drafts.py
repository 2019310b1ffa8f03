"""How good the drafts of each effort are, what boxes bring, and who is taken for a person.

    python benchmarks/drafts.py --pairs ppm100/image ppm100/alpha --pairs people/photos people/masks
        [--first 40] [--weights u2netp.onnx] [--empty FOLDER_OR_PHOTO ...]

Each --pairs names a folder of photos and a folder of true masks or alphas with the same stems; of
each set the first N by name are taken. Printed for each effort of ``mediapipe-selfie``, and with
--weights of ``u2netp`` by itself and at its best: mean IoU and boundary IoU of each set, of its
even and its odd photos (the chain was chosen on the even ones), people whose draft was emptied, CPU
seconds a photo; then the same with each photo's true box as a prompt. --empty are photos without
people: how many are drafted all the same.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from datakit.core.metrics.mask_metrics import mask_scores
from datakit.io.pixels.decoders import decode_photo
from datakit.models.factory import Settings
from datakit.models.prediction import Hint, Prediction
from datakit.models.segmenters.base import Segmenter, build
from datakit.models.segmenters.boxed import BoxedSegmenter
from datakit.models.segmenters.thorough import ThoroughSegmenter
from datakit.verbs.prelabel.drafts import Cleaning, ModelOutputs, make_label

Pair = tuple[Path, Path]
HALF = 127


def pairs_of(photos: Path, truths: Path, first: int) -> list[Pair]:
    """Return the first photos by name that have a truth."""
    by_stem = {path.stem: path for path in truths.iterdir()}
    files = sorted(path for path in photos.iterdir() if path.stem in by_stem)
    return [(path, by_stem[path.stem]) for path in files[:first]]


def mask_of(image: np.ndarray, found: Prediction, refine: bool) -> np.ndarray:
    """Return the draft's mask, as ``prelabel`` writes it."""
    label = make_label(image, ModelOutputs(found), Cleaning(refine=refine), 8)
    empty = found.is_person is False
    return np.zeros(label.mask.shape, bool) if empty else label.mask > 0


def scored(
    segmenter: Segmenter, pairs: list[Pair], refine: bool, boxed: bool
) -> Iterator[tuple[float, float, bool, float]]:
    """Yield IoU, boundary IoU, whether the draft was emptied, and CPU seconds of each photo."""
    for photo, truth in pairs:
        image = decode_photo(photo.read_bytes(), photo.name)
        true = cv2.imread(str(truth), cv2.IMREAD_GRAYSCALE)
        if true.shape != image.shape[:2]:
            true = cv2.resize(true, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        x, y, wide, high = cv2.boundingRect((true > HALF).astype(np.uint8))
        hint = Hint(boxes_xyxy=((x, y, x + wide, y + high),)) if boxed else None
        started = time.process_time()
        [found] = segmenter.segment([image], [hint])
        mask = mask_of(image, found, refine)
        seconds = time.process_time() - started
        scores = mask_scores(mask, true > HALF)
        yield scores["iou"], scores["boundary_iou"], found.is_person is False, seconds


def report(name: str, segmenter: Segmenter, sets: list[list[Pair]], refine: bool) -> None:
    """Print the scores of one segmenter on every set."""
    boxed = isinstance(segmenter, BoxedSegmenter)
    for number, pairs in enumerate(sets):
        table = np.array(list(scored(segmenter, pairs, refine, boxed)))
        even, odd = table[::2, :2].mean(axis=0), table[1::2, :2].mean(axis=0)
        iou, boundary = table[:, :2].mean(axis=0)
        print(
            f"{name}, set {number} ({len(table)}): IoU {iou:.4f} boundary {boundary:.4f}; even "
            f"{even[0]:.4f} {even[1]:.4f}; odd {odd[0]:.4f} {odd[1]:.4f}; emptied "
            f"{int(table[:, 2].sum())}; {table[:, 3].mean():.3f} CPU s"
        )


def people_in(segmenter: Segmenter, places: list[Path]) -> None:
    """Print how many photos without people are drafted as people."""
    files = [file for place in places for file in ([place] if place.is_file() else place.iterdir())]
    drafted = []
    for file in sorted(files):
        image = decode_photo(file.read_bytes(), file.name)
        [found] = segmenter.segment([image])
        if mask_of(image, found, refine=True).any():
            drafted.append(file.name)
    print(f"without people: {len(drafted)} of {len(files)} drafted {drafted}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", nargs=2, action="append", default=[], type=Path)
    parser.add_argument("--first", type=int, default=40)
    parser.add_argument("--weights")
    parser.add_argument("--empty", nargs="*", default=[], type=Path)
    given = parser.parse_args()
    sets = [pairs_of(photos, truths, given.first) for photos, truths in given.pairs]
    for effort in ("fast", "default"):
        model = build("mediapipe-selfie", Settings(effort=effort))  # type: ignore[arg-type]
        report(effort, model, sets, refine=effort != "fast")
    chain = build("mediapipe-selfie", Settings(effort="default"))
    report("true boxes", BoxedSegmenter(chain, Settings()), sets, refine=True)
    if given.weights:
        settings = Settings(weights=(given.weights,), device="cpu")
        model = build("u2netp", settings)
        report("u2netp", model, sets, refine=False)
        report("u2netp, best", ThoroughSegmenter(model, settings), sets, refine=True)
    if given.empty:
        people_in(chain, given.empty)


if __name__ == "__main__":
    main()
