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
    dataset = Dataset.import_from(str(out), layout)
    names = [label.name for label in dataset.categories()[AnnotationType.label]]
    for item in dataset:
        shape = item.media.data.shape[:2]
        label = canvas(shape)
        for annotation in item.annotations:
            if annotation.label is not None and names[annotation.label] == "background":
                continue
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


def polygons_painted(rings: list[np.ndarray], height: int, width: int) -> np.ndarray:
    """Paint (N, 2) rings of pixel edges as pycocotools does, each for itself, over one another."""
    from pycocotools import mask as coco

    label = canvas((height, width))
    flat = [ring.ravel().tolist() for ring in rings]
    for runs in coco.frPyObjects(flat, height, width) if flat else ():
        label |= coco.decode(runs)
    return label


def yolo_polygons(out: Path) -> dict[str, np.ndarray]:
    """Lines of shares, times the size of the image beside them."""
    from PIL import Image

    found = {}
    for path in sorted((out / "labels").rglob("*.txt")):
        below = path.relative_to(out / "labels").with_suffix("")
        [image] = (out / "images" / below.parent).glob(f"{below.name}.*")
        width, height = Image.open(image).size
        lines = [line.split()[1:] for line in path.read_text().splitlines()]
        rings = [np.array(line, float).reshape(-1, 2) * (width, height) for line in lines]
        found[f"{below.parts[0]}/{below.name}"] = polygons_painted(rings, height, width)
    return found


def labelme_polygons(out: Path) -> dict[str, np.ndarray]:
    """Each file's polygons; labelme itself also paints the outline's own pixels."""
    found = {}
    for path in sorted(out.glob("*/*.json")):
        document = json.loads(path.read_text())
        if all(shape["shape_type"] == "polygon" for shape in document["shapes"]):
            rings = [np.array(shape["points"], float) for shape in document["shapes"]]
            size = document["imageHeight"], document["imageWidth"]
            found[f"{path.parent.name}/{path.stem}"] = polygons_painted(rings, *size)
    return found


def label_studio_polygons(out: Path) -> dict[str, np.ndarray]:
    """Each task's polygons of percentages; tasks with brush masks are left out."""
    found = {}
    for task in json.loads((out / "tasks.json").read_text()):
        path = Path(unquote(task["data"]["image"].split("?d=")[1]))
        regions = task["predictions"][0]["result"]
        if regions and all(region["type"] == "polygonlabels" for region in regions):
            size = regions[0]["original_height"], regions[0]["original_width"]
            rings = [np.array(r["value"]["points"]) / 100 * size[::-1] for r in regions]
            found[f"{path.parent.name}/{path.stem}"] = polygons_painted(rings, *size)
    return found


IMPORTERS = {
    "pycocotools-yolo-seg": yolo_polygons,
    "pycocotools-labelme": labelme_polygons,
    "pycocotools-label-studio": label_studio_polygons,
    "datumaro-voc": lambda out: datumaro_masks(out, "voc_segmentation"),
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
