"""Does `coco2mask` paint the files of other layouts as pycocotools and Datumaro paint them?

    python benchmarks/annotation_pixels.py DATASET --datumaro PYTHON [--layouts NAME …]

DATASET has masks. It is exported in each layout; the same files are painted by `datakit coco2mask`
and, by the interpreter PYTHON that has datumaro and pycocotools but no datakit
(`annotation_importers.py`), from the coordinates as they stand in the files. Images are equal when
no pixel differs.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import datakit
from datakit.io.layouts.sample_names import side
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels import decoders

TOOLS = {
    "yolo-seg": "pycocotools-yolo-seg",
    "labelme": "pycocotools-labelme",
    "label-studio": "pycocotools-label-studio",
    "cvat": "datumaro-cvat",
    "voc": "datumaro-voc",
}
"""Layout -> the way of `annotation_importers.py` to read it."""

SCRIPT = Path(__file__).with_name("annotation_importers.py")


def painted(export: Path, out: Path) -> dict[str, np.ndarray]:
    """Return what datakit paints, by side and stem."""
    more = {"predictions": True} if export.name == "label-studio" else {}
    datakit.coco2mask(export, out, kind="binary", **more)
    found = {}
    for item in open_sources([str(out)]).items():
        if item.mask is not None:
            mask = decoders.decode_mask(item.mask.read(), item.mask.name) > 0
            found[f"{side(item)}/{item.stem.rpartition('/')[2]}"] = mask
    return found


def run(layout: str, python: str, dataset: Path, work: Path) -> str:
    export, target = work / layout, work / f"{layout}.npz"
    datakit.export(dataset, export, format=layout)
    ours = painted(export, work / f"{layout}-masks")
    command = [python, str(SCRIPT), TOOLS[layout], str(export), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"| {layout} | {TOOLS[layout]} | stopped: {done.stderr.splitlines()[-1]} | | |"
    with np.load(target) as masks:
        theirs = {name: masks[name] > 0 for name in masks.files}
    both = sorted(ours.keys() & theirs.keys())
    differing = [int((ours[name] != theirs[name]).sum()) for name in both]
    alone = len(ours.keys() ^ theirs.keys())
    equal = differing.count(0)
    share = sum(differing) / max(1, sum(int(theirs[name].sum()) for name in both))
    return (
        f"| {layout} | {TOOLS[layout]} | {len(both)} ({alone} by one alone) | {equal} | "
        f"{sum(differing)} ({share:.4%} of the foreground), at most {max(differing, default=0)} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--datumaro", required=True)
    parser.add_argument("--layouts", nargs="+", default=list(TOOLS), choices=list(TOOLS))
    options = parser.parse_args()
    print("| layout | painted by | images | equal | differing pixels |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for layout in options.layouts:
            print(run(layout, options.datumaro, options.dataset, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
