"""A detected face to its mask: the mesh on an upright crop, its sanity check, the ellipse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from datakit.core.faces.crops import upright_crop
from datakit.core.faces.detections import Face, FaceDetection
from datakit.core.faces.face_mask import (
    ELLIPSE_GROWTH,
    MAX_MESH_OFFSET_IOD,
    REGIONS,
    box_iod_px,
    ellipse_mask,
    mesh_iod_px,
    mesh_offset_iod,
    polygon_mask,
)

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

CROP_PX = 256
CROP_PER_BOX = 2.0
COVERED_SHARE = 0.75
_ATTEMPTS = 4
_ROLLS_DIFFER_RAD = np.deg2rad(20)


class FaceLandmarker(Protocol):
    """Finds the 468 landmarks of the one face in an upright crop."""

    sha256: str

    def landmarks(self, crop: Image) -> npt.NDArray[np.float64] | None:
        """Return (468, 3) float64 in pixel edges of the crop, or None."""
        ...


@dataclass(frozen=True, eq=False)
class FaceMask:
    """The mask of one face, in a window of the photo.

    Attributes
    ----------
    face : Face
    window_xyxy : (x0, y0, x1, y1)
        Where `mask` lies in the photo.
    mask : (y1 - y0, x1 - x0) bool
    iod_px : float
        Inter-ocular distance: of the mesh in three dimensions, or estimated from the box.
    roll_rad : float
        Angle at which the face is upright.
    mesh_offset_iod : float or None
        Disagreement of mesh and detector in IOD; None for an ellipse.
    """

    face: Face
    window_xyxy: tuple[int, int, int, int]
    mask: Mask
    iod_px: float
    roll_rad: float
    mesh_offset_iod: float | None

    @property
    def slices(self) -> tuple[slice, slice]:
        """The window as an index into the photo."""
        x0, y0, x1, y1 = self.window_xyxy
        return slice(y0, y1), slice(x0, x1)

    def covers(self, point_xy: npt.NDArray[np.float64]) -> bool:
        """Tell whether the pixel under a point of the photo is masked."""
        x0, y0, x1, y1 = self.window_xyxy
        x, y = int(np.floor(point_xy[0])), int(np.floor(point_xy[1]))
        return x0 <= x < x1 and y0 <= y < y1 and bool(self.mask[y - y0, x - x0])


class FaceMasker:
    """Draws the masks of faces.

    Parameters
    ----------
    landmarker : FaceLandmarker
    region : str
        A key of `datakit.core.faces.face_mask.REGIONS`.
    ellipse_growth : float
        Growth of the box whose ellipse is taken when no mesh is trusted.
    """

    def __init__(
        self, landmarker: FaceLandmarker, region: str, ellipse_growth: float = ELLIPSE_GROWTH
    ) -> None:
        self.region = region
        self._landmarker = landmarker
        self._outline = REGIONS[region]
        self._ellipse_growth = ellipse_growth

    def masks(self, image: Image, faces: Sequence[Face]) -> list[FaceMask]:
        """Mask every face; a member that its face's mask leaves bare becomes a face of its own.

        So a merge that joined two neighbours cannot lose one of them.

        Parameters
        ----------
        image : (H, W, 3) uint8 RGB
        faces : sequence of Face

        Returns
        -------
        list of FaceMask
            At least one for every face.
        """
        waiting, done = list(faces), []
        while waiting:
            found = self.mask(image, waiting.pop(0))
            done.append(found)
            bare = tuple(member for member in found.face.members[1:] if not _covered(found, member))
            if bare:
                waiting.append(replace(found.face, members=bare))
        return done

    def mask(self, image: Image, face: Face) -> FaceMask:
        """Mask one face: by the first mesh that passes the sanity check, else by the ellipse."""
        for member, roll_rad in _attempts(face):
            centre = (member.box_xyxy[:2] + member.box_xyxy[2:]) / 2
            side_px = CROP_PER_BOX * member.side_px
            crop = upright_crop(image, centre, side_px, roll_rad, CROP_PX)
            points = self._landmarker.landmarks(crop.image)
            if points is None:
                continue
            mesh = crop.points_to_image(points)
            error_iod = mesh_offset_iod(mesh, member)
            if error_iod <= MAX_MESH_OFFSET_IOD:
                outline = self._outline(mesh)
                window = _window(outline.min(axis=0), outline.max(axis=0), image)
                x0, y0, x1, y1 = window
                mask = polygon_mask(outline - [x0, y0], (y1 - y0, x1 - x0))
                return FaceMask(face, window, mask, mesh_iod_px(mesh), roll_rad, error_iod)
        return _ellipse(image, face, self._ellipse_growth)


def _ellipse(image: Image, face: Face, growth: float) -> FaceMask:
    found = face.members[0]
    box = found.box_xyxy
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * growth
    window = _window(centre - half, centre + half, image)
    x0, y0, x1, y1 = window
    mask = ellipse_mask(box - [x0, y0, x0, y0], (y1 - y0, x1 - x0), growth)
    return FaceMask(face, window, mask, box_iod_px(found), _turn_roll(found), None)


def _attempts(face: Face) -> Iterator[tuple[FaceDetection, float]]:
    """Yield (member, roll): upright by its eyes, then by the turn in which it was seen."""
    made = 0
    for member in face.members:
        rolls = [member.roll_rad]
        apart = np.angle(np.exp(1j * (member.roll_rad - _turn_roll(member))))
        # The eyes of a profile lie so close together that their line says little.
        if abs(apart) > _ROLLS_DIFFER_RAD:
            rolls.append(_turn_roll(member))
        for roll_rad in rolls:
            yield member, roll_rad
            made += 1
            if made == _ATTEMPTS:
                return


def _turn_roll(member: FaceDetection) -> float:
    return float(np.deg2rad(member.turn_deg))


def _covered(found: FaceMask, member: FaceDetection) -> bool:
    points = member.keypoints_xy
    if member.turn_deg != found.face.members[0].turn_deg:
        # Seen in a photo that was turned the wrong way: only the middle is to be trusted.
        return found.covers(points[:2].mean(axis=0)) and found.covers(points[2])
    return sum(found.covers(point) for point in points) > COVERED_SHARE * len(points)


def _window(
    low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], image: Image
) -> tuple[int, int, int, int]:
    height, width = image.shape[:2]
    x0, y0 = np.clip(np.floor(low).astype(int) - 1, 0, [width, height])
    x1, y1 = np.clip(np.ceil(high).astype(int) + 1, [x0, y0], [width, height])
    return int(x0), int(y0), int(x1), int(y1)
