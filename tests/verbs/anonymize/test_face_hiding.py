"""The rules of hiding, with made-up detectors: nothing that was found stays bare in silence."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.core.faces.detections import FaceDetection
from datakit.core.faces.neighbours import Expected, Sighting
from datakit.models.faces.finder import FaceFinder
from datakit.models.faces.masks import FaceMasker
from datakit.verbs.anonymize.face_hiding import FaceHider, Hiding

HEIGHT, WIDTH = 200, 240


def face(x, y, side=40, score=0.9):
    box = np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2], float)
    points = np.array([[-0.2, -0.1], [0.2, -0.1], [0, 0.05], [0, 0.2]]) * side + [x, y]
    return FaceDetection(box, points, score, "fake")


class Finds:
    """A detector that finds what it is told, upright only."""

    name, sha256, turns_well = "fake", "0" * 64, False

    def __init__(self, *found):
        self.found = list(found)

    def detect(self, image):
        upright = image.shape[:2] == (HEIGHT, WIDTH) and not image[0, 0].any()
        return list(self.found) if upright else []

    def detect_closely(self, image):
        return []

    def detect_turned(self, image):
        return []

    def detect_faint(self, image):
        return []


class SeesFaintly(Finds):
    """A detector that sees something in the middle of each crop, where a face is expected."""

    def detect_faint(self, image):
        return [face(image.shape[1] / 2, image.shape[0] / 2, image.shape[0] / 3, 0.2)]


class NoMesh:
    sha256 = "1" * 64

    def landmarks(self, crop):
        return None


class Sees:
    """A checker that sees a face as long as pixels of a colour are left in the crop."""

    def __init__(self, colour=(255, 0, 0)):
        self.colour = colour

    def detect_whole(self, image):
        ys, xs = np.nonzero((image == self.colour).all(axis=2))
        return [face(xs.mean(), ys.mean(), 30, 0.7)] if len(xs) > 20 else []


class People:
    """A segmentation that is what it is told."""

    def __init__(self, person=None):
        self.person = np.zeros((8, 8), np.float32) if person is None else np.float32(person)

    def coarse(self, image):
        return self.person


def hider(*found, detector=Finds, checker=None, person=None, **hiding):
    landmarker = NoMesh()
    return FaceHider(
        FaceFinder([detector(*found)]),
        FaceMasker(landmarker, "oval"),
        FaceMasker(landmarker, "head", 1.6),
        checker or Sees((1, 2, 3)),
        People(person),
        Hiding(**hiding),
    )


@pytest.fixture
def image():
    picture = np.random.default_rng(0).integers(1, 250, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    # The corner tells the made-up detector which side is up.
    picture[0, 0] = 0
    return picture


def test_each_face_is_masked_and_nothing_else_changes(image):
    hidden = hider(face(60, 60), face(160, 120)).hide(image)
    assert len(hidden.faces) == 2
    assert not hidden.reasons
    assert (hidden.image[~hidden.mask] == image[~hidden.mask]).all()
    assert hidden.mask[60, 60]
    assert hidden.mask[120, 160]
    assert all(found.mask == "ellipse" and found.mask_px > 0 for found in hidden.faces)


def test_a_neighbour_that_a_merge_swallowed_gets_its_own_mask(image):
    left, right = face(80, 80, 40), face(104, 80, 60, 0.8)
    assert len(FaceFinder([Finds(left, right)]).find(image)) == 1
    hidden = hider(left, right).hide(image)
    assert len(hidden.faces) == 2
    assert hidden.mask[80, 122]


def test_small_faces_are_left_alone_only_when_asked_and_then_recorded(image):
    hidden = hider(face(60, 60), face(160, 120, 12), min_face_px=20).hide(image)
    assert sorted(found.mask for found in hidden.faces) == ["ellipse", "none"]
    assert not hidden.mask[120, 160]


def test_sigma_follows_the_size_of_the_face(image):
    small, large = (hider(face(100, 100, side)).hide(image).faces[0] for side in (40, 80))
    assert large.sigma_px == pytest.approx(2 * small.sigma_px, rel=0.01)
    assert small.sigma_px == pytest.approx(small.iod_px, rel=0.01)


def test_the_soft_boundary_is_spared(image):
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[:, :100] = 1
    alpha[:, 100:106] = 0.5
    hidden = hider(face(80, 100, 60)).hide(image, alpha)
    changed = (hidden.image != image).any(axis=2)
    assert not changed[:, 100:].any()
    # The band of a tenth of an inter-ocular distance too.
    assert not changed[:, 104:].any()
    assert changed[100, 80]
    assert not hidden.reasons


def test_a_face_in_the_soft_boundary_goes_to_a_person(image):
    alpha = np.full((HEIGHT, WIDTH), 0.7, np.float32)
    alpha[0] = 0
    hidden = hider(face(80, 100)).hide(image, alpha)
    assert hidden.faces[0].removed == 1
    assert "100% of it lies in the soft boundary" in hidden.reasons[0]


@pytest.mark.parametrize("level", [0.0, 0.5, 0.9, 246 / 255, 254 / 255])
def test_a_matte_that_is_soft_within_the_face_bares_nothing(image, level):
    alpha = np.ones((HEIGHT, WIDTH), np.float32)
    alpha[:, 140:] = 0
    found = face(80, 100)
    x, y = found.keypoints_xy[0].astype(int)
    alpha[y - 3 : y + 4, x - 3 : x + 4] = level
    hidden = hider(found).hide(image, alpha)
    assert not hidden.reasons
    assert hidden.mask[y - 3 : y + 4, x - 3 : x + 4].all()
    assert hidden.faces[0].original_px_inside == 0


def test_residue_that_reaches_the_edge_bares_nothing_either(image):
    alpha = np.ones((HEIGHT, WIDTH), np.float32)
    alpha[:, 120:] = 0
    alpha[96:104, 60:120] = 250 / 255
    hidden = hider(face(80, 100)).hide(image, alpha)
    assert not hidden.reasons
    assert hidden.mask[96:104, 70:90].all()


def test_an_eye_in_the_soft_edge_goes_to_a_person(image):
    alpha = np.ones((HEIGHT, WIDTH), np.float32)
    found = face(80, 100)
    x, y = found.keypoints_xy[0].astype(int)
    alpha[: y + 2, x - 1 : x + 2] = 0.9
    alpha[:10] = 0
    assert "its eyes, nose or mouth" in hider(found).hide(image, alpha).reasons[0]


def test_a_passer_by_is_masked_beside_the_person(image):
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[:, :57] = 1
    alpha[:, 57:60] = 0.1
    alpha[95:105, 75:85] = 4 / 255
    hidden = hider(face(80, 100)).hide(image, alpha)
    assert not hidden.reasons
    assert hidden.mask[100, 80]
    assert not hidden.mask[:, :60].any()


def test_a_face_that_is_still_seen_is_masked_wider(image):
    image[98:102, 49:53] = (255, 0, 0)
    hidden = hider(face(80, 100), checker=Sees()).hide(image)
    assert not hidden.reasons
    assert hidden.mask[100, 50]
    narrow = hider(face(80, 100)).hide(image)
    assert not narrow.mask[100, 50]


def test_a_face_that_was_missed_is_masked_when_the_check_sees_it(image):
    image[60:72, 116:128] = (255, 0, 0)
    hidden = hider(face(90, 90, 80), checker=Sees()).hide(image)
    assert hidden.mask[66, 122]
    assert not hidden.reasons


def test_what_is_seen_to_the_end_goes_to_a_person_or_is_painted_over(image):
    class Stubborn(Sees):
        def detect_whole(self, image):
            return [face(128, 128, 128, 0.66)]

    hidden = hider(face(80, 100), checker=Stubborn()).hide(image)
    assert "a detector still sees a face there (score 0.66)" in hidden.reasons[0]
    assert hidden.faces[0].residual == 0.66
    painted = hider(face(80, 100), checker=Stubborn(), solid_on_residual=True).hide(image)
    assert not painted.reasons
    assert painted.faces[0].method == "solid"
    assert (painted.image[painted.mask] == 128).all()


def test_no_face_no_change(image):
    hidden = hider().hide(image)
    assert not hidden.faces
    assert (hidden.image == image).all()


def body(x0=0.2, x1=0.8, top=0.1):
    """People from a share of the photo's height down."""
    grid = np.zeros((40, 48))
    grid[int(top * 40) :, int(x0 * 48) : int(x1 * 48)] = 1
    return grid


def test_a_person_with_a_face_is_released(image):
    hidden = hider(face(120, 60, 60), person=body()).hide(image)
    assert not hidden.reasons


def test_a_person_whose_face_was_missed_goes_to_a_person(image):
    hidden = hider(face(20, 20, 12), person=body()).hide(image)
    assert "a person whose face was not found" in hidden.reasons[-1]


def test_a_hit_that_is_too_small_or_too_faint_owns_no_body(image):
    assert hider(face(120, 100, 10), person=body()).hide(image).reasons
    assert hider(face(120, 60, 60, 0.25), person=body()).hide(image).reasons


def test_small_faces_that_are_left_alone_own_their_bodies(image):
    hidden = hider(face(120, 60, 60), person=body(), min_face_px=70).hide(image)
    assert not hidden.reasons
    assert hidden.faces[0].mask == "none"


BESIDE = Sighting((0.5, 0.5, 0.7, 0.74), 0.0, 0.9)
"""What the frame before shows at 144, 124 of the picture."""


def test_a_face_that_the_frames_beside_show_is_found_faintly_and_the_audit_says_so(image):
    hides = hider(face(60, 60), detector=SeesFaintly)
    hidden = hides.hide(image, expected=[Expected(BESIDE, "before.png")])
    assert [found.seen_in for found in hidden.faces] == [None, "before.png"]
    assert hidden.mask[60, 60]
    assert hidden.mask[124, 144]
    assert not hidden.reasons
    # The face of the photo itself is not the one that is expected.
    hides = hider(face(144, 124, 48), detector=SeesFaintly)
    assert len(hides.hide(image, expected=[Expected(BESIDE, "before.png")]).faces) == 1


def test_a_face_of_the_frames_before_and_after_that_is_not_found_waits_for_a_person(image):
    gone = hider(face(60, 60)).hide(image, expected=[Expected(BESIDE, "before.png")])
    assert not gone.reasons
    hidden = hider(face(60, 60)).hide(image, expected=[Expected(BESIDE, "before.png", True)])
    assert hidden.reasons == (
        "face [120, 100, 168, 148]: the frames before and after show one there (as in before.png), "
        "and none was found",
    )
