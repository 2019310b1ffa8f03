"""`anonymize` on real photos: recall, guards, residuals, sizes. Skipped where they are absent."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from datakit.core.faces.turning import turn_image
from datakit.core.matting.residue import clean_residue
from datakit.io.pixels import decoders

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")

FACES = json.loads((Path(__file__).parents[1] / "data/portrait_faces.json").read_text())
QUICK = (
    "dlib_faces_boxes/2008_002506.jpg",
    "kodak/kodim04.png",
    "kodak/kodim12.png",
    "vladmandic_human_samples/stock-teen-3.jpg",
    "skimage_nasa/astronaut.png",
)


@pytest.fixture(scope="module")
def parts():
    from datakit.models.faces.centerface import CenterFaceDetector
    from datakit.models.faces.finder import FaceFinder
    from datakit.models.faces.masks import FaceMasker
    from datakit.models.faces.mediapipe import MediapipeDetector, MediapipeMesh
    from datakit.models.segmenters.selfie import SelfieMatte
    from datakit.verbs.anonymize.face_hiding import FaceHider, Hiding

    detector, mesh = MediapipeDetector(), MediapipeMesh()
    finder, masker = FaceFinder([detector, CenterFaceDetector()]), FaceMasker(mesh, "oval")
    wide = FaceMasker(mesh, "head")
    hider = FaceHider(finder, masker, wide, detector, SelfieMatte(), Hiding())
    return finder, masker, hider


def photo(shared_data, name):
    path = shared_data / "portraits" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return decoders.decode_photo(path.read_bytes(), name)


def check(parts, image, boxes, turned=None):
    """Return how many annotated faces are masked, and the hidden photo."""
    hidden = parts[2].hide(image)
    assert (hidden.image[~hidden.mask] == image[~hidden.mask]).all()
    assert all(face.mask != "none" and face.mask_px for face in hidden.faces)
    assert hidden.reasons or all(face.residual is None for face in hidden.faces)
    boxes = np.array(boxes, float).reshape(-1, 4)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    if turned is not None:
        # A turn without scaling is undone by its transpose.
        centres = (centres - turned.to_image[:, 2]) @ turned.to_image[:, :2]
    return sum(bool(hidden.mask[int(y), int(x)]) for x, y in centres), hidden


@pytest.mark.parametrize("degrees", [0, 45, 90, 180])
def test_portraits_are_masked_at_every_turn(parts, shared_data, degrees):
    for name in QUICK[:1] if degrees in (90, 180) else QUICK:
        turned = turn_image(photo(shared_data, name), degrees)
        masked, hidden = check(parts, turned.image, FACES[name], turned)
        assert masked == len(FACES[name]), name
        assert not hidden.reasons, name


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [0, 45, 90, 180, 270])
def test_recall_on_all_photos(parts, shared_data, degrees):
    masked = total = 0
    for name, boxes in FACES.items():
        turned = turn_image(photo(shared_data, name), degrees)
        masked += check(parts, turned.image, boxes, turned)[0]
        total += len(boxes)
    assert masked >= 0.98 * total


@pytest.mark.parametrize("name", ["kodak/kodim02.png", "skimage_nasa/coffee.png"])
def test_a_door_and_a_cup_have_no_face(parts, shared_data, name):
    assert not parts[2].hide(photo(shared_data, name)).faces


def test_blur_grows_with_the_photo(parts, shared_data):
    finder, masker, _ = parts
    for name in ("skimage_nasa/astronaut.png", "kodak/kodim18.png"):
        small = photo(shared_data, name)
        large = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        one, two = (masker.masks(image, finder.find(image))[0].iod_px for image in (small, large))
        assert two / one == pytest.approx(2, rel=0.05)


def test_soft_pixels_of_a_hand_made_matte_do_not_change(parts, shared_data):
    folder = shared_data / "matting/ppm100"
    for name in ("17692337940_44dfe102df_o.jpg", "562923769_48519f411e_o.jpg"):
        image = decoders.decode_photo((folder / "image" / name).read_bytes())
        alpha = decoders.decode_alpha((folder / "alpha" / name).read_bytes())
        hidden = parts[2].hide(image, alpha)
        # Residue of compression is no edge: it is hidden with the face.
        cleaned = clean_residue(alpha)
        soft = (cleaned > 0) & (cleaned < 1)
        assert (hidden.image[soft] == image[soft]).all()
        # The face of the second one holds such residue: it is hidden all the same.
        assert not hidden.reasons
