"""How many clicks does a label need; how much of an alpha's error do three strokes take away?

    OMP_NUM_THREADS=1 python benchmarks/interactive.py --weights u2netp.onnx
        --pairs ppm100/image ppm100/alpha --pairs people/photos people/masks
        [--every 2 --from 1] [--side 1080]

Each --pairs names a folder of photos and one of true masks or alphas with the same stems. The next
click is in the middle of the largest error (Xu et al. 2016, doi:10.1109/CVPR.2016.47): where the
distance to the error's border is largest. It starts from the draft (the model's probability above
one half, clicks until IoU 0.95) and from an empty label (until IoU 0.90), each as `review` does it,
which also looks for people with the networks that datakit carries, and without that. NoC counts 20
for a photo that does not get there in 10.

With --strokes the strokes are simulated instead, on alphas: from the true mask, three strokes of
unknown along the largest errors, each as wide as the error; printed is the mean squared error
within the truth's soft band, over that of the mask.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from datakit.core.interactive.prompts import Click, Prompts, Stroke
from datakit.core.interactive.scribble import scribble
from datakit.core.interactive.segment import segment
from datakit.core.matting.alpha_trimap import transition_pixels
from datakit.core.metrics.mask_metrics import iou
from datakit.models.factory import Settings
from datakit.models.segmenters.base import build
from datakit.pages.person_maps import PersonMaps

CLICKS = 10
MISSED = 20
FEW = 3


@dataclass
class Case:
    image: np.ndarray
    truth: np.ndarray
    likely: np.ndarray
    people: np.ndarray | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", nargs=2, action="append", required=True, type=Path)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--model", default="u2netp")
    parser.add_argument("--every", type=int, default=1, help="take every N-th photo by name")
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--side", type=int, default=1080, help="longest side in pixels")
    parser.add_argument("--strokes", action="store_true")
    options = parser.parse_args()
    segmenter = build(options.model, Settings(weights=(options.weights,), device="cpu"))
    people = PersonMaps()
    cases = []
    for photos, truths in options.pairs:
        by_stem = {path.stem: path for path in truths.iterdir()}
        paths = [path for path in sorted(photos.iterdir()) if path.stem in by_stem]
        for path in paths[options.first :: options.every]:
            cases.append(read(path, by_stem[path.stem], segmenter, people, options.side))
    print(f"{len(cases)} photos, longest side {options.side} px")
    if options.strokes:
        report_strokes(cases)
    else:
        report_clicks(cases)


def read(photo: Path, truth: Path, segmenter, people: PersonMaps, side: int) -> Case:
    image = cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB)
    scale = min(1, side / max(image.shape[:2]))
    size_wh = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    image = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    alpha = cv2.imread(str(truth), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    (prediction,) = segmenter.segment([image])
    seen = people.look(image)
    return Case(
        image,
        cv2.resize(alpha, size_wh, interpolation=cv2.INTER_AREA),
        prediction.to_image_size().astype(np.float32),
        None if seen is None else seen.to_image_size(),
    )


def report_clicks(cases: list[Case]) -> None:
    drafts = [iou(case.likely > 0.5, case.truth > 0.5) for case in cases]
    print(
        f"draft: mean IoU {statistics.mean(drafts):.3f}, "
        f"{100 * np.mean(np.array(drafts) >= 0.95):.0f} % at 0.95 without a click"
    )
    for name, goal, drafted, known, seen in (
        ("from the draft", 0.95, True, True, True),
        ("from the draft as a mask", 0.95, True, False, True),
        ("from the draft, people not looked for", 0.95, True, True, False),
        ("from empty", 0.90, False, False, True),
        ("from empty, with the draft's probability alone", 0.90, False, True, False),
        ("from empty, photo alone", 0.90, False, False, False),
    ):
        seconds: list[float] = []
        counts = []
        for case in cases:
            label = case.likely > 0.5 if drafted else np.zeros(case.truth.shape, bool)
            maps = [case.likely] if known else []
            if seen and case.people is not None:
                maps.append(case.people)
            counts.append(clicks_to(case, label, goal, maps, seconds))
        missed = np.mean(np.array(counts) == MISSED)
        milliseconds = 1e3 * np.percentile(seconds or [0], [50, 95])
        print(
            f"{name}: NoC@{goal:.2f} {statistics.mean(counts):.2f}, within {FEW} clicks "
            f"{100 * np.mean(np.array(counts) <= FEW):.0f} %, not in {CLICKS}: "
            f"{100 * missed:.0f} %, a click {milliseconds[0]:.0f} / {milliseconds[1]:.0f} ms",
            flush=True,
        )


def clicks_to(
    case: Case, label: np.ndarray, goal: float, maps: list[np.ndarray], seconds: list[float]
) -> int:
    truth = case.truth > 0.5
    clicks: list[Click] = []
    for count in range(CLICKS + 1):
        if iou(label, truth) >= goal:
            return count
        clicks.append(next_click(label, truth))
        start = time.perf_counter()
        prompts = Prompts(clicks=tuple(clicks))
        label = segment(case.image, maps, prompts, label)
        seconds.append(time.perf_counter() - start)
    return MISSED


def next_click(label: np.ndarray, truth: np.ndarray) -> Click:
    best = (-1.0, 0, 0, True)
    for error, positive in ((truth & ~label, True), (label & ~truth, False)):
        depth = cv2.distanceTransform(np.pad(error, 1).astype(np.uint8), cv2.DIST_L2, 5)
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        best = max(best, (float(depth[y, x]), int(x) - 1, int(y) - 1, positive))
    return Click(best[1] + 0.5, best[2] + 0.5, best[3])


def report_strokes(cases: list[Case]) -> None:
    shares, seconds = [], []
    for case in cases:
        alpha = (case.truth > 0.5).astype(np.float32)
        band = cv2.dilate(transition_pixels(case.truth).astype(np.uint8), np.ones((9, 9))) > 0
        before = band_error(alpha, case.truth, band)
        for _ in range(FEW):
            stroke = stroke_along(np.abs(alpha - case.truth))
            start = time.perf_counter()
            alpha = scribble(case.image, alpha, stroke, "unknown")
            seconds.append(time.perf_counter() - start)
        shares.append(band_error(alpha, case.truth, band) / before)
    milliseconds = 1e3 * np.percentile(seconds, [50, 95])
    print(
        f"three strokes: {statistics.mean(shares):.2f} of the mask's error in the band "
        f"(median {statistics.median(shares):.2f}, worst {max(shares):.2f}), "
        f"a stroke {milliseconds[0]:.0f} / {milliseconds[1]:.0f} ms"
    )


def band_error(alpha: np.ndarray, truth: np.ndarray, band: np.ndarray) -> float:
    return float(((alpha - truth)[band] ** 2).mean())


def stroke_along(error: np.ndarray) -> Stroke:
    """A line through the part with the largest summed error, as wide as it is."""
    wrong = (error > 0.1).astype(np.uint8)
    reach = max(3, round(0.01 * max(error.shape)))
    joined = cv2.dilate(wrong, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2))
    _, parts = cv2.connectedComponents(joined)
    sums = np.bincount(parts.ravel(), (error * (wrong > 0)).ravel())
    sums[0] = 0
    part = parts == int(sums.argmax())
    outlines, _ = cv2.findContours(
        (part & (joined > 0)).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    # Along the error: its pixels in the order of the outline around them, thinned.
    line = max(outlines, key=len)[:: max(1, reach // 2), 0]
    points = tuple((float(x) + 0.5, float(y) + 0.5) for x, y in line)
    return Stroke(points, 1.5 * reach)


if __name__ == "__main__":
    main()
