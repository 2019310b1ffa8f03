"""Telling people apart by their faces: pairs, thresholds, and drawn variants of sitters.

    python benchmarks/people.py pairs FACE_MODEL WEIGHTS SITTERS.csv PHOTOS...
    python benchmarks/people.py variants FACE_MODEL WEIGHTS PHOTOS...    # drawn, of 24 sitters
    python benchmarks/people.py counts PHOTOS...      # the column `people`

SITTERS.csv has photo,sitter,x,y: whose face it is whose middle lies nearest to (x, y), in shares
of the photo. Every other face of PHOTOS is taken for another person, each photo's for its own. A
photo with two faces of one sitter is a collage: each of its faces counts as a photo of its own.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import cv2
import numpy as np

from datakit.core.faces.identities import same_people, similarity
from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_photo
from datakit.io.store.files import FileRef
from datakit.verbs.shared.people_detection import DetectPeople, People

LONGER_PX, VARIED = 1000, 24
FALSE_ACCEPTS = (1e-2, 1e-3, 3e-4, 1e-4)
VARIANTS = {
    "mirrored": lambda i: np.ascontiguousarray(i[:, ::-1]),
    "darker by 30 %": lambda i: (i * 0.7).astype(np.uint8),
    "JPEG 30": lambda i: cv2.imdecode(cv2.imencode(".jpg", i, [1, 30])[1], cv2.IMREAD_COLOR),
    "half the size": lambda i: cv2.resize(i, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "leaning by 15 degrees": lambda i: cv2.warpAffine(
        i,
        cv2.getRotationMatrix2D((i.shape[1] / 2, i.shape[0] / 2), 15, 1),
        (i.shape[1], i.shape[0]),
    ),
}


def shrunk(path: str) -> np.ndarray:
    photo = decode_photo(Path(path).read_bytes(), path)
    scale = min(1.0, LONGER_PX / max(photo.shape[:2]))
    return cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def looked(look: DetectPeople, photo: np.ndarray, folder: Path) -> People:
    (folder / "photo.png").write_bytes(images.encode_png(photo))
    return look(Item("photo.png", "photo", "photo.png", FileRef(str(folder), "photo.png")))


def auc(same: np.ndarray, other: np.ndarray) -> float:
    order = np.searchsorted(np.sort(other), same, side="left")
    ties = np.searchsorted(np.sort(other), same, side="right") - order
    return float((order + ties / 2).mean() / len(other))


def pairs(model: str, weights: str, sitters: str, photos: list[str], folder: Path) -> None:
    look = DetectPeople(model, (weights,))
    named = {}
    for row in csv.DictReader(Path(sitters).read_text().splitlines()):
        named.setdefault(row["photo"], []).append((row["sitter"], float(row["x"]), float(row["y"])))
    vectors, people, place, photo_numbers = [], [], [], []
    for at, path in enumerate(photos):
        photo = shrunk(path)
        faces = looked(look, photo, folder).faces
        middles = np.array([np.add(f.box_xyxy[:2], f.box_xyxy[2:]) / 2 for f in faces])
        owner = {}
        for sitter, x, y in named.get(Path(path).name, ()) if faces else ():
            wanted = np.multiply([x, y], photo.shape[1::-1])
            owner[int(np.abs(middles - wanted).sum(axis=1).argmin())] = sitter
        collage = len(set(owner.values())) < len(owner)
        for number, face in enumerate(faces):
            vectors.append(face.vector)
            people.append(owner.get(number, f"{at}/{number}"))
            place.append(at)
            photo_numbers.append(at + number / 1000 if collage else at)
        print(path, len(faces), flush=True)
    contract = look._embedder.contract
    stacked = np.stack(vectors)
    _, photo_of = np.unique(photo_numbers, return_inverse=True)
    score = similarity(stacked, stacked, contract.distance)
    one, two = np.triu_indices(len(stacked), 1)
    apart = photo_of[one] != photo_of[two]
    equal = np.array([people[i] == people[j] for i, j in zip(one, two, strict=True)])
    same, other = score[one, two][apart & equal], score[one, two][apart & ~equal]
    print(f"{len(stacked)} faces, {len(same)} pairs of one sitter, {len(other):,} of different")
    print(f"AUC {auc(same, other):.4f}; lowest of one sitter {same.min():.3f}")
    for rate in FALSE_ACCEPTS:
        limit = np.quantile(other, 1 - rate)
        print(f"| {rate:g} | {limit:.3f} | {(same >= limit).mean():.3f} |")
    for limit in np.arange(0.5, 0.76, 0.02):
        found = (same >= limit).mean()
        print(f"limit {limit:.2f}: found {found:.3f}, false accepts {(other >= limit).mean():.6f}")
    for limit in (contract.threshold, *np.arange(0.54, 0.7, 0.02).round(2)):
        group = same_people(stacked, photo_of, contract.distance, limit)
        homes, members = {}, {}
        for person, home in zip(people, group.tolist(), strict=True):
            homes.setdefault(person, set()).add(home)
            members.setdefault(home, []).append(person)
        torn = sorted(person for person, found in homes.items() if len(found) > 1)
        joined = sum(len(set(found)) > 1 for found in members.values())
        print(
            f"groups at {limit}: torn {torn}, {joined} groups of several people, the largest has "
            f"{max(map(len, members.values()))} faces"
        )
    worst = sorted(
        (
            (score[i, j], photos[place[i]], photos[place[j]])
            for i, j in zip(one, two, strict=True)
            if photo_of[i] != photo_of[j] and people[i] != people[j]
        ),
        reverse=True,
    )[:12]
    for row in worst:
        print(*row)


def variants(model: str, weights: str, photos: list[str], folder: Path) -> None:
    look = DetectPeople(model, (weights,))
    plain, drawn = [], {name: [] for name in VARIANTS}
    for path in photos:
        photo = shrunk(path)
        faces = looked(look, photo, folder).faces
        if len(faces) != 1 or len(plain) == VARIED:
            continue
        plain.append(faces[0].vector)
        for name, change in VARIANTS.items():
            again = looked(look, change(photo), folder).faces
            if len(again) == 1:
                drawn[name].append((len(plain) - 1, again[0].vector))
    contract = look._embedder.contract
    stacked = np.stack(plain)
    other = similarity(stacked, stacked, contract.distance)[np.triu_indices(len(stacked), 1)]
    for name, found in drawn.items():
        scores = np.array(
            [similarity(stacked[[i]], v[None], contract.distance)[0, 0] for i, v in found]
        )
        print(
            f"{name}: {len(scores)} sitters, lowest {scores.min():.3f}, "
            f"AUC {auc(scores, other):.4f}, "
            f"at the limit {(scores >= contract.threshold).mean():.3f}"
        )


def counts(photos: list[str], folder: Path) -> None:
    look = DetectPeople()
    for path in photos:
        print(path, looked(look, shrunk(path), folder).count, flush=True)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        if sys.argv[1] == "pairs":
            pairs(*sys.argv[2:5], sys.argv[5:], Path(scratch))
        elif sys.argv[1] == "variants":
            variants(*sys.argv[2:4], sys.argv[4:], Path(scratch))
        else:
            counts(sys.argv[2:], Path(scratch))
