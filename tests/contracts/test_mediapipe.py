"""The ports of MediaPipe's graphs against MediaPipe itself, where the extra `reference` is there.

On the portraits of the project, and on fifty photos where ../shared/data is there.
"""

from __future__ import annotations

import warnings
from itertools import islice

import cv2
import numpy as np
import pytest

from datakit.core.faces.crops import upright_crop
from datakit.errors import InputError
from datakit.io.pixels import decoders
from datakit.models.faces.mediapipe import MediapipeDetector, MediapipeMesh
from datakit.models.segmenters.selfie import SelfieMatte

PHOTOS = 50
# The graph of the full-range detector keeps this threshold, whatever it is asked for.
GRAPH_THRESHOLD = 0.6
BOX_PX, MESH_PX, MATTE = 0.01, 0.01, 0.001


@pytest.fixture(scope="module")
def solutions():
    pytest.importorskip("mediapipe", reason="the extra 'reference' is not installed")
    if not cv2.__version__.startswith("4.11."):
        pytest.skip(f"figures hold for OpenCV 4.11, not {cv2.__version__}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mediapipe.python.solutions import face_detection, face_mesh, selfie_segmentation
    return (
        face_detection.FaceDetection(model_selection=1),
        face_mesh.FaceMesh(static_image_mode=True, min_detection_confidence=0.3),
        selfie_segmentation.SelfieSegmentation(model_selection=0),
    )


@pytest.fixture(scope="module")
def ports():
    return MediapipeDetector(GRAPH_THRESHOLD), MediapipeMesh(), SelfieMatte()


def compare(pictures, solutions, ports):
    """Return the largest differences of boxes, meshes and mattes; the counts must be equal."""
    worst = {"box": 0.0, "mesh": 0.0, "matte": 0.0}
    detector, mesh, matte = ports
    for name, image in pictures:
        height, width = image.shape[:2]
        ours, theirs = detector.detect_whole(image), solutions[0].process(image).detections or []
        assert len(ours) == len(theirs), name
        for found, seen in zip(ours, theirs, strict=True):
            box = seen.location_data.relative_bounding_box
            corners = [box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height]
            expected = np.array(corners) * [width, height, width, height]
            assert found.score == pytest.approx(seen.score[0], abs=1e-5)
            worst["box"] = max(worst["box"], float(np.abs(found.box_xyxy - expected).max()))
            middle = (found.box_xyxy[:2] + found.box_xyxy[2:]) / 2
            crop = upright_crop(image, middle, 2 * found.side_px, found.roll_rad, 256).image
            points, known = mesh.landmarks(crop), solutions[1].process(crop).multi_face_landmarks
            assert (points is None) == (not known), name
            if points is not None:
                expected = np.array([[p.x, p.y, p.z] for p in known[0].landmark]) * 256
                worst["mesh"] = max(worst["mesh"], float(np.abs(points - expected).max()))
        segmented = np.clip(solutions[2].process(image).segmentation_mask, 0, 1)
        worst["matte"] = max(worst["matte"], float(np.abs(matte.matte(image) - segmented).max()))
    return worst


def check(worst):
    print(worst)
    assert worst["box"] <= BOX_PX
    assert worst["mesh"] <= MESH_PX
    assert worst["matte"] <= MATTE


def test_equal_on_the_portraits_of_the_project(sample_data, solutions, ports):
    check(compare(decoded((sample_data / "portraits/images").iterdir()), solutions, ports))


def test_equal_on_fifty_photos(shared_data, solutions, ports):
    paths = (shared_data / "portraits").rglob("*.jpg")
    check(compare(islice(decoded(paths), PHOTOS), solutions, ports))


def decoded(paths):
    for path in sorted(paths):
        try:
            yield path.name, decoders.decode_photo(path.read_bytes(), path.name)
        except InputError:
            # One of the photos is cut off on purpose.
            continue
