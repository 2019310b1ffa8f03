"""The least work that gives what a verb gives, as a bare loop in one process.

    python benchmarks/limits_floors.py VERB SRC OUT [OTHER]

Each reads the same files once, hashes what the manifest needs, decodes what the verb decodes (a
damaged photo must be found), calls the functions of `datakit.core` that make the result, encodes
and writes. There is no engine, no journal, no resumption, no check of names, no failure as data.
Imports are inside the functions, so that nobody pays for a neighbour's libraries.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from datakit.core.similarity.hashing import Fingerprint

ANNOTATIONS = "train/_annotations.coco.json"
THUMBNAILS, THUMBNAIL_PX = 200, 240
NEIGHBOURS = 33
"""Of the 64 neighbours that stand for a series so many can decide whether it is a video."""


@cache
def _folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)


def save(path: Path, data: bytes) -> None:
    """Write a file; its folder is made once."""
    _folder(path.parent)
    path.write_bytes(data)


class Manifest:
    """Rows of a result: the samples' names and digests, written at the end."""

    def __init__(self, out: Path) -> None:
        self._path = out / "metadata.jsonl"
        self._lines: list[bytes] = []

    def add(self, **row: Any) -> None:
        """Add a row."""
        self._lines.append(msgspec.json.encode(row))

    def write(self) -> None:
        """Write the table."""
        save(self._path, b"\n".join(self._lines))


def rows(source: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a dataset's manifest."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with (source / "metadata.jsonl").open("rb") as file:
        yield from map(decode, file)


def portraits(source: Path) -> Iterator[tuple[str, bytes, str, bytes]]:
    """Yield name and bytes of photos, and of their alphas."""
    for photo in sorted((source / "train/images").iterdir()):
        alpha = source / f"train/alphas/{photo.stem}.png"
        yield f"train/images/{photo.name}", photo.read_bytes(), alpha.name, alpha.read_bytes()


def labelled(
    source: Path, out: Path | None = None
) -> Iterator[tuple[dict[str, Any], bytes, bytes, str]]:
    """Yield (row, photo, mask, sha256) of a dataset; with ``out`` copy the two there."""
    for row in rows(source):
        photo = (source / row["file_name"]).read_bytes()
        mask = (source / row["mask_file_name"]).read_bytes()
        if out is not None:
            save(out / row["file_name"], photo)
            save(out / row["mask_file_name"], mask)
        yield row, photo, mask, hashlib.sha256(photo).hexdigest()


def coco2mask(source: Path, out: Path) -> None:
    """Polygons to spans, spans to PNG; the photos are hashed and copied."""
    import numpy as np

    from datakit.core.masks.polygons import polygon_spans
    from datakit.core.masks.span_mask import SpanMask
    from datakit.io.pixels.images import encode_span_mask

    coco = msgspec.json.decode((source / ANNOTATIONS).read_bytes())
    rings: dict[int, list[Any]] = {}
    for one in coco["annotations"]:
        ring = np.array(one["segmentation"][0]).reshape(-1, 2)
        rings.setdefault(one["image_id"], []).append(ring)
    manifest = Manifest(out)
    for image in coco["images"]:
        width, height, name = image["width"], image["height"], image["file_name"]
        photo = (source / "train" / name).read_bytes()
        mask = SpanMask(*polygon_spans(rings.get(image["id"], []), height, width), height, width)
        names = {
            "file_name": f"train/images/{name}",
            "mask_file_name": f"train/masks/{Path(name).stem}.png",
        }
        save(out / names["file_name"], photo)
        save(out / names["mask_file_name"], encode_span_mask(mask))
        manifest.add(**names, sha256=hashlib.sha256(photo).hexdigest(), area=mask.area_px)
    manifest.write()


def mask2coco(source: Path, out: Path) -> None:
    """Trace the mask, fit the polygons, encode one JSON; the photos are copied."""
    from datakit.io.layouts.drawn import Drawing, draw
    from datakit.io.layouts.objects import Object
    from datakit.io.pixels.decoders import decode_mask, decode_photo

    manifest, annotations = Manifest(out), []
    for row, photo, mask, digest in labelled(source):
        decode_photo(photo)
        for shape in draw([Object("person", decode_mask(mask) > 0)], Drawing()):
            annotations.append({"segmentation": shape.segmentation(), "area": shape.area})
        save(out / f"train/{Path(row['file_name']).name}", photo)
        manifest.add(file_name=row["file_name"], sha256=digest)
    save(out / ANNOTATIONS, msgspec.json.encode({"annotations": annotations}))
    manifest.write()


def validate(source: Path, out: Path) -> None:
    """Decode photos and masks, count the masks' values."""
    from datakit.core.masks.values import values_in
    from datakit.io.pixels.decoders import decode_mask, decode_photo

    for _, photo, mask, _ in labelled(source):
        pixels = decode_photo(photo)
        label = decode_mask(mask)
        assert label.shape == pixels.shape[:2]
        assert set(values_in(label)) <= {0, 255}


def stats(source: Path, out: Path) -> None:
    """Probe the photos, count the masks' pixels."""
    import cv2

    from datakit.io.pixels.decoders import decode_mask
    from datakit.io.pixels.native import probe

    for _, photo, mask, _ in labelled(source):
        probe(photo, "photo")
        cv2.countNonZero(decode_mask(mask))


def trimap(source: Path, out: Path) -> None:
    """Lay the band, encode it; photo and mask are copied."""
    from datakit.core.matting.trimaps import mask_trimap
    from datakit.io.pixels.decoders import decode_mask, decode_photo
    from datakit.io.pixels.images import encode_png

    manifest = Manifest(out)
    for row, photo, mask, digest in labelled(source, out):
        decode_photo(photo)
        band = mask_trimap(decode_mask(mask) > 0)
        name = f"train/trimaps/{Path(row['mask_file_name']).name}"
        save(out / name, encode_png(band))
        manifest.add(file_name=row["file_name"], sha256=digest, trimap_file_name=name)
    manifest.write()


def matte(source: Path, out: Path) -> None:
    """Estimate the alpha by closed form with the mask as prior; photo and mask are copied."""
    import numpy as np

    from datakit.core.matting.alpha import estimate_alpha
    from datakit.core.matting.mask_prior import outline_prior
    from datakit.core.matting.trimaps import half_band_px, mask_trimap
    from datakit.io.pixels.decoders import decode_mask, decode_photo
    from datakit.io.pixels.images import encode_png

    manifest = Manifest(out)
    for row, photo, data, digest in labelled(source, out):
        mask = decode_mask(data) > 0
        prior = outline_prior(mask, half_band_px(mask.shape), exact=False)
        alpha = estimate_alpha(decode_photo(photo), mask_trimap(mask), prior)
        name = f"train/alphas/{Path(row['mask_file_name']).name}"
        save(out / name, encode_png(np.rint(alpha * 255).astype(np.uint8)))
        manifest.add(file_name=row["file_name"], sha256=digest, alpha_file_name=name)
    manifest.write()


def _fingerprints(source: Path, out: Path | None = None) -> list[Fingerprint]:
    """Hash and fingerprint the photos, and compare those that could be near-duplicates."""
    import numpy as np

    from datakit.core.similarity.duplicates import candidates, same_picture
    from datakit.core.similarity.hashing import THUMBNAIL_PX, fingerprint, thumbnail
    from datakit.core.similarity.picture_match import compare
    from datakit.io.pixels.decoders import decode_outline

    prints = [
        fingerprint(thumbnail(decode_outline(photo, "photo", side_px=2 * THUMBNAIL_PX)))
        for _, photo, _, _ in labelled(source, out)
    ]
    keys = np.array([one.key for one in prints], np.uint64)
    owners = np.repeat(np.arange(len(prints)), [len(one.probes) for one in prints])
    near = candidates(keys, np.concatenate([one.probes for one in prints]), owners)
    for one, other in zip(near.left.tolist(), near.right.tolist(), strict=True):
        same_picture(compare(prints[one].thumbnail, prints[other].thumbnail))
    return prints


def dedup(source: Path, out: Path) -> None:
    """Fingerprint and compare."""
    _fingerprints(source)


def split(source: Path, out: Path) -> None:
    """Fingerprint and compare, neighbours too: numbered photos may be a video. Copy everything."""
    from datakit.core.similarity.picture_match import compare

    prints = _fingerprints(source, out)
    neighbours = list(pairwise(prints))
    for one, other in neighbours[:: max(1, len(neighbours) // NEIGHBOURS)][:NEIGHBOURS]:
        compare(one.thumbnail, other.thumbnail)


def select(source: Path, out: Path) -> None:
    """Copy the chosen samples."""
    manifest = Manifest(out)
    for row in rows(source):
        if row["width"] <= 100:
            continue
        photo = (source / row["file_name"]).read_bytes()
        save(out / row["file_name"], photo)
        save(out / row["mask_file_name"], (source / row["mask_file_name"]).read_bytes())
        manifest.add(**row, sha256=hashlib.sha256(photo).hexdigest())
    manifest.write()


def report(source: Path, out: Path) -> None:
    """Read the rows, draw the pictures that the report has by default."""
    import cv2
    import numpy as np

    from datakit.core.images.contact_sheet import overlay
    from datakit.io.pixels.decoders import decode_mask, decode_small_photo
    from datakit.io.pixels.images import encode_jpeg

    found = list(rows(source))
    page = [msgspec.json.encode(row) for row in found]
    for row in found[:: -(-len(found) // THUMBNAILS)]:
        photo = (source / row["file_name"]).read_bytes()
        small = decode_small_photo(photo, "photo", side_px=THUMBNAIL_PX)
        scale = THUMBNAIL_PX / max(row["width"], row["height"])
        size_wh = round(row["width"] * scale), round(row["height"] * scale)
        tile = np.asarray(cv2.resize(small, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
        mask = decode_mask((source / row["mask_file_name"]).read_bytes())
        covered = cv2.resize(mask, size_wh, interpolation=cv2.INTER_AREA) > 127
        page.append(encode_jpeg(overlay(tile, covered), 75))
    save(out / "report.html", b"".join(page))


def diff(source: Path, out: Path, other: Path) -> None:
    """Compare photos by their bytes and masks by their pixels; score those that differ."""
    import numpy as np

    from datakit.core.metrics.mask_metrics import boundary_iou, iou
    from datakit.io.pixels.decoders import decode_mask

    pairs = zip(labelled(source), labelled(other), strict=True)
    for (_, photo, mask, _), (_, second, second_mask, _) in pairs:
        assert photo == second
        before, after = decode_mask(mask) > 0, decode_mask(second_mask) > 0
        if not np.array_equal(before, after):
            iou(before, after), boundary_iou(before, after)


def forget(source: Path, out: Path) -> None:
    """Hold every photo against the first, which must go."""
    from datakit.core.similarity.duplicates import same_picture
    from datakit.core.similarity.hashing import THUMBNAIL_PX, thumbnail
    from datakit.core.similarity.picture_match import compare
    from datakit.core.similarity.windows import SIDE_PX, window_correlation
    from datakit.io.pixels.decoders import decode_outline, decode_photo

    side = max(SIDE_PX, 2 * THUMBNAIL_PX)
    _, first, _, _ = next(labelled(source))
    query = decode_outline(first, "photo", side_px=side)
    small = thumbnail(query)
    for _, photo, _, _ in labelled(source):
        hashlib.sha256(decode_photo(photo)).hexdigest()
        outline = decode_outline(photo, "photo", side_px=side)
        if not same_picture(compare(small, thumbnail(outline))):
            window_correlation(query, outline)


def export(source: Path, out: Path) -> None:
    """Put the files into a tar, with the labels' pixels encoded anew."""
    import tarfile
    from io import BytesIO

    from datakit.io.pixels.decoders import decode_mask, decode_photo
    from datakit.io.pixels.images import encode_png

    manifest = Manifest(out)
    with tarfile.open(out / "train.tar", "w", format=tarfile.GNU_FORMAT) as tar:
        for row, photo, mask, digest in labelled(source):
            decode_photo(photo)
            stem = Path(row["file_name"]).stem
            members = {"jpg": photo, "mask.png": encode_png(decode_mask(mask))}
            members["json"] = msgspec.json.encode({"id": row["id"], "sha256": digest})
            for suffix, data in members.items():
                info = tarfile.TarInfo(f"{stem}.{suffix}")
                info.size = len(data)
                tar.addfile(info, BytesIO(data))
            manifest.add(file_name=stem, sha256=digest)
    manifest.write()


def run(source: Path, out: Path, other: Path) -> None:
    """The floors of the pipeline's two steps: coco2mask of an export, and trimap."""
    coco2mask(other, out / "coco2mask")
    trimap(out / "coco2mask", out / "trimap")


LIGHT: dict[str, Callable[..., None]] = {
    floor.__name__: floor
    for floor in (
        *(coco2mask, mask2coco, validate, stats, trimap, matte, dedup, split, select, report),
        *(diff, forget, export, run),
    )
}

if __name__ == "__main__":
    import cv2
    from limits_models import HEAVY

    from datakit.engine.worker import keep_freed_memory

    # As a worker does: one thread, and freed memory is used again.
    cv2.setNumThreads(0)
    keep_freed_memory()
    verb, *paths = sys.argv[1:]
    Path(paths[1]).mkdir(parents=True)
    (LIGHT | HEAVY)[verb](*map(Path, paths))
