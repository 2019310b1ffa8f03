"""Read an export with a tool's own package; run by the Python that has it, without datakit.

python annotation_importers.py TOOL EXPORT OUT.npz writes one 0/1 mask per image, by "side/stem".
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import unquote

import numpy as np


def canvas(shape: tuple[int, ...]) -> np.ndarray:
    return np.zeros(shape[:2], np.uint8)


def datumaro_masks(out: Path, layout: str) -> dict[str, np.ndarray]:
    """Import as CVAT's server does: through datumaro."""
    from datumaro.components.annotation import AnnotationType, Polygon
    from datumaro.components.dataset import Dataset
    from pycocotools import mask as coco

    found = {}
    for item in Dataset.import_from(str(out), layout):
        shape = item.media.data.shape[:2]
        label = canvas(shape)
        for annotation in item.annotations:
            if annotation.type == AnnotationType.mask:
                label |= np.asarray(annotation.image, np.uint8)
            elif isinstance(annotation, Polygon):
                runs = coco.merge(coco.frPyObjects([list(annotation.points)], *shape))
                label |= coco.decode(runs)
        side = item.subset if layout != "cvat" else Path(item.id).parent.name
        found[f"{side}/{Path(item.id).name}"] = label
    return found


def label_studio_masks(out: Path) -> dict[str, np.ndarray]:
    """Brush masks by the SDK's decoder, polygons by pycocotools."""
    from label_studio_sdk.converter import brush
    from PIL import Image, ImageDraw

    found = {}
    for task in json.loads((out / "tasks.json").read_text()):
        path = Path(unquote(task["data"]["image"].split("?d=")[1]))
        label = None
        for region in task["predictions"][0]["result"]:
            height, width = region["original_height"], region["original_width"]
            label = canvas((height, width)) if label is None else label
            if region["type"] == "brushlabels":
                values = np.array(brush.decode_rle(region["value"]["rle"]))
                label |= (values.reshape(height, width, 4)[:, :, 3] > 0).astype(np.uint8)
            else:
                # At four times the size, cut at one half: PIL paints the outline too.
                ring = np.array(region["value"]["points"]) / 100 * (width, height) * 4
                large = Image.new("L", (width * 4, height * 4))
                ImageDraw.Draw(large).polygon([tuple(point) for point in ring], fill=255)
                label |= (np.asarray(large.resize((width, height), Image.BOX)) >= 128).astype("u1")
        if label is not None:
            found[f"{path.parent.name}/{path.stem}"] = label
    return found


def labelme_masks(out: Path) -> dict[str, np.ndarray]:
    """Load each JSON, and paint its shapes, as labelme does."""
    from labelme import _label_file, utils

    load = getattr(_label_file, "LabelFile", None) or _label_file
    found = {}
    for path in sorted(out.glob("*/*.json")):
        document = load(str(path)) if load is not _label_file else _label_file.load(str(path))
        data = document.imageData if hasattr(document, "imageData") else document.image_data
        image = utils.img_data_to_arr(data)
        label = canvas(image.shape)
        for shape in document.shapes:
            kind, points = shape["shape_type"], shape["points"]
            label |= utils.shape_to_mask(image.shape[:2], points, kind).astype(np.uint8)
        found[f"{path.parent.name}/{path.stem}"] = label
    return found


def supervision_masks(out: Path) -> dict[str, np.ndarray]:
    import supervision as sv

    found = {}
    for path in sorted(out.rglob("_annotations.coco.json")):
        side = {"valid": "val", "upload": "train"}.get(path.parent.name, path.parent.name)
        dataset = sv.DetectionDataset.from_coco(str(path.parent), str(path), force_masks=True)
        for name, image, detections in dataset:
            label = canvas(image.shape)
            for mask in detections.mask if detections.mask is not None else ():
                label |= mask.astype(np.uint8)
            found[f"{side}/{Path(name).stem}"] = label
    return found


def roboflow_masks(out: Path) -> dict[str, np.ndarray]:
    """What the uploader would send for each image: its part of the COCO file."""
    from pycocotools import mask as coco
    from roboflow.util.folderparser import parsefolder

    found = {}
    for image in parsefolder(str(out / "upload"))["images"]:
        document = json.loads(image["annotationfile"]["rawText"])
        [entry] = document["images"]
        label = canvas((entry["height"], entry["width"]))
        for annotation in document["annotations"]:
            if not annotation["segmentation"]:
                continue
            runs = coco.frPyObjects(annotation["segmentation"], *label.shape)
            label |= coco.decode(coco.merge(runs))
        side = {"valid": "val"}.get(image["split"], image["split"])
        found[f"{side}/{Path(image['name']).stem}"] = label
    return found


IMPORTERS = {
    "datumaro-coco": lambda out: datumaro_masks(out, "coco"),
    "datumaro-cvat": lambda out: datumaro_masks(out, "cvat"),
    "label-studio-sdk": label_studio_masks,
    "labelme": labelme_masks,
    "supervision": supervision_masks,
    "roboflow": roboflow_masks,
}

if __name__ == "__main__":
    tool, export, target = sys.argv[1:]
    np.savez_compressed(target, **IMPORTERS[tool](Path(export)))
