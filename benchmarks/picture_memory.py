"""Bytes a pixel that the work on one picture takes at its peak, for each verb.

    python benchmarks/picture_memory.py [--work DIR] [--side 4000] [VERB …]

Each verb runs on one picture of 500 x 500 and on one of SIDE x SIDE pixels (a person's matte, or
its mask), in a process of its own and without workers; the difference of the two peaks is what the
pixels take. `BYTES_PER_PIXEL` of each verb's options is this, rounded up.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

SMALL = 500
COMMANDS = {
    "validate": "{mattes}",
    "stats": "{mattes} -o {out} --preview 1",
    "coco2mask": "{coco} -o {out}",
    "mask2coco": "{masks} -o {out}",
    "export": "{mattes} -o {out} --format p3m",
    "eval": "{mattes} {mattes2}",
    "qc": "{mattes} -o {out} --fail-on never",
    "matte": "{masks} -o {out}",
    "trimap": "{mattes} -o {out} --style p3m",
    "augment": "{mattes} -o {out} --preset p3m",
    "anonymize": "{mattes} -o {out}",
    "prelabel": "{photos} -o {out} --people any",
    "dedup": "{photos} -o {out}",
    "split": "{mattes} -o {out} --keep-existing --val 0.5",
    "select": "{mattes} -o {out} --n 1 --where people>=0",
    "forget": "{photos} --photo {mattes}/train/alphas/a.png",
    "diff": "{mattes} {mattes2}",
    "inpaint": "{mattes} -o {out} --shadows --layers",
}


def make(root: Path, side: int) -> None:
    """Write a photo with texture, its matte and its mask, and the mask's outline as COCO."""
    rng = np.random.default_rng(1)
    photo = cv2.resize(rng.integers(0, 256, (side // 8, side // 8, 3), np.uint8), (side, side))
    alpha = np.zeros((side, side), np.uint8)
    cv2.ellipse(alpha, (side // 2, side // 2), (side // 4, side // 3), 0, 0, 360, 255, -1)
    soft = cv2.GaussianBlur(alpha, (0, 0), side / 200)
    for name, label, folder in (
        ("mattes", soft, "alphas"),
        ("mattes2", soft, "alphas"),
        ("masks", alpha, "masks"),
        ("photos", None, ""),
    ):
        images = root / name / "train/images" if folder else root / name
        images.mkdir(parents=True)
        cv2.imwrite(str(images / "a.png"), photo)
        if label is not None:
            (root / name / "train" / folder).mkdir()
            cv2.imwrite(str(root / name / "train" / folder / "a.png"), label)
    subprocess.run(
        [*DATAKIT, "mask2coco", str(root / "masks"), "-o", str(root / "coco"), "-q"], check=True
    )


DATAKIT = (sys.executable, "-m", "datakit")


def peak_bytes(command: list[str]) -> int:
    """Return the peak of a command run in a process of its own."""
    code = (
        "import resource, subprocess, sys;"
        "r = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE);"
        "sys.stderr.buffer.write(r.stderr[-400:] if r.returncode not in (0, 1) else b'');"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, *command], check=True, stdout=subprocess.PIPE, text=True
    )
    return int(found.stdout) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verbs", nargs="*")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--side", type=int, default=4000)
    options = parser.parse_args()
    work = Path(options.work or tempfile.mkdtemp())
    print("| verb | peak beside a small picture's | bytes per pixel |\n|---|---|---|")
    for side in (SMALL, options.side):
        if not (work / str(side)).exists():
            make(work / str(side), side)
    for verb in options.verbs or COMMANDS:
        peaks = []
        for side in (SMALL, options.side):
            root = work / str(side)
            names = {n: str(root / n) for n in ("mattes", "mattes2", "masks", "photos", "coco")}
            out = tempfile.mkdtemp(dir=work) + "/out"
            words = COMMANDS[verb].format(**names, out=out).split()
            peaks.append(peak_bytes([*DATAKIT, verb, *words, "--workers", "0", "-q"]))
        more = peaks[1] - peaks[0]
        pixels = options.side**2 - SMALL**2
        print(f"| `{verb}` | {more / 1e6:,.0f} MB | {more / pixels:.1f} |", flush=True)


if __name__ == "__main__":
    main()
