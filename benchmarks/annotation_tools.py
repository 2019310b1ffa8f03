"""Do the tools' own packages read what `datakit export` writes for them?

    python benchmarks/annotation_tools.py DATASET --tools PYTHON --label-studio PYTHON

DATASET has masks. PYTHON is an interpreter with datumaro (which CVAT's server imports with),
labelme, supervision and roboflow, and one with label-studio-sdk: they are kept apart from datakit,
as their requirements are heavy and contradict each other. Each reads its export
(`annotation_importers.py`), and what it paints is compared with the masks.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import datakit
from datakit.core.metrics.mask_metrics import iou
from datakit.io.layouts.sample_names import flat_name, side
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels import decoders

TOOLS = {
    "datumaro-coco": ("coco", "datumaro"),
    "datumaro-cvat": ("cvat", "datumaro"),
    "label-studio-sdk": ("label-studio", "label-studio-sdk"),
    "labelme": ("labelme", "labelme"),
    "supervision": ("roboflow", "supervision"),
    "roboflow": ("roboflow", "roboflow"),
}
SCRIPT = Path(__file__).with_name("annotation_importers.py")


def truth(dataset: Path, stems: bool) -> dict[str, np.ndarray]:
    """Masks by the name that a layout gives their images."""
    found = {}
    for item in open_sources([str(dataset)]).items():
        label = item.mask or item.alpha
        if label is not None:
            pixels = decoders.decode_mask(label.read(), label.name)
            name = item.stem.rpartition("/")[2] if stems else flat_name(item.stem)
            half = (int(np.iinfo(pixels.dtype).max) + 1) // 2
            found[f"{side(item)}/{name}"] = pixels >= (1 if item.mask else half)
    return found


def run(tool: str, python: str, dataset: Path, work: Path) -> str:
    layout, package = TOOLS[tool]
    export, target = work / layout, work / f"{tool}.npz"
    if not export.exists():
        datakit.export(dataset, export, format=layout)
    command = [python, str(SCRIPT), tool, str(export), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    version = subprocess.run(
        [python, "-c", f"from importlib.metadata import version; print(version('{package}'))"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    if done.returncode:
        return f"| {layout} | {package} {version} | stopped: {done.stderr.splitlines()[-1]} | | |"
    known = truth(dataset, stems=layout == "roboflow")
    with np.load(target) as masks:
        names = {name if "/" in name else f"train/{name}": name for name in masks.files}
        scores = [iou(masks[names[n]] > 0, known[n]) for n in names if n in known]
        # An image without shapes is one without a label.
        lost = [n for n, mask in known.items() if n not in names and mask.any()]
        strange = [n for n in names if n not in known]
    seen = f"{len(scores)} of {len(known)}, {len(lost)} lost, {len(strange)} unknown"
    figures = f"{np.mean(scores):.4f} | {np.min(scores):.4f}" if scores else "|"
    return f"| {layout} | {package} {version} | {seen} | {figures} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--label-studio", required=True)
    options = parser.parse_args()
    print("| layout | read by | images | mean IoU | lowest |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for tool in TOOLS:
            python = options.label_studio if tool == "label-studio-sdk" else options.tools
            print(run(tool, python, options.dataset, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
