"""What the usual notebook costs in accuracy: IoU of its masks with the reference's.

    python benchmarks/notebook_iou.py [EXPORT …]

The notebook paints the first polygon of each annotation, truncates coordinates to integers and
assumes 640x640 (see `coco2mask_peers.py`). The reference is the union of pycocotools' `annToMask`.
Without arguments: the synthetic export of the speed benchmark. A mask of the wrong size is cut or
padded to the image's before it is compared, in the notebook's favour.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as cocomask
from synthetic import make_export

Annotation = dict[str, Any]
Mask = NDArray[np.uint8]


def notebook_mask(annotations: list[Annotation]) -> Mask:
    """Paint as the notebook does; raises what it raises."""
    mask = np.zeros((640, 640), np.uint8)
    for annotation in annotations:
        polygon = np.array(annotation["segmentation"][0]).reshape(-1, 2).astype(np.int32)
        cv2.fillPoly(mask, [polygon], 1)
    return mask


def reference_mask(annotations: list[Annotation], height: int, width: int) -> Mask | None:
    """Return the union of pycocotools' masks; None if an annotation is outside its rules."""
    mask = np.zeros((height, width), np.uint8)
    for annotation in annotations:
        code = annotation["segmentation"]
        if isinstance(code, dict) and isinstance(code["counts"], list):
            code = cocomask.frPyObjects(code, height, width)
        elif isinstance(code, list):
            rings = code if code and isinstance(code[0], list) else [code]
            if any(len(ring) < 6 or any(isinstance(v, str) for v in ring) for ring in rings):
                return None
            code = cocomask.merge(cocomask.frPyObjects(rings, height, width))
        mask |= cocomask.decode(code)
    return mask


def fitted(mask: Mask, height: int, width: int) -> Mask:
    """Cut or pad at the right and the bottom."""
    result = np.zeros((height, width), np.uint8)
    part = mask[:height, :width]
    result[: part.shape[0], : part.shape[1]] = part
    return result


def compare(document: Path) -> tuple[list[float], int]:
    """Return the IoUs of the images that both can paint, and how often the notebook raises."""
    coco = json.loads(document.read_bytes())
    of_image: dict[int, list[Annotation]] = {}
    for annotation in coco["annotations"]:
        of_image.setdefault(annotation["image_id"], []).append(annotation)
    ious, raised = [], 0
    for image in coco["images"]:
        annotations = of_image.get(image["id"], [])
        height, width = image["height"], image["width"]
        truth = reference_mask(annotations, height, width)
        if truth is None or not truth.any():
            continue
        try:
            mask = fitted(notebook_mask(annotations), height, width)
        except (IndexError, KeyError, TypeError, ValueError, cv2.error):
            raised += 1
            continue
        ious.append(float((mask & truth).sum() / (mask | truth).sum()))
    return ious, raised


def main() -> None:
    """Print one row an export."""
    with tempfile.TemporaryDirectory() as folder:
        exports = [Path(name) for name in sys.argv[1:]]
        if not exports:
            exports = [make_export(Path(folder) / "synthetic", 1000)]
        print("| export | images | mean IoU | lowest | below 0.9 | notebook raises |")
        print("|---|---|---|---|---|---|")
        for export in exports:
            ious: list[float] = []
            raised = 0
            for document in sorted(export.rglob("_annotations.coco.json")):
                more, failed = compare(document)
                ious += more
                raised += failed
            if ious:
                low = sum(iou < 0.9 for iou in ious)
                figures = f"{statistics.fmean(ious):.4f} | {min(ious):.3f} | {low}"
            else:
                figures = "- | - | -"
            print(f"| {export.name} | {len(ious)} | {figures} | {raised} |")


if __name__ == "__main__":
    main()
