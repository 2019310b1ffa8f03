"""What `datakit anonymize` finds, leaves and costs.

    python benchmarks/anonymize.py recall PORTRAITS   # faces found and masked, at several turns
    python benchmarks/anonymize.py variants PORTRAITS # masks, helmets, doors: hidden or released?
    python benchmarks/anonymize.py kinds DATA         # babies, profiles, sunglasses: real photos
    python benchmarks/anonymize.py thresholds PORTRAITS  # recall and false hits
    python benchmarks/anonymize.py stages PORTRAITS   # CPU milliseconds of each stage, 1080p
    python benchmarks/anonymize.py boundary PPM100    # soft pixels changed, photos for review
    python benchmarks/anonymize.py scale PORTRAITS    # sigma / IOD when photos are doubled
    python benchmarks/anonymize.py deblur PORTRAITS   # do faces come back after a Wiener filter?
    python benchmarks/anonymize.py speed PORTRAITS    # against deface, 1080p, alternating
    python benchmarks/anonymize.py workers PORTRAITS  # one worker against two

PORTRAITS and PPM100 are folders of photos that are not part of the repository; the faces of
PORTRAITS are annotated in tests/data/portrait_faces.json. DATA holds both and others: the kinds are
marked in tests/data/hard_faces.json, babies by the boxes of their own COCO file.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import face_variants
import numpy as np

from datakit.core.faces.crops import upright_crop
from datakit.core.faces.detections import Face, merge_detections
from datakit.core.masks.boxes import overlap
from datakit.core.matting.residue import clean_residue
from datakit.io.pixels import decoders, images
from datakit.models.faces.centerface import CenterFaceDetector
from datakit.models.faces.finder import FaceFinder
from datakit.models.faces.masks import CROP_PER_BOX, CROP_PX, FaceMasker
from datakit.models.faces.mediapipe import MediapipeDetector, MediapipeMesh
from datakit.models.segmenters.selfie import SelfieMatte
from datakit.verbs.anonymize.face_hiding import FaceHider, Hidden, Hiding
from datakit.verbs.anonymize.task import WIDE_ELLIPSE_GROWTH, WIDE_REGION

HARD = Path(__file__).parents[1] / "tests/data/hard_faces.json"
BABIES = "roboflow/babyface_boxes_emptyseg/valid"
FACES = Path(__file__).parents[1] / "tests/data/portrait_faces.json"
TURNS_DEG = (0, 45, 90, 180, 270)
LARGE_PX = 40
RELEASED = "released sharp"
PORTRAITS_VARIED = 23
SPEED_ROUNDS = 3
SMALLEST_VARIED_PX = 60
THRESHOLDS = [(low, 2.0) for low in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)]
THRESHOLDS += [(2.0, high) for high in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)]
THRESHOLDS += [(0.5, high) for high in (0.15, 0.2, 0.25, 0.3, 0.4)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=sorted(MEASURES))
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    MEASURES[args.what](args.folder)


def build(hiding: Hiding | None = None, region: str = "oval") -> tuple[FaceFinder, FaceHider]:
    detector, mesh = MediapipeDetector(), MediapipeMesh()
    finder = FaceFinder([detector, CenterFaceDetector()])
    wide = FaceMasker(mesh, WIDE_REGION, WIDE_ELLIPSE_GROWTH)
    masker = FaceMasker(mesh, region)
    hider = FaceHider(finder, masker, wide, detector, SelfieMatte(), hiding or Hiding())
    return finder, hider


def annotated(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for name, boxes in json.loads(FACES.read_text()).items():
        path = folder / name
        if path.is_file():
            yield (
                name,
                decoders.decode_photo(path.read_bytes(), name),
                np.array(boxes, float).reshape(-1, 4),
            )


def recall(folder: Path) -> None:
    """Share of annotated faces that are found (IoU > 0.3 or centre inside) and masked."""
    _, hider = build()
    for degrees in TURNS_DEG:
        count = dict.fromkeys(
            ("faces", "found", "large", "large_found", "masked", "extra", "mesh"), 0
        )
        review = residual = photos = 0
        missed = []
        for name, image, boxes in annotated(folder):
            turned, matrix = turn(image, degrees)
            hidden = hider.hide(turned)
            photos += 1
            review += bool(hidden.reasons)
            residual += sum(face.residual is not None for face in hidden.faces)
            centres = turn_points((boxes[:, :2] + boxes[:, 2:]) / 2, matrix)
            sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)
            found = found_faces(hidden.faces, centres, sides, boxes if degrees == 0 else None)
            masked = [
                hidden.mask[min(int(y), turned.shape[0] - 1), min(int(x), turned.shape[1] - 1)]
                for x, y in centres
            ]
            missed += [
                (name, tuple(box.astype(int)))
                for box, hit in zip(boxes, found, strict=True)
                if not hit
            ]
            count["faces"] += len(boxes)
            count["found"] += int(found.sum())
            count["large"] += int((sides >= LARGE_PX).sum())
            count["large_found"] += int((found & (sides >= LARGE_PX)).sum())
            count["masked"] += int(np.sum(masked))
            count["extra"] += max(0, len(hidden.faces) - len(boxes))
            count["mesh"] += sum(face.mask == "mesh" for face in hidden.faces)
        print(
            f"{degrees:3d} deg: {photos} photos, {count},",
            f"recall {count['found'] / count['faces']:.3f},",
            f">= {LARGE_PX} px {count['large_found'] / count['large']:.3f},",
            f"masked {count['masked'] / count['faces']:.3f},",
            f"residual hits {residual}, for review {review}, missed {missed[:6]}",
            flush=True,
        )


def variants(folder: Path) -> None:
    """Hard variants of 23 portraits: is the sharp face hidden, or does the photo wait?"""
    finder, hider = build()
    mesh = MediapipeMesh()
    tally: dict[str, Counter[str]] = {}
    varied = 0
    for name, image, boxes in annotated(folder):
        points = largest_mesh(finder, mesh, image, boxes) if varied < PORTRAITS_VARIED else None
        if points is None:
            continue
        varied += 1
        for kind, drawn, middle in face_variants.variants(image, points):
            outcome = outcome_at(hider.hide(drawn), middle)
            tally.setdefault(kind, Counter())[outcome] += 1
            if outcome == RELEASED:
                print(f"{name}: {kind}", flush=True)
    for kind, row in tally.items():
        print(f"{kind}: {dict(row)}")


def kinds(folder: Path) -> None:
    """Marked faces of hard kinds in real photos: hidden, in a photo that waits, or released?"""
    _, hider = build()
    for kind, photos in marked_kinds(folder).items():
        tally: Counter[str] = Counter()
        for name, middles in photos.items():
            image = decoders.decode_photo((folder / name).read_bytes(), name)
            hidden = hider.hide(image)
            size = np.array(image.shape[1::-1])
            # Where there is no face to mark (a back), the photo as a whole waits or is released.
            outcomes = [outcome_at(hidden, np.array(middle) * size) for middle in middles]
            for outcome in outcomes or [outcome_at(hidden, None)]:
                tally[outcome] += 1
                if outcome == RELEASED:
                    print(f"{kind}: {name}", flush=True)
        print(f"{kind}: {len(photos)} photos, {dict(tally)}", flush=True)


def marked_kinds(folder: Path) -> dict[str, dict[str, list[list[float]]]]:
    """Return kind -> photo -> the middle of each face, in shares of the photo's sides."""
    table = json.loads((folder / BABIES / "_annotations.coco.json").read_text())
    face = next(row["id"] for row in table["categories"] if row["name"] == "baby")
    rows = {row["id"]: row for row in table["images"]}
    babies: dict[str, list[list[float]]] = {}
    for found in table["annotations"]:
        row = rows[found["image_id"]]
        name = f"{BABIES}/{row['file_name']}"
        if found["category_id"] == face and (folder / name).is_file():
            x, y, width, height = map(float, found["bbox"])
            middle = [(x + width / 2) / row["width"], (y + height / 2) / row["height"]]
            babies.setdefault(name, []).append(middle)
    return {"baby": babies, **json.loads(HARD.read_text())}


def outcome_at(hidden: Hidden, middle: np.ndarray | None) -> str:
    if middle is not None:
        x, y = np.clip(middle, 0, np.array(hidden.mask.shape[::-1]) - 1).astype(int)
        if hidden.mask[y, x]:
            return "hidden"
    return "waits" if hidden.reasons or not hidden.faces else RELEASED


def largest_mesh(
    finder: FaceFinder, mesh: MediapipeMesh, image: np.ndarray, boxes: np.ndarray
) -> np.ndarray | None:
    """Return the landmarks of the largest annotated face, (468, 2); None below 60 px."""
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)
    if not len(sides) or sides.max() < SMALLEST_VARIED_PX:
        return None
    box = boxes[int(np.argmax(sides))]
    centre = (box[:2] + box[2:]) / 2
    for found in FaceMasker(mesh, "oval").masks(image, finder.find(image)):
        if found.covers(centre) and found.mesh_offset_iod is not None:
            member = found.face.members[0]
            middle = (member.box_xyxy[:2] + member.box_xyxy[2:]) / 2
            crop = upright_crop(
                image, middle, CROP_PER_BOX * member.side_px, found.roll_rad, CROP_PX
            )
            points = mesh.landmarks(crop.image)
            return None if points is None else crop.points_to_image(points)[:, :2]
    return None


def thresholds(folder: Path) -> None:
    """Recall (167 faces) and boxes without an annotated face, upright photos."""
    mediapipe, centerface = MediapipeDetector(0.1), CenterFaceDetector(0.1)
    seen = [
        (
            boxes,
            mediapipe.detect(image) + mediapipe.detect_closely(image),
            centerface.detect(image),
        )
        for _, image, boxes in annotated(folder)
    ]
    for low, high in THRESHOLDS:
        found = total = extra = 0
        for boxes, first, second in seen:
            chosen = [hit for hit in first if hit.score >= low]
            chosen += [hit for hit in second if hit.score >= high]
            faces = merge_detections(chosen)
            centres = (boxes[:, :2] + boxes[:, 2:]) / 2
            sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)
            found += int(found_faces(faces, centres, sides, boxes).sum())
            total += len(boxes)
            extra += sum(is_extra(face, centres, sides) for face in faces)
        print(f"mediapipe {low}, centerface {high}: {found}/{total}, false or unmarked {extra}")


def is_extra(face: Face, centres: np.ndarray, sides: np.ndarray) -> bool:
    box = face.box_xyxy
    apart = np.abs((box[:2] + box[2:]) / 2 - centres).max(axis=1, initial=0)
    return not (apart <= np.maximum(sides, (box[2:] - box[:2]).max()) / 2).any()


def stages(folder: Path) -> None:
    """CPU milliseconds a photo of each stage, one thread, 10 photos of 1080p's area."""
    with tempfile.TemporaryDirectory() as scratch:
        photos = [
            decoders.decode_photo(path.read_bytes())
            for path in photos_1080p(folder, Path(scratch), 10)
        ]
    detector, centerface, people = MediapipeDetector(), CenterFaceDetector(), SelfieMatte()
    finder, hider = build()
    masker = FaceMasker(MediapipeMesh(), "oval")
    found = [finder.find(photo, people.coarse(photo) >= 0.5) for photo in photos]
    for name, work in (
        ("people", lambda k: people.coarse(photos[k])),
        ("mediapipe, whole and large tiles", lambda k: detector.detect(photos[k])),
        ("mediapipe, small tiles", lambda k: detector.detect_closely(photos[k])),
        ("centerface, upright", lambda k: centerface.detect(photos[k])),
        ("all detectors, all turns", lambda k: finder.find(photos[k])),
        (
            "the same, people known",
            lambda k: finder.find(photos[k], people.coarse(photos[k]) > 0.5),
        ),
        ("masks", lambda k: masker.masks(photos[k], found[k])),
        ("everything", lambda k: hider.hide(photos[k])),
    ):
        work(0)
        took = []
        for k in range(len(photos)):
            started = time.process_time()
            work(k)
            took.append(1000 * (time.process_time() - started))
        print(f"{name}: median {statistics.median(took):.0f} ms, mean {statistics.mean(took):.0f}")


def found_faces(faces, centres, sides, boxes) -> np.ndarray:
    """Tell for each annotated face whether a found box holds its centre, or lies around it."""
    if not len(centres):
        return np.zeros(0, bool)
    if not faces:
        return np.zeros(len(centres), bool)
    seen = np.array([face.box_xyxy for face in faces], float)
    middle = (seen[:, :2] + seen[:, 2:]) / 2
    near = np.abs(middle[None] - centres[:, None]).max(axis=2) <= sides[:, None] / 2
    if boxes is not None:
        near |= overlap(boxes, seen)[0] > 0.3
    return near.any(axis=1)


def turn(image: np.ndarray, degrees: int) -> tuple[np.ndarray, np.ndarray]:
    """Turn a photo about its centre on a canvas that holds all of it; also return the matrix."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    reach = np.abs(matrix[:, :2]) @ (width, height)
    size = np.ceil(np.round(reach, 6)).astype(int)
    matrix[:, 2] += size / 2 - np.array([width, height]) / 2
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(image, degrees // 90)), matrix
    return cv2.warpAffine(
        image, matrix, tuple(int(s) for s in size), borderMode=cv2.BORDER_REPLICATE
    ), matrix


def turn_points(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


def boundary(folder: Path) -> None:
    """Soft pixels that change when a matte is given (image/ and alpha/ of equal names)."""
    _, hider = build()
    changed = soft_all = inside = 0
    for path in sorted((folder / "image").iterdir()):
        image = decoders.decode_photo(path.read_bytes(), path.name)
        alpha = decoders.decode_alpha((folder / "alpha" / path.name).read_bytes(), path.name)
        started = time.process_time()
        hidden = hider.hide(image, alpha)
        seconds = time.process_time() - started
        differs = (hidden.image != image).any(axis=2)
        edge = clean_residue(alpha)
        soft = (edge > 0) & (edge < 1)
        inside += sum(face.original_px_inside for face in hidden.faces)
        changed += int((differs & soft).sum())
        soft_all += int(soft.sum())
        outside = int((differs & ~hidden.mask).sum())
        print(
            path.name,
            image.shape[:2],
            f"{seconds:.1f} s, {len(hidden.faces)} faces, removed",
            [face.removed for face in hidden.faces],
            "residual",
            [f.residual for f in hidden.faces],
            f"outside mask changed {outside}",
            *hidden.reasons,
            flush=True,
        )
    print(f"pixels of the soft edge {soft_all}, changed {changed}; original ones inside {inside}")


def scale(folder: Path) -> None:
    """IOD of doubled photos: at ratio 1.0 the blur grows with the face."""
    finder, _ = build()
    masker = FaceMasker(MediapipeMesh(), "oval")
    ratios = []
    for _, image, boxes in annotated(folder):
        if len(boxes) != 1 or max(image.shape) > 1300:
            continue
        double = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        one, two = (
            best_iod(masker, photo, finder.find(photo), boxes * k)
            for k, photo in ((1, image), (2, double))
        )
        if one and two:
            ratios.append(two / one / 2)
    print(
        f"{len(ratios)} portraits: IOD(2x) / 2 IOD(1x) median {statistics.median(ratios):.4f}, "
        f"min {min(ratios):.4f}, max {max(ratios):.4f}"
    )


def best_iod(
    masker: FaceMasker, image: np.ndarray, faces: tuple[Face, ...], boxes: np.ndarray
) -> float | None:
    centre = (boxes[0, :2] + boxes[0, 2:]) / 2
    for found in masker.masks(image, faces):
        if found.covers(centre):
            return found.iod_px
    return None


def deblur(folder: Path) -> None:
    """Blurred faces that a detector finds again after a Wiener filter of the true sigma."""
    detector, _ = MediapipeDetector(), None
    for sigma_iod in (0.25, 0.5, 0.75, 1.0):
        _, hider = build(Hiding(sigma_iod=sigma_iod))
        back = total = 0
        for _, image, boxes in annotated(folder):
            if len(boxes) != 1:
                continue
            hidden = hider.hide(image)
            face = max(hidden.faces, key=lambda face: face.mask_px)
            restored = wiener(hidden.image, hidden.mask, face.sigma_px or 1.0)
            x0, y0, x1, y1 = face.box_xyxy
            grow = (x1 - x0) // 2
            crop = restored[max(0, y0 - grow) : y1 + grow, max(0, x0 - grow) : x1 + grow]
            back += bool(detector.detect_whole(np.ascontiguousarray(crop)))
            total += 1
        print(f"sigma {sigma_iod} IOD: {back} of {total} faces detected again", flush=True)


def wiener(image: np.ndarray, mask: np.ndarray, sigma_px: float, noise: float = 1e-3) -> np.ndarray:
    height, width = image.shape[:2]
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]
    transfer = np.exp(-2 * (np.pi * sigma_px) ** 2 * (fx**2 + fy**2))
    filtered = transfer / (transfer**2 + noise)
    restored = image.copy()
    for channel in range(3):
        spectrum = np.fft.fft2(image[..., channel].astype(float))
        plane = np.real(np.fft.ifft2(spectrum * filtered))
        restored[..., channel][mask] = np.clip(plane, 0, 255).astype(np.uint8)[mask]
    return restored


def photos_1080p(folder: Path, target: Path, count: int) -> list[Path]:
    """Write photos with faces, enlarged or shrunk to 1920 x 1080 or the same area upright."""
    written: list[Path] = []
    for name, image, boxes in annotated(folder):
        if len(boxes) and len(written) < count:
            side = np.sqrt(1920 * 1080 / (image.shape[0] * image.shape[1]))
            resized = cv2.resize(
                image,
                None,
                fx=side,
                fy=side,
                interpolation=cv2.INTER_AREA if side < 1 else cv2.INTER_CUBIC,
            )
            path = target / f"{len(written):03d}_{Path(name).stem[:20]}.jpg"
            path.write_bytes(images.encode_jpeg(resized, 92))
            written.append(path)
    return written


def speed(folder: Path) -> None:
    """CPU and wall seconds of datakit (one worker) and of deface on the same photos, alternating.

    DEFACE names the program; without it the one beside this Python, which runs onnxruntime where
    that is installed (deface's plain installation runs OpenCV).
    """
    deface = os.environ.get("DEFACE", str(Path(sys.executable).with_name("deface")))
    with tempfile.TemporaryDirectory() as scratch:
        photos = photos_1080p(folder, make(scratch, "in"), 30)
        ratios = []
        for round_ in range(SPEED_ROUNDS):
            ours = timed(
                [
                    sys.executable,
                    "-m",
                    "datakit",
                    "anonymize",
                    f"{scratch}/in",
                    "-o",
                    f"{scratch}/ours{round_}",
                    "--workers",
                    "1",
                    "-q",
                ]
            )
            theirs = timed([deface, *map(str, photos)])
            for path in Path(scratch, "in").glob("*_anonymized*"):
                path.unlink()
            ratios.append([slow / fast for slow, fast in zip(theirs, ours, strict=True)])
            print(
                "wall and CPU seconds a photo: datakit",
                *(f"{spent / len(photos):.2f}" for spent in ours),
                "deface",
                *(f"{spent / len(photos):.2f}" for spent in theirs),
                "speed {:.2f}x, {:.2f}x".format(*ratios[-1]),
                flush=True,
            )
        wall, cpu = (statistics.median(column) for column in zip(*ratios, strict=True))
        print(f"median of deface: wall {wall:.2f}x, CPU {cpu:.2f}x")


def workers(folder: Path) -> None:
    """Wall time of one worker against two on the same photos, start-up included and taken off."""
    with tempfile.TemporaryDirectory() as scratch:
        photos = photos_1080p(folder, make(scratch, "in"), 24)
        single = make(scratch, "single")
        (single / photos[0].name).write_bytes(photos[0].read_bytes())
        for round_ in range(2):
            took = {}
            for name, source in (("start", "single"), ("one", "in"), ("two", "in")):
                count = "2" if name == "two" else "1"
                took[name], _ = timed(
                    [
                        sys.executable,
                        "-m",
                        "datakit",
                        "anonymize",
                        f"{scratch}/{source}",
                        "-o",
                        f"{scratch}/{name}{round_}",
                        "--workers",
                        count,
                        "-q",
                    ]
                )
            work = [took[name] - took["start"] for name in ("one", "two")]
            print(
                f"1 worker {took['one']:.1f} s, 2 workers {took['two']:.1f} s,",
                f"of which start {took['start']:.1f} s: {took['one'] / took['two']:.2f}x,",
                f"without start {work[0] / work[1]:.2f}x",
                flush=True,
            )


def make(scratch: str, name: str) -> Path:
    folder = Path(scratch, name)
    folder.mkdir()
    return folder


def timed(command: list[str]) -> tuple[float, float]:
    """Run a command; return its wall and its CPU seconds, those of its own processes included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr.decode())
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


MEASURES = {
    "recall": recall,
    "variants": variants,
    "kinds": kinds,
    "thresholds": thresholds,
    "stages": stages,
    "boundary": boundary,
    "scale": scale,
    "deblur": deblur,
    "speed": speed,
    "workers": workers,
}

if __name__ == "__main__":
    main()
