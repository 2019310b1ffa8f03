"""Hands that labels lack: how many are seen, and how often `qc` and `prelabel` cry wolf.

    python benchmarks/hands.py DATA

DATA holds ``matting/ppm100``, ``matting/p3m_demo_predictions`` and ``personseg/vikram_human_seg``.
`HANDS` are hands that were marked by eye on the portraits and on the first 40 of vikram by name.
Each is cut out of its label by itself (a disc of 1.3 times its radius), and `missing_hand` is
asked; of the labels as they are it is asked too, on all 130 photos.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from datakit.core.drafts.hands import MISSING_SHARE, missing_hand
from datakit.io.pixels.decoders import decode_photo
from datakit.models.segmenters.hands import PeoplesHands

SETS = {
    "ppm100": ("matting/ppm100/image", "matting/ppm100/alpha"),
    "p3m": ("matting/p3m_demo_predictions/image", "matting/p3m_demo_predictions/pred_p3mnet_vitae"),
    "vikram": (
        "personseg/vikram_human_seg/Training_Images",
        "personseg/vikram_human_seg/Ground_Truth",
    ),
}
CUT = 1.3
Mark = tuple[float, float, float]
"""Centre and radius of a hand, in tenths of the photo's longer side."""
HANDS: dict[str, tuple[Mark, ...]] = {
    "14429083354_23c8fddff5_o": ((0.66, 7.1, 0.5),),
    "17692337940_44dfe102df_o": (
        (2.8, 3.6, 0.35),
        (4.0, 5.9, 0.35),
    ),
    "21440655004_9042e41252_o": ((8.5, 4.1, 0.5),),
    "2399432208_47d240db23_o": ((5.6, 6.75, 0.9),),
    "34763377415_22eae5b6bc_o": (
        (3.8, 1.1, 0.35),
        (2.4, 2.8, 0.35),
    ),
    "48020524488_499f7403f3_o": (
        (3.3, 3.95, 0.5),
        (0.8, 7.1, 0.45),
    ),
    "506937171_b73ff1c24b_o": (
        (2.8, 3.5, 0.45),
        (3.6, 3.8, 0.4),
    ),
    "562923769_48519f411e_o": ((1.1, 9.2, 0.9),),
    "p_07141906": (
        (5.5, 9.0, 0.5),
        (9.4, 9.4, 0.45),
    ),
    "p_09ba26b4": ((4.9, 4.3, 0.35),),
    "100": (
        (5.8, 3.3, 0.35),
        (3.7, 5.0, 0.3),
    ),
    "101": (
        (2.9, 3.5, 0.5),
        (3.7, 4.3, 0.5),
    ),
    "102": (
        (3.7, 2.0, 0.4),
        (6.9, 0.8, 0.35),
    ),
    "105": ((3.2, 3.6, 0.45),),
    "106": ((4.0, 5.1, 0.9),),
    "107": (
        (4.5, 4.6, 0.5),
        (6.9, 3.4, 0.4),
        (6.7, 5.4, 0.35),
    ),
    "108": ((2.9, 2.35, 0.2),),
    "109": ((2.3, 1.5, 0.25),),
    "13": (
        (3.2, 5.95, 0.5),
        (5.7, 5.15, 0.4),
    ),
    "17": ((4.9, 3.2, 0.25),),
    "18": ((1.85, 2.8, 0.25),),
    "2": (
        (6.7, 2.3, 0.25),
        (9.15, 2.3, 0.25),
    ),
    "20": (
        (4.5, 1.3, 0.4),
        (7.0, 6.75, 0.8),
    ),
    "22": ((4.3, 8.9, 0.55),),
    "23": ((2.1, 5.1, 0.6),),
    "28": ((3.4, 5.8, 0.45),),
    "35": ((6.9, 0.5, 0.65),),
}


def label_of(image: np.ndarray, file: Path) -> np.ndarray:
    """Return a label as (H, W) float32 in [0, 1], at its photo's size."""
    stored = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if stored.shape != image.shape[:2]:
        stored = cv2.resize(stored, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return stored.astype(np.float32) / 255


def without(alpha: np.ndarray, mark: Mark) -> np.ndarray:
    """Return a label from which a hand was cut."""
    x, y, radius = np.array(mark) * max(alpha.shape) / 10
    cut = alpha.copy()
    cv2.circle(cut, (round(x), round(y)), round(CUT * radius), 0, -1)
    return cut


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    finder = PeoplesHands()
    for name, (photos, labels) in SETS.items():
        alarms, seen, missed, seconds, count = [], 0, [], 0.0, 0
        for photo in sorted((data / photos).iterdir()):
            image = decode_photo(photo.read_bytes(), photo.name)
            [label] = (data / labels).glob(f"{photo.stem}.*")
            alpha = label_of(image, label)
            started = time.process_time()
            hands = finder.find(image)
            seconds += time.process_time() - started
            count += 1
            share = missing_hand(alpha, hands).share
            if share >= MISSING_SHARE:
                alarms.append((photo.name, round(share, 2)))
            for mark in HANDS.get(photo.stem, ()):
                if missing_hand(without(alpha, mark), hands).share >= MISSING_SHARE:
                    seen += 1
                else:
                    missed.append((photo.stem, *mark))
        print(
            f"{name}: cut hands found {seen} of {seen + len(missed)}; alarms on {len(alarms)} of "
            f"{count} untouched labels {alarms}; {seconds / count:.3f} CPU s a photo; "
            f"missed {missed}",
            flush=True,
        )


if __name__ == "__main__":
    main()
