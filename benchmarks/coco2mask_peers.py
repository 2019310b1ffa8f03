"""Other ways to turn a COCO export into binary masks; each runs in a process of its own.

    python benchmarks/coco2mask_peers.py {notebook,pycocotools,supervision,floor} EXPORT OUT

Imports are inside the functions, so that nobody pays for a neighbour's libraries. All write one
8-bit PNG an image, 0 or 255, named after the image.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ANNOTATIONS = "train/_annotations.coco.json"


def notebook(export: Path, out: Path) -> None:
    """Do what the usual notebook does, as it does it.

    The first polygon of each annotation, coordinates truncated to integers, 640x640 assumed, and
    all annotations looked through for every image.
    """
    import cv2
    import numpy as np

    with (export / ANNOTATIONS).open() as file:
        coco = json.load(file)
    for image in coco["images"]:
        mask = np.zeros((640, 640), np.uint8)
        for annotation in coco["annotations"]:
            if annotation["image_id"] == image["id"]:
                polygon = np.array(annotation["segmentation"][0]).reshape(-1, 2).astype(np.int32)
                cv2.fillPoly(mask, [polygon], 255)
        cv2.imwrite(str(out / (Path(image["file_name"]).stem + ".png")), mask)


def pycocotools(export: Path, out: Path) -> None:
    """Take pycocotools' `annToMask`, the field's reference, and `cv2.imwrite`."""
    import cv2
    import numpy as np
    from pycocotools.coco import COCO

    coco = COCO(export / ANNOTATIONS)
    for image in coco.loadImgs(coco.getImgIds()):
        mask = np.zeros((image["height"], image["width"]), np.uint8)
        for annotation in coco.loadAnns(coco.getAnnIds(image["id"])):
            mask |= coco.annToMask(annotation)
        cv2.imwrite(str(out / (Path(image["file_name"]).stem + ".png")), mask * 255)


def supervision(export: Path, out: Path) -> None:
    """Take supervision's `DetectionDataset`; it does not open the images here, in its favour."""
    import warnings

    import cv2
    import numpy as np

    warnings.simplefilter("ignore")
    from supervision import DetectionDataset

    dataset = DetectionDataset.from_coco(
        str(export / "train"), str(export / ANNOTATIONS), force_masks=True
    )
    for path, detections in dataset.annotations.items():
        mask = np.asarray(detections.mask).any(axis=0).astype(np.uint8) * 255
        cv2.imwrite(str(out / (Path(path).stem + ".png")), mask)


def floor(export: Path, out: Path) -> None:
    """Do only what cannot be avoided, with the fastest part known for each step.

    Parse the JSON (msgspec), fill one polygon an annotation (OpenCV's fill: not the reference's
    pixels), encode its runs as PNG, write the file. No check, no look at the image, no manifest.
    """
    import cv2
    import msgspec
    import numpy as np

    from datakit.io.pixels.images import GrayCanvas

    coco = msgspec.json.decode((export / ANNOTATIONS).read_bytes())
    of_image: dict[int, list[list[float]]] = {}
    for annotation in coco["annotations"]:
        of_image.setdefault(annotation["image_id"], []).append(annotation["segmentation"][0])
    for image in coco["images"]:
        width, height = image["width"], image["height"]
        canvas = GrayCanvas(height, width)
        for polygon in of_image.get(image["id"], []):
            points = np.array(polygon).reshape(-1, 2).astype(np.int32)
            cv2.fillPoly(canvas.pixels, [points], 255)
        (out / (Path(image["file_name"]).stem + ".png")).write_bytes(canvas.encode())


PEERS = {peer.__name__: peer for peer in (notebook, pycocotools, supervision, floor)}

if __name__ == "__main__":
    name, source, destination = sys.argv[1:]
    Path(destination).mkdir(parents=True)
    PEERS[name](Path(source), Path(destination))
