"""What a user would pick instead of a verb; each runs in a process of its own.

    python benchmarks/limits_peers.py PEER SRC OUT [OTHER]

What is installed in the development environment, and ImageHash from a folder of its own (see
`limits.py`). A peer does what its documentation shows for
the task; it hashes nothing and keeps no manifest, and its result is not the verb's to the bit.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

IMAGES, MASKS = "train/images", "train/masks"


def _pairs(source: Path) -> list[tuple[Path, Path]]:
    photos = sorted((source / IMAGES).iterdir())
    return [(photo, source / MASKS / f"{photo.stem}.png") for photo in photos]


def pycocotools(source: Path, out: Path) -> None:
    """`annToMask`, `cv2.imwrite`, and the photos copied."""
    from coco2mask_peers import pycocotools as masks

    masks(source, out)
    shutil.copytree(source / "train", out / "images", ignore=shutil.ignore_patterns("*.json"))


def contours(source: Path, out: Path) -> None:
    """`cv2.findContours` and `approxPolyDP` into one JSON, the photos copied."""
    import cv2

    annotations = []
    for photo, path in _pairs(source):
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        rings = [cv2.approxPolyDP(ring, 1.0, closed=True).ravel().tolist() for ring in found]
        annotations.append({"file_name": photo.name, "segmentation": rings})
        shutil.copy(photo, out)
    (out / "_annotations.coco.json").write_text(json.dumps({"annotations": annotations}))


def look(source: Path, out: Path) -> None:
    """Decode every photo and mask with OpenCV, compare sizes, count values."""
    import cv2
    import numpy as np

    for photo, path in _pairs(source):
        image, mask = cv2.imread(str(photo)), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert image.shape[:2] == mask.shape
        np.unique(mask)


def count(source: Path, out: Path) -> None:
    """Sizes by Pillow, foreground by OpenCV."""
    import cv2
    from PIL import Image

    for photo, path in _pairs(source):
        with Image.open(photo) as image:
            assert image.size
        cv2.countNonZero(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


def compare(source: Path, out: Path, other: Path) -> None:
    """Read both masks of each sample with OpenCV, compare them and the photos' bytes, IoU."""
    import cv2
    import numpy as np

    differing = []
    for (photo, path), (second_photo, second_path) in zip(
        _pairs(source), _pairs(other), strict=True
    ):
        before, after = (
            cv2.imread(str(one), cv2.IMREAD_GRAYSCALE) > 0 for one in (path, second_path)
        )
        union = np.count_nonzero(before | after)
        overlap = np.count_nonzero(before & after) / union if union else 1.0
        if overlap < 1 or photo.read_bytes() != second_photo.read_bytes():
            differing.append({"file_name": photo.name, "iou": overlap})
    (out / "differing.json").write_text(json.dumps(differing))


def erode(source: Path, out: Path) -> None:
    """An eroded and a dilated mask with OpenCV, as P3M's and MODNet's scripts make trimaps."""
    import cv2
    import numpy as np

    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (25, 25))
    for photo, path in _pairs(source):
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        band = np.where(cv2.dilate(mask, kernel) > 0, np.uint8(128), np.uint8(0))
        band[cv2.erode(mask, kernel) > 0] = 255
        cv2.imwrite(str(out / path.name), band)
        shutil.copy(photo, out)


def pymatting(source: Path, out: Path) -> None:
    """`estimate_alpha_cf` on the same kind of trimap."""
    import cv2
    import numpy as np
    from pymatting import estimate_alpha_cf

    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))
    for photo, path in _pairs(source):
        image = cv2.imread(str(photo)) / 255
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        trimap = np.where(cv2.dilate(mask, kernel) > 0, 0.5, 0.0)
        trimap[cv2.erode(mask, kernel) > 0] = 1
        alpha = estimate_alpha_cf(image, trimap)
        cv2.imwrite(str(out / path.name), np.rint(alpha * 255))
        shutil.copy(photo, out)


def metrics(source: Path, out: Path, other: Path) -> None:
    """The plain versions of `metrics.py`: SciPy's convolution, scikit-image's labels and SSIM."""
    import cv2
    import numpy as np
    from metrics import plain_connectivity, plain_gradient_unit
    from skimage.metrics import structural_similarity

    for path in sorted((source / "train/alphas").iterdir()):
        pred, gt = (
            cv2.imread(str(file), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
            for file in (path, other / "train/alphas" / path.name)
        )
        np.abs(pred - gt).sum(), ((pred - gt) ** 2).mean()
        plain_gradient_unit(pred, gt), plain_connectivity(pred, gt)
        structural_similarity(pred, gt, data_range=1.0)


def albumentations(source: Path, out: Path) -> None:
    """A loop over the p3m preset's transforms with its own elastic one, cv2 in and out."""
    import albumentations as A  # noqa: N812
    import cv2

    compose = A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.RandomBrightnessContrast((-0.2, 0.2), (-0.2, 0.2), p=0.5),
            A.ElasticTransform(alpha=2200, sigma=30, p=0.5),
            A.CLAHE((1, 3), (8, 8), p=0.3),
        ],
        additional_targets={"alpha": "mask"},
        seed=0,
    )
    for photo in sorted((source / IMAGES).iterdir()):
        alpha = cv2.imread(str(source / "train/alphas" / f"{photo.stem}.png"), cv2.IMREAD_GRAYSCALE)
        made = compose(image=cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB), alpha=alpha)
        image = cv2.cvtColor(made["image"], cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(out / photo.name), image)
        cv2.imwrite(str(out / f"{photo.stem}.png"), made["alpha"])


def webdataset(source: Path, out: Path) -> None:
    """`ShardWriter` over the files' bytes."""
    from webdataset import ShardWriter

    with ShardWriter(str(out / "train-%05d.tar"), maxcount=1000, verbose=0) as shards:
        for photo, mask in _pairs(source):
            sample = {"jpg": photo.read_bytes(), "mask.png": mask.read_bytes()}
            shards.write({"__key__": photo.stem.partition(".")[0], **sample})


def mediapipe(source: Path, out: Path) -> None:
    """MediaPipe's own selfie segmentation, thresholded."""
    import cv2
    import mediapipe as mp
    import numpy as np

    with mp.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0) as model:
        for photo in sorted(source.iterdir()):
            found = model.process(cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB))
            mask = np.where(found.segmentation_mask > 0.5, np.uint8(255), np.uint8(0))
            cv2.imwrite(str(out / f"{photo.stem}.png"), mask)
            shutil.copy(photo, out)


def deface(source: Path, out: Path) -> None:
    """The command ``deface`` over the photos, with its defaults."""
    import runpy

    photos = shutil.copytree(source, out / "photos")
    sys.argv = ["deface", *map(str, sorted(photos.iterdir()))]
    runpy.run_module("deface.deface", run_name="__main__")


def telea(source: Path, out: Path) -> None:
    """`cv2.inpaint` by Telea's method, of the dilated alpha."""
    import cv2
    import numpy as np

    for photo in sorted((source / IMAGES).iterdir()):
        alpha = cv2.imread(str(source / "train/alphas" / f"{photo.stem}.png"), cv2.IMREAD_GRAYSCALE)
        region = cv2.dilate((alpha > 0).astype(np.uint8), np.ones((5, 5)))
        plate = cv2.inpaint(cv2.imread(str(photo)), region, 3, cv2.INPAINT_TELEA)
        cv2.imwrite(str(out / f"{photo.stem}.png"), plate)


def pandas(source: Path, out: Path) -> None:
    """A table filtered by pandas, the files copied."""
    import pandas as pd

    table = pd.read_json(source / "metadata.jsonl", lines=True)
    chosen = table[table.width > 100]
    for name in (*chosen.file_name, *chosen.mask_file_name):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, out / name)
    chosen.to_json(out / "metadata.jsonl", orient="records", lines=True)


def imagehash(source: Path, out: Path) -> None:
    """A perceptual hash of each photo, and the pairs at most 10 bits apart."""
    import imagehash
    import numpy as np
    from PIL import Image

    hashes = []
    for photo in sorted((source / IMAGES).iterdir()):
        with Image.open(photo) as opened:
            hashes.append(imagehash.phash(opened).hash.ravel())
    bits = np.array(hashes)
    for number, one in enumerate(bits):
        np.flatnonzero((bits[number + 1 :] != one).sum(axis=1) <= 10)


PEERS: dict[str, Callable[..., None]] = {
    peer.__name__: peer
    for peer in (
        *(pycocotools, contours, look, count, erode, pymatting, metrics, albumentations),
        *(webdataset, mediapipe, deface, telea, pandas, imagehash, compare),
    )
}

if __name__ == "__main__":
    name, *paths = sys.argv[1:]
    Path(paths[1]).mkdir(parents=True, exist_ok=True)
    PEERS[name](*map(Path, paths))
