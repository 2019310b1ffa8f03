"""One photo -> the photo without faces, its labels, and the record that shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.faces.bodies import PERSON_CONFIDENCE, count_people
from datakit.core.faces.neighbours import Expected
from datakit.core.images.orientation import orient, oriented_wh
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_label, label_files
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_alpha, decode_photo
from datakit.io.pixels.photos import PhotoForm, encode_photo, photo_form
from datakit.io.store import atomic
from datakit.io.store.files import FileRef
from datakit.io.store.storage import location
from datakit.models.faces.base import FACE_DETECTORS
from datakit.models.faces.finder import FaceFinder
from datakit.models.faces.masks import FaceMasker
from datakit.models.faces.mediapipe import (
    FACE_MESH,
    FULL_RANGE,
    SHORT_RANGE,
    MediapipeDetector,
    MediapipeMesh,
)
from datakit.models.segmenters.selfie import SELFIE, SelfieMatte
from datakit.models.weights.provenance import load_weights
from datakit.records.anonymization import Anonymization, HiddenFace, Status
from datakit.records.conditions import Condition
from datakit.records.probe import Probe
from datakit.records.product import Product
from datakit.records.sample import Operation, Sample
from datakit.verbs.anonymize.face_hiding import FaceHider, Hidden, Hiding
from datakit.verbs.anonymize.fairness import TRAITS, trait_lines
from datakit.verbs.anonymize.rows import rows
from datakit.verbs.shared.labelled import FOLDERS
from datakit.version import __version__

WIDE_REGION = "head"
WIDE_ELLIPSE_GROWTH = 1.6
# Selfie segmentation never says exactly 0 or 1; what it is this sure of counts as certain.
_AUTO_MATTE_CERTAIN = 0.1

Array = npt.NDArray[Any]


@dataclass
class Anonymize:
    """The task of ``anonymize``; see `datakit.verbs.anonymize.options.Options` for the fields."""

    out: str
    step: Operation
    detectors: Sequence[str]
    threshold: float | None
    residual_threshold: float
    weights: Sequence[str]
    region: str
    hiding: Hiding
    matte: Literal["given", "auto", "none"]
    alphas: Mapping[str, FileRef] | None
    """Stem of an image -> its matte in ``--alpha-dir``; None without one."""
    colour: Literal["keep", "srgb"]
    on_no_face: Literal["review", "copy", "fail"]
    on_residual: Literal["review", "solid", "fail"]
    skip_where: str | None
    release: frozenset[str]
    facemask_dir: str | None
    source_digest: bool
    fairness: bool
    expected: Mapping[str, Sequence[Expected]]
    """Key of a frame -> the faces that it lacks and its neighbours show."""

    def __post_init__(self) -> None:
        chosen = [
            FACE_DETECTORS.load(name)(self.threshold, self.weights) for name in self.detectors
        ]
        checker, mesh = MediapipeDetector(self.residual_threshold), MediapipeMesh()
        people = SelfieMatte()
        self._finder = FaceFinder(chosen)
        hider = FaceHider(
            self._finder,
            FaceMasker(mesh, self.region),
            FaceMasker(mesh, WIDE_REGION, WIDE_ELLIPSE_GROWTH),
            checker,
            people,
            self.hiding,
        )
        models = {found.name: found.sha256 for found in (*chosen, checker)}
        models |= {"face mesh": mesh.sha256, "selfie segmentation": people.sha256}
        self._hider = hider
        self._models = models
        self._people = people
        self._skips = Condition(self.skip_where) if self.skip_where else None

    def __call__(self, item: Item) -> Product:
        """Hide the faces of one photo; without certainty it is kept out of the dataset."""
        photo = self.read(item)
        sample = item.describe(photo.image.shape[1], photo.image.shape[0], photo.sha256, self.step)
        if not self.source_digest:
            source = msgspec.structs.replace(sample.source, sha256=None)
            sample = msgspec.structs.replace(sample, source=source)
        if self._skips and self._skips(sample, self._count(photo)):
            return self._keep(item, photo, sample, photo.image, "skipped")
        hidden, matte = self.hide(item, photo)
        product = self._finished(item, photo, sample, hidden, matte)
        if not self.fairness:
            return product
        traits = trait_lines(hidden.faces, hidden.traits)
        return msgspec.structs.replace(product, lines={**product.lines, TRAITS: traits})

    def _finished(
        self,
        item: Item,
        photo: Photo,
        sample: Sample,
        hidden: Hidden,
        matte: Literal["given", "auto", "none"],
    ) -> Product:
        """Write a photo whose faces are hidden, or list it for a person."""
        status, reasons = self._judge(item, hidden)
        if status in ("review", "no-face") and not (
            status == "no-face" and self.on_no_face == "copy"
        ):
            record = self._record(item, photo, status, reasons, hidden.faces, matte)
            return rows(record, item.source_name, None, {})
        if self.facemask_dir:
            encoded = images.encode_png(hidden.mask.astype(np.uint8) * 255)
            name = f"{item.split}/{item.stem}.png" if item.split else f"{item.stem}.png"
            atomic.write_bytes(location(self.facemask_dir, name), encoded)
        return self._keep(item, photo, sample, hidden.image, status, reasons, hidden.faces, matte)

    def _count(self, photo: Photo) -> int | None:
        """Return how many people a photo shows, where the condition asks for it."""
        if self._skips is None or "people" not in self._skips.columns:
            return None
        person = self._people.coarse(photo.image) >= PERSON_CONFIDENCE
        size_wh = (photo.image.shape[1], photo.image.shape[0])
        return count_people(person, self._finder.find(photo.image, person), size_wh)

    def read(self, item: Item) -> Photo:
        """Read a photo; InputError when it is none, or could not be written again as it was."""
        if item.image is None:
            raise InputError(f"{item.source_name}: expected an image, the source names none")
        data = item.image.read()
        name = item.source_name
        facts = images.probe(data, name)
        form = photo_form(data, name, self.colour)
        sha256 = hashlib.sha256(data).hexdigest()
        return Photo(
            decode_photo(data, name, transparency=item.transparency, colours=form.colours),
            facts,
            form,
            sha256,
        )

    def hide(self, item: Item, photo: Photo) -> tuple[Hidden, Literal["given", "auto", "none"]]:
        """Hide the faces, the soft boundary of the matte spared; tell where the matte is from."""
        alpha, kind = self._alpha(item, photo)
        expected = self.expected.get(item.key, ())
        return self._hider.hide(photo.image, alpha, expected), kind

    def _alpha(
        self, item: Item, photo: Photo
    ) -> tuple[npt.NDArray[np.float32] | None, Literal["given", "auto", "none"]]:
        ref = item.alpha if self.alphas is None else self.alphas.get(_stem(item))
        if self.alphas is not None and ref is None:
            raise InputError(
                f"{item.source_name}: expected a matte of the same stem in --alpha-dir, found none"
            )
        if ref is not None and self.matte != "none":
            alpha = decode_alpha(ref.read(), ref.name)
            return _fitted(alpha, photo, ref.name), "given"
        if self.matte == "auto":
            soft = self._people.matte(photo.image)
            low, high = _AUTO_MATTE_CERTAIN, 1 - _AUTO_MATTE_CERTAIN
            return np.clip((soft - low) / (high - low), 0, 1), "auto"
        return None, "none"

    def _judge(self, item: Item, hidden: Hidden) -> tuple[Status, tuple[str, ...]]:
        found = [face for face in hidden.faces if face.mask != "none"]
        reasons = hidden.reasons if found else ("no face was found",)
        if reasons and item.key in self.release:
            return "released", reasons
        if not found:
            if self.on_no_face == "fail":
                raise InputError(f"{item.source_name}: expected a face, found none (--on-no-face)")
            return "no-face", reasons
        if self.on_residual == "fail" and any(face.residual is not None for face in found):
            raise InputError(f"{item.source_name}: {reasons[0]} (--on-residual)")
        return ("review" if reasons else "anonymized"), reasons

    def _keep(
        self,
        item: Item,
        photo: Photo,
        sample: Sample,
        image: npt.NDArray[np.uint8],
        status: Status,
        reasons: tuple[str, ...] = (),
        faces: tuple[HiddenFace, ...] = (),
        matte: Literal["given", "auto", "none"] = "none",
    ) -> Product:
        encoded = encode_photo(image, photo.form)
        files = {item.place("images"): encoded}
        named: dict[str, str] = {"file_name": item.place("images")}
        for kind, ref in label_files(item).items():
            name = item.place(FOLDERS[kind], ".png")
            files[name] = _label(item, kind, ref, photo)
            named[f"{kind}_file_name"] = name
        for name, data in files.items():
            atomic.write_bytes(location(self.out, name), data)
        record = msgspec.structs.replace(
            self._record(item, photo, status, reasons, faces, matte),
            file_name=named["file_name"],
            sha256_out=hashlib.sha256(encoded).hexdigest(),
        )
        sizes = {name: len(data) for name, data in files.items()}
        return rows(record, item.source_name, _sample(item, sample, photo, named, status), sizes)

    def _record(
        self,
        item: Item,
        photo: Photo,
        status: Status,
        reasons: tuple[str, ...],
        faces: tuple[HiddenFace, ...],
        matte: Literal["given", "auto", "none"],
    ) -> Anonymization:
        return Anonymization(
            id=item.key,
            status=status,
            reasons=reasons,
            sha256_in=photo.sha256 if self.source_digest else None,
            datakit=__version__,
            models=self._models,
            matte=matte,
            faces=faces,
        )


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo as read: upright pixels, and how it was stored."""

    image: npt.NDArray[np.uint8]
    facts: Probe
    form: PhotoForm
    sha256: str


def check_models(detectors: Sequence[str], weights: Sequence[str]) -> None:
    """Raise ModelError when a model that the task needs is missing or damaged."""
    for name in detectors:
        load_weights(FACE_DETECTORS.load(name).WEIGHTS, weights)
    for needed in (FULL_RANGE, SHORT_RANGE, FACE_MESH, SELFIE):
        load_weights(needed)


def _stem(item: Item) -> str:
    name = Path(item.rel).with_suffix("").as_posix()
    return f"{item.split}/{name}" if item.split else name


def _fitted(label: Array, photo: Photo, name: str) -> Array:
    """Turn a label like its photo when it is drawn on the photo as stored; check its size.

    Most tools draw labels on the photo as shown; a label that has the size of the photo as stored
    was drawn there, and goes through the photo's own turn.
    """
    height, width = photo.image.shape[:2]
    facts = photo.facts
    if label.shape == (height, width):
        return label
    if label.shape == (facts.stored_wh[1], facts.stored_wh[0]) and (
        oriented_wh(facts.stored_wh, facts.orientation) == (width, height)
    ):
        return orient(label, facts.orientation)
    raise InputError(
        f"{name}: expected the photo's size {width} x {height}, found "
        f"{label.shape[1]} x {label.shape[0]}"
    )


def _label(item: Item, kind: str, ref: FileRef, photo: Photo) -> bytes:
    """Write a label again, as PNG, so that nothing but its pixels comes along."""
    return images.encode_png(_fitted(decode_label(item, kind, ref), photo, ref.name))


def _sample(
    item: Item, sample: Sample, photo: Photo, named: Mapping[str, str], status: Status
) -> Sample:
    tags = set(sample.tags) | {f"faces-{_TAGS[status]}"}
    if photo.facts.orientation != 1:
        tags.add("orientation-applied")
    if photo.form.transparent:
        tags.add("transparency-composited")
    if photo.facts.icc and photo.form.icc is None:
        tags.add("colour-profile-removed")
    return msgspec.structs.replace(sample, tags=tuple(sorted(tags)), **named)


_TAGS: Mapping[Status, str] = {
    "anonymized": "hidden",
    "no-face": "none",
    "released": "released",
    "skipped": "kept",
    "review": "review",
}
