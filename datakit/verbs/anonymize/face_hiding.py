"""Hide the faces of one photo: find, mask, spare the soft boundary, blur, look again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from datakit.core.faces.bodies import PERSON_CONFIDENCE, Head, faceless
from datakit.core.faces.crops import upright_crop
from datakit.core.faces.detections import Face, FaceDetection, crop_to_photo
from datakit.core.faces.neighbours import Expected
from datakit.core.faces.obscure import METHODS
from datakit.core.faces.traits import traits_of
from datakit.core.matting.residue import clean_residue, close_islands, enclosed
from datakit.core.matting.transition import remove_transition
from datakit.models.faces.finder import FaceFinder
from datakit.models.faces.masks import CROP_PER_BOX, CROP_PX, FaceMask, FaceMasker
from datakit.records.anonymization import HiddenFace
from datakit.verbs.anonymize.missed_faces import Box, missed_faces

Image = npt.NDArray[np.uint8]
Alpha = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Method = Literal["gaussian", "solid", "mosaic"]

TRANSITION_BAND_IOD = 0.1
REMOVED_LIMIT = 0.3
# A hit that is fainter owns no body: it may be a fold of the cloth.
OWNER_SCORE = 0.3
BESIDE_SHARE = 0.05
_OWN_BOX_GROWTH = 1.6


class CropChecker(Protocol):
    """Looks for a face in a crop of the result."""

    def detect_whole(self, image: Image) -> list[FaceDetection]:
        """Find faces in an upright crop, without tiles."""
        ...


class PeopleSegmenter(Protocol):
    """Tells people from background."""

    def coarse(self, image: Image) -> Alpha:
        """Return (h, w) float32 in [0, 1], the whole image at a low resolution."""
        ...


@dataclass(frozen=True)
class Hiding:
    """How faces are hidden; see `datakit.verbs.anonymize.options.Options`."""

    method: Method = "gaussian"
    sigma_iod: float = 1.0
    min_face_px: float = 0.0
    solid_on_residual: bool = False


@dataclass(frozen=True, eq=False)
class Hidden:
    """The result for one photo.

    Attributes
    ----------
    image : (H, W, 3) uint8
    mask : (H, W) bool
        All pixels that were blurred.
    faces : tuple of HiddenFace
        For the audit.
    reasons : tuple of str
        Why a person has to look at it; empty when all is well.
    bare : tuple of (x0, y0, x1, y1)
        Where reasons speak of a face that was not found.
    traits : tuple of dict
        For each of `faces` the groups that it belongs to (`datakit.core.faces.traits`).
    """

    image: Image
    mask: Mask
    faces: tuple[HiddenFace, ...]
    reasons: tuple[str, ...]
    bare: tuple[Box, ...] = ()
    traits: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class _Layer:
    """One masked face on its way: what is left of its mask, and how it is blurred."""

    found: FaceMask
    region: str
    kept: Mask
    removed: float
    bared: bool
    method: Method
    sigma_px: float
    residual: float | None = None


class FaceHider:
    """Finds and hides faces, and checks the result.

    Parameters
    ----------
    finder : FaceFinder
    masker : FaceMasker
        Draws the masks.
    wide_masker : FaceMasker
        Draws the wider masks of faces that the checker still sees.
    checker : CropChecker
    people : PeopleSegmenter
        Shows people, so that one whose face was missed is noticed.
    hiding : Hiding
    """

    def __init__(
        self,
        finder: FaceFinder,
        masker: FaceMasker,
        wide_masker: FaceMasker,
        checker: CropChecker,
        people: PeopleSegmenter,
        hiding: Hiding,
    ) -> None:
        self._finder = finder
        self._masker = masker
        self._wide_masker = wide_masker
        self._checker = checker
        self._people = people
        self._hiding = hiding

    def hide(
        self, image: Image, alpha: Alpha | None = None, expected: Sequence[Expected] = ()
    ) -> Hidden:
        """Hide every face of a photo.

        A face that the checker still sees is masked again, wider; a face that it sees beside all
        masks was missed and is masked too. What it sees after that is left to a person, or
        painted over when the options say so.

        Parameters
        ----------
        image : (H, W, 3) uint8 RGB
        alpha : (H, W) float32 in [0, 1], optional
            Its matte: no pixel of its soft edge is changed (`clean_residue` says what that is).
        expected : sequence of Expected
            Faces that neighbouring frames show: what is not found is looked for at these places.

        Returns
        -------
        Hidden
        """
        if alpha is not None:
            alpha = clean_residue(alpha)
        person = self._people.coarse(image) >= PERSON_CONFIDENCE
        faces = list(self._finder.find(image, person))
        absent = self._add_expected(image, faces, expected)
        small = [face for face in faces if face.members[0].side_px < self._hiding.min_face_px]
        small_ids = {id(face) for face in small}
        wanted = [face for face in faces if id(face) not in small_ids]
        layers = self._layers(self._masker, image, alpha, self._masker.masks(image, wanted))
        result = self._paint(image, layers)
        hits = self._detect(result, layers)
        if hits:
            layers = self._answer(image, alpha, layers, hits)
            result = self._paint(image, layers)
            layers = _with_residuals(layers, self._detect(result, layers))
        if self._hiding.solid_on_residual and any(layer.residual is not None for layer in layers):
            layers = [
                layer if layer.residual is None else replace(layer, method="solid")
                for layer in layers
            ]
            result = self._paint(image, layers)
        mask = np.zeros(image.shape[:2], bool)
        for layer in layers:
            mask[layer.found.slices] |= layer.kept
        inside = [_original_inside(layer, mask) for layer in layers]
        records = tuple(map(_record, layers, inside)) + tuple(map(_left_alone, small))
        heads = [head for layer in layers for head in _head(layer)]
        heads += [_face_head(face, 0.0) for face in small]
        left = faceless(person, heads, (image.shape[1], image.shape[0]))
        missed = missed_faces(left, absent, (image.shape[1], image.shape[0]))
        shown = [layer.found.face for layer in layers] + small
        return Hidden(
            result,
            mask,
            records,
            (*_reasons(layers, inside), *missed.values()),
            tuple(missed),
            tuple(traits_of(image, face) for face in shown),
        )

    def _add_expected(
        self, image: Image, faces: list[Face], expected: Sequence[Expected]
    ) -> list[Expected]:
        """Add the faces that neighbouring frames show; return those that must be there and are not.

        Each is looked for among all that were found before it.
        """
        absent = []
        for one in expected:
            face = self._finder.find_expected(image, one, faces)
            if face is not None:
                faces.append(face)
            elif one.on_both_sides:
                absent.append(one)
        return absent

    def _layers(
        self, masker: FaceMasker, image: Image, alpha: Alpha | None, masks: Iterable[FaceMask]
    ) -> list[_Layer]:
        layers = []
        for found in masks:
            kept, removed = _spared(found, alpha)
            sigma_px = max(self._hiding.sigma_iod * found.iod_px, 1.0)
            bared = _bares_keypoint(found, kept)
            layers.append(
                _Layer(found, masker.region, kept, removed, bared, self._hiding.method, sigma_px)
            )
        return layers

    def _paint(self, image: Image, layers: Sequence[_Layer]) -> Image:
        """Blur each layer from the untouched photo; the strongest blur is painted last."""
        result = image.copy()
        for layer in sorted(layers, key=lambda layer: layer.sigma_px):
            window = layer.found.slices
            blurred = METHODS[layer.method](image[window], layer.kept, layer.sigma_px)
            result[window][layer.kept] = blurred[layer.kept]
        return result

    def _detect(
        self, result: Image, layers: Sequence[_Layer]
    ) -> list[tuple[int | None, FaceDetection]]:
        """Look for faces around each layer: (the layer that a hit belongs to or None, the hit)."""
        hits: list[tuple[int | None, FaceDetection]] = []
        for number, layer in enumerate(layers):
            member = layer.found.face.members[0]
            centre = (member.box_xyxy[:2] + member.box_xyxy[2:]) / 2
            side_px = CROP_PER_BOX * member.side_px
            crop = upright_crop(result, centre, side_px, layer.found.roll_rad, CROP_PX)
            for seen in self._checker.detect_whole(crop.image):
                hit = crop_to_photo(seen, crop, layer.found.roll_rad)
                hits.append((_owner(number, layers, hit), hit))
        return hits

    def _answer(
        self,
        image: Image,
        alpha: Alpha | None,
        layers: Sequence[_Layer],
        hits: Sequence[tuple[int | None, FaceDetection]],
    ) -> list[_Layer]:
        """Widen the layers that were hit, and mask the faces that were missed."""
        answered = list(layers)
        for number in sorted({owner for owner, _ in hits if owner is not None}):
            wide = self._wide_masker.mask(image, layers[number].found.face)
            answered[number] = self._layers(self._wide_masker, image, alpha, [wide])[0]
        missed = [Face((hit,)) for owner, hit in hits if owner is None]
        masks = self._masker.masks(image, missed)
        return answered + self._layers(self._masker, image, alpha, masks)


def _spared(found: FaceMask, alpha: Alpha | None) -> tuple[Mask, float]:
    """Return the mask without the soft boundary, and the share of the face that this removes.

    The face is what lies on the person; the rest of its mask is no loss. A face that lies beside
    the person (a passer-by, a poster) is masked there, up to the same boundary.
    """
    if alpha is None:
        return found.mask, 0.0 if found.mask.any() else 1.0
    band_px = TRANSITION_BAND_IOD * found.iod_px
    margin = int(np.ceil(band_px)) + 2
    x0, y0, x1, y1 = found.window_xyxy
    top, left = min(margin, y0), min(margin, x0)
    around = alpha[y0 - top : y1 + margin, x0 - left : x1 + margin]
    inner = (slice(top, top + y1 - y0), slice(left, left + x1 - x0))
    mask = np.zeros(around.shape, bool)
    mask[inner] = found.mask
    if int((mask & (around >= 0.5)).sum()) < BESIDE_SHARE * int(mask.sum()):
        around = 1 - around
    around = close_islands(around, mask)
    face_px = int((mask & (around >= 0.5)).sum())
    kept = remove_transition(mask, around, band_px)[inner]
    return kept, 1 - int(kept.sum()) / face_px if face_px else 1.0


def _bares_keypoint(found: FaceMask, kept: Mask) -> bool:
    """Tell whether a keypoint of the face was masked and is not any more."""
    left = replace(found, mask=kept)
    points = found.face.members[0].keypoints_xy
    return any(found.covers(point) and not left.covers(point) for point in points)


def _head(layer: _Layer) -> Iterable[Head]:
    """Yield the head of a face that is sure enough to own a body, here or in another frame."""
    found, face = layer.found, layer.found.face
    if found.mesh_offset_iod is not None or face.score >= OWNER_SCORE or face.seen_in is not None:
        yield _face_head(found.face, found.roll_rad)


def _face_head(face: Face, roll_rad: float) -> Head:
    box = face.box_xyxy
    return Head((box[:2] + box[2:]) / 2, face.members[0].side_px, roll_rad)


def _original_inside(layer: _Layer, mask: Mask) -> int:
    """Count what is left of a face between its hidden pixels: the proof that there is nothing."""
    return int(enclosed(layer.found.mask, mask[layer.found.slices]).sum())


def _owner(number: int, layers: Sequence[_Layer], hit: FaceDetection) -> int | None:
    """Return the layer that a hit belongs to: the one it was seen around, or one that covers it."""
    middle = (hit.box_xyxy[:2] + hit.box_xyxy[2:]) / 2
    box = layers[number].found.face.box_xyxy
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * _OWN_BOX_GROWTH
    if (np.abs(middle - centre) <= half).all():
        return number
    covering = [k for k, layer in enumerate(layers) if layer.found.covers(middle)]
    return covering[0] if covering else None


def _with_residuals(
    layers: Sequence[_Layer], hits: Sequence[tuple[int | None, FaceDetection]]
) -> list[_Layer]:
    worst: dict[int, float] = {}
    for owner, hit in hits:
        # A face that is missed twice is charged to the first layer: the photo goes to a person.
        key = 0 if owner is None else owner
        worst[key] = max(worst.get(key, 0.0), hit.score)
    return [replace(layer, residual=worst.get(k)) for k, layer in enumerate(layers)]


def _reasons(layers: Sequence[_Layer], inside: Sequence[int]) -> Iterable[str]:
    for layer, original_px in zip(layers, inside, strict=True):
        box = [round(edge) for edge in layer.found.face.box_xyxy]
        if layer.removed > REMOVED_LIMIT:
            yield f"face {box}: {layer.removed:.0%} of it lies in the soft boundary"
        elif layer.bared:
            yield f"face {box}: its eyes, nose or mouth lie in the soft boundary"
        if original_px:
            yield f"face {box}: {original_px} pixels inside it are the original's"
        if layer.residual is not None and layer.method != "solid":
            yield f"face {box}: a detector still sees a face there (score {layer.residual:.2f})"


def _record(layer: _Layer, original_px_inside: int) -> HiddenFace:
    found = layer.found
    is_mesh = found.mesh_offset_iod is not None
    return HiddenFace(
        box_xyxy=_whole(found.face),
        score=round(found.face.score, 4),
        detectors=found.face.detectors,
        seen_in=found.face.seen_in,
        mask="mesh" if is_mesh else "ellipse",
        region=layer.region if is_mesh else None,
        guard_iod=None if found.mesh_offset_iod is None else round(found.mesh_offset_iod, 4),
        iod_px=round(found.iod_px, 3),
        method=layer.method,
        sigma_px=None if layer.method == "solid" else round(layer.sigma_px, 3),
        mask_px=int(layer.kept.sum()),
        removed=round(layer.removed, 4),
        original_px_inside=original_px_inside,
        residual=None if layer.residual is None else round(layer.residual, 4),
    )


def _left_alone(face: Face) -> HiddenFace:
    return HiddenFace(
        box_xyxy=_whole(face),
        score=round(face.score, 4),
        detectors=face.detectors,
        seen_in=face.seen_in,
        mask="none",
        iod_px=0.0,
    )


def _whole(face: Face) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = (round(float(edge)) for edge in face.box_xyxy)
    return x0, y0, x1, y1
