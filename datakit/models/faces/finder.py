"""Find every face of a photo: several detectors, and the photo turned to all four sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.faces.bodies import SURE_SCORE, Head, faceless
from datakit.core.faces.crops import upright_crop
from datakit.core.faces.detections import (
    Face,
    FaceDetection,
    crop_to_photo,
    is_same_face,
    merge_detections,
)
from datakit.core.faces.neighbours import Expected, Sighting, is_near
from datakit.core.faces.turning import Turned, turn_image
from datakit.errors import InputError
from datakit.models.faces.base import FaceDetector

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

# The longer side of the photo before it is turned: for a first look, and for the close search that
# follows when some face is best seen in a turned photo.
SCOUT_SIDE_PX = 480
TURNED_SIDE_PX = 850
LARGEST_SCALE = 2.0
# Right angles for photos that lie on their side, and heads that lean by 45 degrees. CenterFace
# finds 99 % of the faces that lean by 30 degrees, and 90 % at 45.
TURNS_DEG = (90.0, 180.0, 270.0, 45.0, 315.0)
# When the upright photo counts as understood: hardly any person without a face, and no face that
# leans so far that another one may be out of reach.
_FACELESS_SHARE = 0.01
_LEVEL_RAD = np.deg2rad(35)
# The crop in which an expected face is looked for: it may have moved by its own size.
_EXPECTED_PER_BOX = 3.0
_EXPECTED_PX = 256


class FaceFinder:
    """The union of several detectors, merged.

    Every detector searches the photo as it is. When a segmentation of the people shows that each
    of them has an upright face, that is all. Else the detectors look more closely, and at turned
    photos (`TURNS_DEG`): those that gain from it (`FaceDetector.turns_well`), or all when none of
    them does, with a higher threshold, because what is no face gives faint hits. Turned photos are
    small at first; only when the detectors agree that some face is turned, they are searched
    closely.

    Parameters
    ----------
    detectors : sequence of FaceDetector
        At least one.

    Raises
    ------
    InputError
        If there is no detector.
    """

    def __init__(self, detectors: Sequence[FaceDetector]) -> None:
        if not detectors:
            raise InputError("face detectors: expected at least one, found none")
        self.detectors = tuple(detectors)
        self._turners = tuple(found for found in detectors if found.turns_well) or self.detectors

    def find(self, image: Image, person: Mask | None = None) -> tuple[Face, ...]:
        """Find the faces of an image, most certain first.

        Parameters
        ----------
        image : (H, W, 3) uint8 RGB
        person : (h, w) bool, optional
            Where people are, at any resolution; without it every photo is searched closely.
        """
        seen = [found for detector in self.detectors for found in detector.detect(image)]
        faces = merge_detections(seen)
        if person is not None and _is_understood(image, person, faces):
            return faces
        for detector in self.detectors:
            seen += detector.detect_closely(image)
        seen += self._turned(image, SCOUT_SIDE_PX)
        faces = merge_detections(seen)
        if any(face.members[0].turn_deg for face in faces):
            faces = merge_detections(seen + self._turned(image, TURNED_SIDE_PX))
        return faces

    def find_expected(self, image: Image, expected: Expected, known: Sequence[Face]) -> Face | None:
        """Find a face that a neighbouring frame shows and this photo lacks, also a faint one.

        Parameters
        ----------
        image : (H, W, 3) uint8 RGB
        expected : Expected
        known : sequence of Face
            Those of the photo, which are not meant.

        Returns
        -------
        Face or None
            The surest one that lies near enough and has about the size that is expected.
        """
        size = np.tile(image.shape[1::-1], 2).astype(np.float64)
        box = np.array(expected.sighting.box_xyxy) * size
        roll_rad = float(np.deg2rad(expected.sighting.turn_deg))
        side_px = _EXPECTED_PER_BOX * float((box[2:] - box[:2]).max())
        crop = upright_crop(image, (box[:2] + box[2:]) / 2, side_px, roll_rad, _EXPECTED_PX)
        seen = [
            crop_to_photo(found, crop, roll_rad)
            for detector in self.detectors
            for found in detector.detect_faint(crop.image)
        ]
        near = [
            found
            for found in seen
            if is_near(_sighting(found, image), expected.sighting)
            and not any(is_same_face(face.members[0], found) for face in known)
        ]
        faces = merge_detections(near)
        return replace(faces[0], seen_in=expected.seen_in) if faces else None

    def _turned(self, image: Image, longer_side_px: int) -> list[FaceDetection]:
        small, scale_xy = _resized(image, longer_side_px)
        seen = []
        for degrees in TURNS_DEG:
            turned = turn_image(small, degrees)
            for detector in self._turners:
                seen += [
                    _unturned(found, turned, scale_xy)
                    for found in detector.detect_turned(turned.image)
                ]
        return seen


def sighting_of(face: Face, image: Image) -> Sighting:
    """Return what of a face is compared with the neighbouring frames."""
    return replace(_sighting(face.members[0], image), score=face.score)


def _sighting(found: FaceDetection, image: Image) -> Sighting:
    shares = found.box_xyxy / np.tile(image.shape[1::-1], 2)
    x0, y0, x1, y1 = (float(edge) for edge in shares)
    return Sighting((x0, y0, x1, y1), found.turn_deg, found.score)


def _is_understood(image: Image, person: Mask, faces: Sequence[Face]) -> bool:
    """Tell whether every person in sight has a sure, more or less upright face, and none leans."""
    firsts = [face.members[0] for face in faces]
    sure = [found for found in firsts if found.score >= SURE_SCORE]
    # Also a faint hit that leans says so: of a crowd that stands on its head little else is seen.
    if not sure or any(abs(found.roll_rad) > _LEVEL_RAD for found in firsts):
        return False
    heads = [Head((one.box_xyxy[:2] + one.box_xyxy[2:]) / 2, one.side_px) for one in sure]
    left = faceless(person, heads, (image.shape[1], image.shape[0]))
    return left.share < _FACELESS_SHARE


def _resized(image: Image, longer_side_px: int) -> tuple[Image, npt.NDArray[np.float64]]:
    """Return the image at a size, enlarged at most twice, and the way back (x, y)."""
    height, width = image.shape[:2]
    scale = min(longer_side_px / max(height, width), LARGEST_SCALE)
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    by_area = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, size_wh, interpolation=by_area)
    return small, np.array([width / size_wh[0], height / size_wh[1]])


def _unturned(
    found: FaceDetection, turned: Turned, scale_xy: npt.NDArray[np.float64]
) -> FaceDetection:
    return replace(
        found,
        box_xyxy=turned.box_to_image(found.box_xyxy) * np.tile(scale_xy, 2),
        keypoints_xy=turned.points_to_image(found.keypoints_xy) * scale_xy,
        turn_deg=turned.degrees,
    )
