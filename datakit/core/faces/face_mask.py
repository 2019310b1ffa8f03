"""Face landmarks to a face mask: regions, rejection of stray meshes, the ellipse.

Landmark numbers are those of MediaPipe's canonical face mesh (468 points; Kartynnik et al. 2019,
arXiv:1907.06724). "Right" is the subject's right, as in the mesh.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.faces.detections import FaceDetection

Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]

MESH_POINTS = 468
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
JAW = OVAL[OVAL.index(356) : OVAL.index(127) + 1]
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
NOSE_TIP = 1
RIGHT_EYE, LEFT_EYE = (33, 133), (362, 263)
MOUTH_CORNERS = (61, 291)

MAX_MESH_OFFSET_IOD = 0.35
ELLIPSE_GROWTH = 1.3
HEAD_GROWTH = 1.25
# Inter-ocular distance of a face whose mesh is not trusted, as a share of the box's longer side:
# the median over 150 faces of MediaPipe's boxes (CenterFace's longer boxes: 0.34); the larger one
# blurs more.
IOD_PER_BOX_SIDE = 0.39


def mesh_keypoints(mesh: Points, mouth_corners: bool) -> Points:
    """Return a mesh's eyes, nose tip and mouth in the order of `FaceDetection.keypoints_xy`.

    Parameters
    ----------
    mesh : (468, 3) float
        Landmarks in pixels of the image, depth in the same unit.
    mouth_corners : bool
        Both mouth corners (5 points) instead of the middle of the mouth (4 points).

    Returns
    -------
    (5, 2) or (4, 2) float64
    """
    xy = mesh[:, :2]
    mouth = xy[list(MOUTH_CORNERS)]
    if not mouth_corners:
        mouth = mouth.mean(axis=0, keepdims=True)
    eyes = [xy[list(RIGHT_EYE)].mean(axis=0), xy[list(LEFT_EYE)].mean(axis=0)]
    return np.vstack([*eyes, xy[NOSE_TIP], mouth])


def mesh_iod_px(mesh: Points) -> float:
    """Measure the distance between the eyes in three dimensions, so that a turned head keeps it.

    Parameters
    ----------
    mesh : (468, 3) float
        Landmarks in pixels of the image, depth in the same unit.

    Returns
    -------
    float
        Inter-ocular distance (IOD) in pixels.
    """
    right, left = mesh[list(RIGHT_EYE)].mean(axis=0), mesh[list(LEFT_EYE)].mean(axis=0)
    return float(np.linalg.norm(right - left))


def box_iod_px(detection: FaceDetection) -> float:
    """Estimate the inter-ocular distance of a face from its box alone, in pixels."""
    return IOD_PER_BOX_SIDE * detection.side_px


def mesh_offset_iod(mesh: Points, detection: FaceDetection) -> float:
    """Measure how far a mesh and a detector disagree about one face.

    Parameters
    ----------
    mesh : (468, 3) float
    detection : FaceDetection

    Returns
    -------
    float
        Largest distance between corresponding keypoints in IOD; infinite when a keypoint of the
        detector lies outside the hull of the mesh.
    """
    hull = cv2.convexHull(mesh[:, :2].astype(np.float32))
    for x, y in detection.keypoints_xy:
        if cv2.pointPolygonTest(hull, (float(x), float(y)), False) < 0:
            return float("inf")
    expected = mesh_keypoints(mesh, mouth_corners=len(detection.keypoints_xy) == 5)
    distance = np.linalg.norm(expected - detection.keypoints_xy, axis=1).max()
    return float(distance / max(mesh_iod_px(mesh), 1e-6))


def oval_outline(mesh: Points) -> Points:
    """Outline the whole face, forehead included: the hull of all landmarks, (N, 2)."""
    return _hull(mesh[:, :2])


def p3m_outline(mesh: Points) -> Points:
    """Outline jaw line to brows, the mask of P3M-10k (Li et al. 2021, arXiv:2104.14222), (N, 2)."""
    return _hull(mesh[[*JAW, *BROWS, NOSE_TIP], :2])


def head_outline(mesh: Points) -> Points:
    """Outline face, hairline and ears: the oval grown by 25 %, and upwards by as much, (N, 2)."""
    oval = mesh[list(OVAL), :2]
    chin, crown = mesh[152, :2], mesh[10, :2]
    centre = oval.mean(axis=0)
    grown = centre + HEAD_GROWTH * (oval - centre)
    return _hull(np.vstack([grown, grown + (HEAD_GROWTH - 1) * (crown - chin)]))


REGIONS: Mapping[str, Callable[[Points], Points]] = {
    "oval": oval_outline,
    "p3m": p3m_outline,
    "head": head_outline,
}


def polygon_mask(outline: Points, shape_hw: tuple[int, int]) -> Mask:
    """Draw the inside of an outline; pixels that the outline itself touches count.

    Parameters
    ----------
    outline : (N, 2) float
        Pixel edges.
    shape_hw : (height, width)

    Returns
    -------
    (H, W) bool

    Examples
    --------
    >>> polygon_mask(np.array([[0, 0], [2, 0], [2, 1], [0, 1.0]]), (1, 4)).astype(int).tolist()
    [[1, 1, 1, 0]]
    """
    mask = np.zeros(shape_hw, np.uint8)
    if mask.size == 0:
        return mask.astype(bool)
    # fillPoly speaks of pixel centres, an outline of pixel edges; four fractional bits are kept.
    points = np.round((outline - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(mask, [points], 1, lineType=cv2.LINE_8, shift=4)
    return mask.astype(bool)


def ellipse_mask(
    box_xyxy: Points, shape_hw: tuple[int, int], growth: float = ELLIPSE_GROWTH
) -> Mask:
    """Draw the ellipse over a box, grown: the mask of a face without a mesh.

    Parameters
    ----------
    box_xyxy : (4,) float
        Pixel edges; may leave the image.
    shape_hw : (height, width)
    growth : float
        Factor on both axes of the box; 1.3 by default.

    Returns
    -------
    (H, W) bool
    """
    centre = (box_xyxy[:2] + box_xyxy[2:]) / 2
    # Three quarters of a pixel, so that the smallest box still holds a pixel's centre.
    axes = np.maximum((box_xyxy[2:] - box_xyxy[:2]) / 2 * growth, 0.75)
    x = (np.arange(shape_hw[1]) + 0.5 - centre[0]) / axes[0]
    y = (np.arange(shape_hw[0]) + 0.5 - centre[1]) / axes[1]
    return np.asarray(x[None, :] ** 2 + y[:, None] ** 2 <= 1)


def _hull(points: Points) -> Points:
    hull = cv2.convexHull(points.astype(np.float32))
    return np.asarray(hull, np.float64).reshape(-1, 2)
