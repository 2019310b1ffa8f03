"""Hard variants of portraits: what people wear, hold, stand behind, and how they are cropped.

Each takes a photo and the mesh of its largest face, and draws over it. The faces stay sharp: a
release of one in which the face is neither hidden nor waits for a person is a leak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import cv2
import numpy as np

Photo = np.ndarray
Points = np.ndarray

FOREHEAD, CHIN, NOSE, NOSE_BRIDGE = 10, 152, 1, 168
RIGHT_SIDE, LEFT_SIDE = 234, 454
EYES = (33, 263)
MASK_OUTLINE = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365)
MASK_OUTLINE += (397, 288, 361, 323, 454, 280, 195, 50)


def sunglasses(photo: Photo, mesh: Points) -> Photo:
    """Dark lenses over both eyes, joined over the nose."""
    drawn, across = photo.copy(), mesh[EYES[1]] - mesh[EYES[0]]
    width = float(np.linalg.norm(across))
    angle = float(np.rad2deg(np.arctan2(across[1], across[0])))
    for eye in ((33, 133), (263, 362)):
        centre = mesh[list(eye)].mean(axis=0)
        lens = (tuple(map(float, centre)), (width * 0.5, width * 0.38), angle)
        cv2.ellipse(drawn, lens, (18, 18, 22), -1, cv2.LINE_AA)
    ends = [tuple(int(v) for v in mesh[k]) for k in (RIGHT_SIDE, LEFT_SIDE)]
    cv2.line(drawn, *ends, (18, 18, 22), max(1, int(width * 0.07)), cv2.LINE_AA)
    return drawn


def surgical_mask(photo: Photo, mesh: Points) -> Photo:
    """A pale mask from the bridge of the nose to below the chin."""
    drawn = photo.copy()
    outline = mesh[list(MASK_OUTLINE)].copy()
    outline[outline[:, 1] > mesh[NOSE, 1]] += (mesh[CHIN] - mesh[NOSE]) * 0.12
    cv2.fillPoly(drawn, [np.int32(outline)], (172, 200, 214), cv2.LINE_AA)
    return drawn


def mask_and_sunglasses(photo: Photo, mesh: Points) -> Photo:
    return sunglasses(surgical_mask(photo, mesh), mesh)


def helmet(photo: Photo, mesh: Points) -> Photo:
    """A motorcycle helmet: all of the head but a slit for the eyes."""
    drawn = photo.copy()
    centre, height = mesh.mean(axis=0), float(np.linalg.norm(mesh[CHIN] - mesh[FOREHEAD]))
    shell = (tuple(map(float, centre - [0, height * 0.12])), (height * 1.35, height * 1.7), 0.0)
    cv2.ellipse(drawn, shell, (150, 30, 30), -1, cv2.LINE_AA)
    eyes = mesh[list(EYES)].mean(axis=0)
    half = np.array([height * 0.5, height * 0.16])
    (x0, y0), (x1, y1) = np.int32(np.clip(eyes - half, 0, None)), np.int32(eyes + half)
    drawn[y0:y1, x0:x1] = photo[y0:y1, x0:x1]
    return drawn


def behind_a_door(photo: Photo, mesh: Points) -> Photo:
    """Everything to one side of the nose is behind a plain surface."""
    drawn = photo.copy()
    drawn[:, : max(1, int(mesh[NOSE_BRIDGE, 0]))] = (196, 188, 176)
    return drawn


def behind_a_hand(photo: Photo, mesh: Points) -> Photo:
    """A skin-coloured blot over mouth and nose."""
    drawn = photo.copy()
    height = float(np.linalg.norm(mesh[CHIN] - mesh[FOREHEAD]))
    colour = photo[tuple(np.int32(np.clip(mesh[205], 0, None))[::-1] % photo.shape[:2])]
    centre = tuple(map(float, mesh[[NOSE, CHIN]].mean(axis=0)))
    cv2.ellipse(drawn, (centre, (height * 0.9, height * 0.62), 12.0), colour.tolist(), -1)
    return drawn


def hood(photo: Photo, mesh: Points) -> Photo:
    """A dark brim down to the eyes, and cloth on both sides."""
    drawn = photo.copy()
    height = float(np.linalg.norm(mesh[CHIN] - mesh[FOREHEAD]))
    shell = np.zeros(photo.shape[:2], np.uint8)
    centre = mesh.mean(axis=0)
    outer = (tuple(map(float, centre - [0, height * 0.15])), (height * 1.5, height * 1.9), 0.0)
    inner = (
        tuple(map(float, centre + np.array([0, height * 0.22]))),
        (height * 0.72, height * 0.8),
        0.0,
    )
    cv2.ellipse(shell, outer, 1, -1)
    cv2.ellipse(shell, inner, 0, -1)
    drawn[shell > 0] = (34, 36, 44)
    return drawn


def back_of_a_head(photo: Photo, mesh: Points) -> Photo:
    """The hair above the forehead, stretched over all of the face: no face is left to be found."""
    drawn = photo.copy()
    height = float(np.linalg.norm(mesh[CHIN] - mesh[FOREHEAD]))
    centre, half = mesh.mean(axis=0) - [0, height * 0.1], height * 0.75
    top = mesh[FOREHEAD] - [0, height * 0.12]
    size = np.array(photo.shape[1::-1])
    (x0, y0), (x1, y1) = np.int32(np.clip([top - height * 0.1, top + height * 0.1], 0, size - 1))
    hair = photo[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    (u0, v0), (u1, v1) = np.int32(np.clip([centre - half, centre + half], 0, size))
    patch = cv2.resize(hair, (int(u1 - u0), int(v1 - v0)), interpolation=cv2.INTER_CUBIC)
    shape = np.zeros(photo.shape[:2], np.uint8)
    cv2.ellipse(shape, (tuple(map(float, centre)), (height * 1.1, height * 1.45), 0.0), 1, -1)
    inside = shape[v0:v1, u0:u1] > 0
    drawn[v0:v1, u0:u1][inside] = patch[inside]
    return drawn


def close_up(photo: Photo, mesh: Points) -> Photo:
    """Only brows to mouth are left of the photo."""
    low, high = mesh.min(axis=0), mesh.max(axis=0)
    inset = (high - low) * [0.04, 0.16]
    size = photo.shape[1::-1]
    x0, y0 = np.int32(np.clip(low + inset, 0, [size[0] - 2, size[1] - 2]))
    x1, y1 = np.int32(np.clip(high - inset, [x0 + 1, y0 + 1], size))
    return np.ascontiguousarray(photo[y0:y1, x0:x1])


VARIANTS: Mapping[str, Callable[[Photo, Points], Photo]] = {
    "sunglasses": sunglasses,
    "surgical mask": surgical_mask,
    "mask and sunglasses": mask_and_sunglasses,
    "helmet": helmet,
    "behind a door": behind_a_door,
    "behind a hand": behind_a_hand,
    "hood": hood,
    "close-up": close_up,
    "back of a head": back_of_a_head,
}


def variants(photo: Photo, mesh: Points) -> Iterator[tuple[str, Photo, Points]]:
    """Yield (name, photo, where the middle of the sharp face is, in its pixels)."""
    for name, draw in VARIANTS.items():
        drawn = draw(photo, mesh)
        if name == "close-up":
            yield name, drawn, np.array(drawn.shape[1::-1]) / 2
        elif name == "behind a door":
            yield name, drawn, mesh[[263, 280]].mean(axis=0)
        elif name == "hood":
            height = float(np.linalg.norm(mesh[CHIN] - mesh[FOREHEAD]))
            yield name, drawn, mesh.mean(axis=0) + np.array([0, height * 0.22])
        else:
            yield name, drawn, mesh[NOSE_BRIDGE]
