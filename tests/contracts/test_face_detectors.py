"""Every detector of the registry keeps the same promises."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from datakit.errors import InputError, ModelError
from datakit.io.pixels import decoders
from datakit.models.faces.base import FACE_DETECTORS
from datakit.models.weights.provenance import WEIGHTS_VARIABLE

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")


YUNET = "weights/yunet/yunet_s_640_640.onnx"


@pytest.fixture(scope="module", params=list(FACE_DETECTORS))
def detector(request):
    factory = FACE_DETECTORS.load(request.param)
    try:
        return factory()
    except ModelError:
        return factory(weights=[request.getfixturevalue("shared_data") / YUNET])


@pytest.fixture(scope="module")
def portrait(sample_data):
    return decoders.decode_photo((sample_data / "portraits/images/astronaut.jpg").read_bytes())


def test_the_face_is_found_with_its_keypoints(detector, portrait):
    best = max(detector.detect(portrait), key=lambda found: found.score)
    x0, y0, x1, y1 = best.box_xyxy
    assert x0 < 140 < x1
    assert y0 < 71 < y1
    assert best.detector == detector.name
    right_eye, left_eye, nose, *mouth = best.keypoints_xy
    assert right_eye[0] < nose[0] < left_eye[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < np.mean(mouth, axis=0)[1]
    assert abs(best.roll_rad) < 0.3


def test_the_threshold_decides_what_is_found(request, detector, portrait):
    # A shaken camera: every detector still sees the face, and is less sure of it.
    blurred = cv2.filter2D(portrait, -1, np.full((1, 25), 1 / 25, np.float32))
    places = [request.getfixturevalue("shared_data") / YUNET] if detector.name == "yunet" else []
    low = type(detector)(0.02, places).detect(blurred)
    best = max(hit.score for hit in low)
    assert 0.1 < best < 0.7
    assert all(hit.score >= 0.02 for hit in low)
    above = type(detector)(best + 0.02, places)
    assert not above.detect(blurred)
    # Half of it is enough where a face is expected.
    assert above.detect_faint(blurred)


def test_equal_pixels_give_equal_numbers_after_other_sizes(detector, portrait):
    first = detector.detect(portrait)
    # One OpenCV net that is used for several shapes returns garbage without a word.
    for shape in ((200, 320), (320, 200), (31, 77)):
        detector.detect(np.ascontiguousarray(portrait[: shape[0], : shape[1]]))
    again = detector.detect(portrait)
    assert [found.box_xyxy.tolist() for found in first] == [
        found.box_xyxy.tolist() for found in again
    ]


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (700, 1, 3), (64, 64, 3)])
def test_extreme_shapes_are_searched(detector, shape):
    found = detector.detect(np.full(shape, 127, np.uint8))
    # YuNet sees things in a strip of two pixels; that is its business.
    assert not found or detector.name == "yunet"


def test_a_face_in_a_corner_of_a_large_photo_is_found(detector, portrait):
    large = np.zeros((3000, 4000, 3), np.uint8)
    large[-160:, -160:] = portrait[10:170, 60:220]
    seen = detector.detect(large) + detector.detect_closely(large)
    found = [d for d in seen if d.box_xyxy[0] > 3800 and d.box_xyxy[1] > 2800]
    if detector.name == "yunet":
        pytest.skip("YuNet shrinks photos to 1920 pixels: 40 are left of this face")
    assert found


def test_each_names_its_weights(detector):
    assert detector.sha256 in FACE_DETECTORS.load(detector.name).WEIGHTS.sha256


def test_unknown_detectors_are_told(monkeypatch):
    with pytest.raises(InputError, match="choose one of: mediapipe, centerface, yunet"):
        FACE_DETECTORS.load("dlib")


def test_yunet_without_weights_names_the_way(monkeypatch, tmp_path):
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"YuNet weights: .*--weights or DATAKIT_WEIGHTS"):
        FACE_DETECTORS.load("yunet")()
