"""Photos -> drafted labels: read and decoded, seen by a model in batches, measured, written.

One class for every device. On a CPU each worker does its photos one after the other; a worker that
holds a GPU reads and writes in threads while the device computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.drafts.instances import split_by_boxes, split_by_heads
from datakit.core.faces.bodies import Head
from datakit.core.faces.detections import FaceDetection
from datakit.engine.base import Outcome
from datakit.engine.stages import StageClock, Stages
from datakit.io.layouts.base import Item
from datakit.io.layouts.drawn import MASKS, Drawing, draw
from datakit.io.layouts.objects import Object
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_photo
from datakit.io.store import atomic
from datakit.io.store.reads import sha256
from datakit.io.store.storage import location
from datakit.models.faces.base import FACE_DETECTORS, FaceDetector
from datakit.models.prediction import Hint
from datakit.records.draft import DRAFT, DRAFTS, NONCOMMERCIAL, Draft, Outlined
from datakit.records.product import Product
from datakit.records.sample import SYNTHETIC, Instance, Operation, Sample
from datakit.verbs.prelabel.drafts import Cleaning, Label, ModelOutputs, emptied, make_label
from datakit.verbs.prelabel.hints import hint_of, hint_of_boxes, object_boxes
from datakit.verbs.prelabel.inference import Inference
from datakit.verbs.prelabel.models import build_model
from datakit.verbs.shared.labelled import FOLDERS, carry_files, image_bytes
from datakit.verbs.shared.models import with_models

FACES, FACE_SIDE_PX = "mediapipe", 640
FACES_OPTION, NO_PROMPTS = "faces", "none"
RAW = "probabilities"
"""Folder of the models' own maps, at the models' size, 16 bits."""
DRAWINGS = {"rle": MASKS, "polygons": Drawing(), "bridged": Drawing(holes="bridge")}
READ, DECODE, LABEL, WRITE = "read", "decode", "label", "write"

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.uint8]
ModelSpec = tuple[str, Mapping[str, Any]]
"""A segmenter's name, and the `Settings` to build it with."""


@dataclass(frozen=True)
class Photo:
    """A decoded photo, with the heads on it where faces were looked for."""

    data: bytes
    image: Image
    hint: Hint | None
    heads: tuple[Head, ...] = ()


@dataclass
class Prelabel:
    """The task of ``prelabel``; see `datakit.verbs.prelabel.options.Options` for the fields.

    ``threads`` of them read and write beside the device; with 0 everything happens in turn.
    """

    out: str
    step: Operation
    model: ModelSpec
    second: ModelSpec | None
    flip: bool
    people: str
    prompts: str
    thorough: bool
    cleaning: Mapping[str, Any]
    depth: int
    outline: str
    category: str
    instances: bool
    batch: int
    threads: int

    def __post_init__(self) -> None:
        # ModelError or InputError says what is missing or does not fit.
        second = None if self.second is None else Inference(build_model(*self.second))
        model = build_model(*self.model, thorough=self.thorough, boxed=self.prompts != NO_PROMPTS)
        self._worker = _Worker(self, Inference(model), second)

    def __call__(self, item: Item) -> Product:
        """Draft the label of one photo."""
        worker = self._worker
        photo = worker.load(item)
        return worker.finish(item, photo, worker.start([photo])()[0])

    def run_chunk(self, items: Sequence[Item]) -> list[Outcome[Product]]:
        """Draft the labels of some photos, the device working while others are read."""
        worker = self._worker
        stages = Stages(
            worker.load, worker.start, worker.finish, self.batch, self.threads, worker.clock
        )
        return stages.run(items)


class _Worker:
    """What a worker holds: the models, and the steps on them."""

    def __init__(self, task: Prelabel, model: Inference, second: Inference | None) -> None:
        self._task = task
        self._model = model
        self._second = second
        self._cleaning = Cleaning(**task.cleaning)
        # One at once for each thread, as a graph works on one picture at a time; kept here, because
        # threads end with their chunk and detectors are slow to build. The first is built now, so
        # that what is missing is found before any work.
        by_faces = task.instances and task.prompts in (NO_PROMPTS, FACES_OPTION)
        self._finds_heads = by_faces or FACES_OPTION in (task.people, task.prompts)
        self._idle_detectors = [_face_detector()] if self._finds_heads else []
        self.clock = StageClock()
        segmenters = [one.segmenter for one in (model, second) if one is not None]
        self._takes_hints = any(segmenter.takes_hints for segmenter in segmenters)
        models = [segmenter.identity for segmenter in segmenters]
        self._step = with_models(task.step, models)
        self._tags = {DRAFT, SYNTHETIC}
        if any(identity.noncommercial for identity in models):
            self._tags.add(NONCOMMERCIAL)

    def load(self, item: Item) -> Photo:
        with self.clock.timed(READ):
            data = image_bytes(item)
        with self.clock.timed(DECODE):
            image = decode_photo(data, item.source_name, transparency=item.transparency)
        hw = (image.shape[0], image.shape[1])
        prompts = self._task.prompts
        heads = self._heads(image) if self._finds_heads else ()
        # Annotations that no model looks at need not fit the photo.
        hint: Hint | None = None
        if prompts == FACES_OPTION:
            hint = hint_of_boxes([head.body_box(hw) for head in heads], source="face")
        elif prompts != NO_PROMPTS:
            hint = hint_of_boxes(object_boxes(item, hw, outlined=prompts == "annotations"))
        elif item.annotations and self._takes_hints:
            hint = hint_of(item, hw)
        return Photo(data, image, hint, heads)

    def _heads(self, image: Image) -> tuple[Head, ...]:
        try:
            detector = self._idle_detectors.pop()
        except IndexError:
            detector = _face_detector()
        with self.clock.timed(LABEL):
            scale = min(1.0, FACE_SIDE_PX / max(image.shape))
            size_wh = [max(1, round(side * scale)) for side in image.shape[1::-1]]
            small = np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA))
            found = tuple(_head(one, 1 / scale) for one in detector.detect(small))
        # One that failed is not used again.
        self._idle_detectors.append(detector)
        return found

    def start(self, photos: Sequence[Photo]) -> Callable[[], list[ModelOutputs]]:
        pictures = [photo.image for photo in photos]
        hints = [photo.hint for photo in photos]
        first = self._model.start(pictures, hints)
        second = self._second and self._second.start(pictures, hints)
        if not self._task.flip:
            flipped = None
        else:
            mirrored = [np.ascontiguousarray(picture[:, ::-1]) for picture in pictures]
            turned = [photo.hint and photo.hint.mirrored(photo.image.shape[1]) for photo in photos]
            flipped = self._model.start(mirrored, turned)

        def wait() -> list[ModelOutputs]:
            nothing = [None] * len(photos)
            found = zip(
                first(),
                flipped() if flipped else nothing,
                second() if second else nothing,
                strict=True,
            )
            return [ModelOutputs(*one) for one in found]

        return wait

    def finish(self, item: Item, photo: Photo, outputs: ModelOutputs) -> Product:
        with self.clock.timed(LABEL):
            label = make_label(photo.image, outputs, self._cleaning, self._task.depth)
            if not self._shows_people(photo, outputs):
                label = emptied(label, outputs)
            mask: npt.NDArray[Any] = label.mask
            if self._task.instances:
                mask = self._split(label.mask > 0, photo)
            outlines = self._outlines(mask)
        with self.clock.timed(WRITE):
            names, files = self._written(item, photo, label, mask)
        digest = sha256(photo.data)
        sample = self._row(item, label, mask, names, digest)
        height, width = label.mask.shape
        draft = Draft(
            id=sample.id,
            file_name=names["file_name"],
            sha256=digest,
            width=width,
            height=height,
            area=round(cv2.countNonZero(label.mask) / label.mask.size, 6),
            parts=label.parts,
            missing_hand=label.missing_hand,
            hint=outputs.prediction.hint,
            outlined=None if self._task.instances or not outlines else outlines[0],
            objects=tuple(outlines) if self._task.instances else (),
        )
        line = msgspec.json.encode(draft).decode() + "\n"
        return Product(samples=(sample,), files=files, lines={DRAFTS: line})

    def _shows_people(self, photo: Photo, outputs: ModelOutputs) -> bool:
        if self._task.people == "verified" and outputs.prediction.is_person is False:
            return False
        return self._task.people != FACES_OPTION or bool(photo.heads)

    def _split(self, mask: npt.NDArray[np.bool_], photo: Photo) -> npt.NDArray[np.uint16]:
        """Return (H, W) ids of people, from 1."""
        if self._task.prompts in (NO_PROMPTS, FACES_OPTION):
            return split_by_heads(mask, photo.heads)
        return split_by_boxes(mask, () if photo.hint is None else photo.hint.object_boxes())

    def _outlines(self, mask: npt.NDArray[Any]) -> list[Outlined]:
        """Return the outlines of all people, or of each one."""
        if not self._task.instances:
            whole = outlined_mask(mask, self._task.outline)
            return [] if whole is None else [whole]
        alone = (np.uint8(255) * (mask == number) for number in range(1, int(mask.max()) + 1))
        drawn = (outlined_mask(one, self._task.outline) for one in alone)
        return [one for one in drawn if one is not None]

    def _row(
        self,
        item: Item,
        label: Label,
        mask: npt.NDArray[Any],
        names: dict[str, str],
        digest: str,
    ) -> Sample:
        height, width = label.mask.shape
        sample = item.describe(width, height, digest, self._step)
        found = bool(label.mask.any())
        areas = np.bincount(mask.ravel())[1:].tolist() if self._task.instances else []
        instances = tuple(
            Instance(id=number, category=self._task.category, annotation="", area=area)
            for number, area in enumerate(areas, 1)
        )
        return msgspec.structs.replace(
            sample,
            tags=tuple(sorted({*sample.tags, *self._tags})),
            categories=(self._task.category,) if found else (),
            annotations=len(instances) if self._task.instances else int(found),
            instances=instances,
            label_state="complete",
            fg_ratio=round(float(cv2.mean(label.alpha)[0]) / np.iinfo(label.alpha.dtype).max, 6),
            **names,
        )

    def _written(
        self, item: Item, photo: Photo, label: Label, mask: npt.NDArray[Any]
    ) -> tuple[dict[str, str], dict[str, int]]:
        """Write image, mask, alpha and, where it says more than the alpha, the model's own map."""
        names, files = carry_files(self._task.out, item, photo.data, leave_out=FOLDERS)
        names["mask_file_name"] = item.place("masks", ".png")
        names["alpha_file_name"] = item.place("alphas", ".png")
        pictures: dict[str, npt.NDArray[Any]] = {
            names["mask_file_name"]: mask,
            names["alpha_file_name"]: label.alpha,
        }
        if label.raw is not None:
            pictures[item.place(RAW, ".png")] = label.raw
        for name, pixels in pictures.items():
            data = images.encode_png(pixels)
            atomic.write_bytes(location(self._task.out, name), data)
            files[name] = len(data)
        return names, files


def outlined_mask(mask: Mask, outline: str) -> Outlined | None:
    """Return a mask as a COCO annotation without ids; None when it is empty.

    Parameters
    ----------
    mask : (H, W) uint8
        Nonzero is inside.
    outline : {"rle", "polygons", "bridged"}
        Polygons are the coarsest that keep IoU 0.99; COCO's have no holes, so that a mask with
        holes stays an RLE, or has them hang on bridges without width.
    """
    drawn = draw([Object("", mask > 0)], DRAWINGS[outline])
    if not drawn:
        return None
    [shape] = drawn
    x, y, width, height = map(float, shape.bbox_xywh)
    return Outlined(
        segmentation=shape.segmentation(), bbox=(x, y, width, height), area=float(shape.area)
    )


def _head(found: FaceDetection, scale: float) -> Head:
    """Return a face as the head of a body, in pixels of the photo."""
    box = found.box_xyxy * scale
    return Head((box[:2] + box[2:]) / 2, float(max(box[2:] - box[:2])))


def _face_detector() -> FaceDetector:
    return FACE_DETECTORS.load(FACES)(None, ())
