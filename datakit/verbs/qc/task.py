"""One sample of ``qc``: its files read without trust, measured, and repaired when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from datakit.checks import family_of
from datakit.checks.base import StoredFile, Subject
from datakit.checks.judge import measure
from datakit.checks.table import to_row
from datakit.core.images.contact_sheet import overlay
from datakit.core.matting.repair import Repaired, repair
from datakit.errors import DatakitError, InputError, OutputError, TruncatedError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import coded_mask, decode_ignored, decode_label, label_files
from datakit.io.pixels import images
from datakit.io.pixels.decoders import (
    decode_mask,
    decode_photo,
    decode_stored,
    decode_trimap,
)
from datakit.io.store import atomic
from datakit.io.store.files import FileRef
from datakit.io.store.reads import sha256
from datakit.io.store.storage import location
from datakit.models.segmenters.base import build, segment_one
from datakit.models.segmenters.hands import PeoplesHands
from datakit.records.failure import Failure
from datakit.records.product import Product
from datakit.records.sample import Operation
from datakit.verbs.shared.labelled import FOLDERS, carry_files, image_bytes
from datakit.verbs.shared.plates import is_plate, region_file

MEASUREMENTS = ".measurements.jsonl"
FIXES = "fixes.csv"
FIXES_HEADER = "sample,fix,before,after,pixels\n"
TILE_PX = 240
CROP_PX = 80

# A mask is a label without an alpha: what only an alpha can have is not asked of it.
NOT_FOR_MASKS = frozenset({"binary", "quantised", "coding", "bit_depth", "soft_edge"})

HALF = 128
"""Masks whose values are all below hold class indices, others 0 and 255 with some residue."""

Label = npt.NDArray[Any]


@dataclass
class Inspect:
    """The task of ``qc``: measure one sample; with ``fix`` also write its corrected copy."""

    out: str
    step: Operation
    checks: tuple[str, ...]
    fix: bool
    binary: bool
    """Whether masks are 0/255; else their values mean classes or objects."""
    segmenter: str | None = None

    def __post_init__(self) -> None:
        self._model = build(self.segmenter) if self.segmenter else None
        self._hands = PeoplesHands() if self.segmenter else None

    def __call__(self, item: Item) -> Product:
        """Measure a sample; what is wrong with its files is measured too."""
        if item.label_state == "partial" and item.alpha is None and item.mask is None:
            # Something is there that could not be drawn: there is no label yet to be wrong.
            unmeasured = Product(counts={"without label": 1})
            return self._carried(item, unmeasured, {}, []) if self.fix else unmeasured
        subject, label = read_subject(item)
        if self._model is not None and subject.paired is not None:
            subject = replace(subject, confidence=segment_one(self._model, subject.paired[0]))
        if self._hands is not None and subject.paired is not None:
            subject = replace(subject, hands=self._hands.find(subject.paired[0]))
        names = [name for name in self.checks if _applies(name, item)]
        measured = replace(measure(subject, names), file=label.name)
        row = msgspec.json.encode(to_row(measured)).decode() + "\n"
        product = Product(lines={MEASUREMENTS: row}, counts={"measured": 1})
        return self._fixed(item, subject, label, product) if self.fix else product

    def _fixed(self, item: Item, subject: Subject, label: FileRef, product: Product) -> Product:
        """Write the sample with its label repaired; all else goes over as it is."""
        if item.alpha is None and not (self.binary and _is_binary(item)):
            # Values that mean classes or objects are no opacity: nothing of them is certain.
            return self._carried(item, product, {}, [])
        error = _unfixable(subject)
        if error or subject.decoded is None or subject.image is None or item.image is None:
            failure = Failure(id=item.key, file=label.name, step="fix", error=str(error))
            return msgspec.structs.replace(product, failures=(failure,))
        repaired = repair(subject.decoded.alpha)
        fixes = _fixes(item.key, subject, repaired)
        if not fixes:
            return self._carried(item, product, {}, [])
        deep = subject.decoded.deep
        top, dtype = (65535, np.uint16) if deep else (255, np.uint8)
        stored = np.rint(repaired.alpha * np.float32(top)).astype(dtype)
        return self._carried(item, product, {"alpha" if item.alpha else "mask": stored}, fixes)

    def _carried(
        self, item: Item, product: Product, repaired: Mapping[str, Label], fixes: list[str]
    ) -> Product:
        image = image_bytes(item)
        names, files = carry_files(self.out, item, image, leave_out=repaired.keys())
        changes: dict[str, Any] = {}
        for kind, stored in repaired.items():
            names[f"{kind}_file_name"] = name = item.place(FOLDERS[kind], ".png")
            data = images.encode_png(stored)
            atomic.write_bytes(location(self.out, name), data)
            files[name] = len(data)
            top = np.iinfo(stored.dtype).max
            changes["fg_ratio"] = round(float(stored.mean(dtype=np.float64)) / top, 6)
        width, height = images.probe(image, item.source_name).size_wh
        row = item.describe(width, height, sha256(image), self.step if fixes else None)
        return msgspec.structs.replace(
            product,
            samples=(msgspec.structs.replace(row, **names, **changes),),
            files=files,
            lines={**product.lines, FIXES: "".join(fixes)},
            counts={**product.counts, "fixed": int(bool(fixes))},
        )


def _unfixable(subject: Subject) -> str:
    """Return why a sample has no corrected copy; empty when it has."""
    errors = [file.error for file in (subject.image_file, subject.alpha_file) if file.error]
    if errors:
        return "; ".join(errors)
    if subject.paired is None:
        return "image and label differ in size: what to do about it is not certain; see qc.jsonl"
    if subject.decoded is not None and subject.decoded.channel == "red":
        return "the label's channels differ: which one is alpha is not certain; see qc.jsonl"
    if subject.decoded is not None and subject.decoded.bad_share > 0:
        return "the label holds NaN or values outside 0..1: what they were is not certain"
    return ""


def _fixes(sample: str, subject: Subject, repaired: Repaired) -> list[str]:
    """Return the CSV lines of what was changed."""
    decoded = subject.decoded
    if decoded is None:
        return []
    pixels = decoded.alpha.size
    found: list[tuple[str, str, str, int]] = []
    if decoded.channel in ("equal", "alpha"):
        channels = 1 if subject.stored is None else subject.stored.shape[2]
        found.append(("channel taken", f"{channels} channels", decoded.channel, pixels))
    if decoded.scale != decoded.full_scale:
        found.append(
            ("rescaled", f"0..{decoded.scale:.0f}", f"0..{decoded.full_scale:.0f}", pixels)
        )
    if repaired.residue_px:
        found.append(("residue snapped", "1..9, 246..254", "0, 255", repaired.residue_px))
    if repaired.speck_px:
        found.append(("specks removed", "parts below 1e-5", "none", repaired.speck_px))
    name = '"' + sample.replace('"', '""') + '"'
    return [f'{name},{fix},"{before}","{after}",{count}\n' for fix, before, after, count in found]


def read_subject(item: Item) -> tuple[Subject, FileRef]:
    """Read what a sample has; what cannot be read is noted, not raised.

    Returns
    -------
    subject : Subject
        With the mask in the alpha's place when there is no alpha.
    label : FileRef
        The file the label came from.

    Raises
    ------
    InputError
        If the source names neither an alpha nor a mask for the image.
    """
    label = item.alpha or item.mask
    if label is None:
        raise InputError(f"{item.source_name}: expected an alpha or a mask, the source has neither")
    image, image_file = _read(item.image, decode_photo)
    read_mask = partial(coded_mask, coding=item.coding)
    stored, alpha_file = _read(label, decode_stored if item.alpha else read_mask)
    if item.alpha is None and stored is not None:
        stored = _foreground(stored)
    ignore, _ = _read(label_files(item).get("ignore"), lambda data, name: decode_ignored(item))
    if ignore is not None and stored is not None and ignore.shape == stored.shape[:2]:
        # Nobody knows these pixels: they are judged as what surrounds a subject, background.
        stored = np.where(_unknown(ignore, stored), 0, stored).astype(stored.dtype)
    mask, _ = _read(item.mask if item.alpha else None, read_mask)
    trimap, _ = _read(item.trimap, decode_trimap)
    subject = Subject(
        item.key,
        image,
        stored,
        image_file,
        alpha_file,
        mask=None if mask is None else mask > mask.max() // 2,
        trimap=trimap,
        region=_region(item),
        # A folder's group is a guess from the file name; a dataset's was decided.
        group=(item.sample.group or "") if item.sample else "",
        split=item.split or "",
    )
    return subject, label


def _applies(check: str, item: Item) -> bool:
    """Tell whether a check has something to say of an item: plates are judged as photos."""
    if is_plate(item):
        return family_of(check) in ("file", "plates")
    return item.alpha is not None or check not in NOT_FOR_MASKS


def _region(item: Item) -> npt.NDArray[np.bool_] | None:
    """Return the filled region of a plate; None of other samples, or where it was not kept."""
    stored, _ = _read(region_file(item), decode_mask)
    return None if stored is None else stored > 0


def _is_binary(item: Item) -> bool:
    """Tell whether a mask has one value beside background, so that it can be seen as opacity."""
    if item.mask is None or (item.sample and item.sample.instances):
        return False
    try:
        mask = decode_label(item, "mask", item.mask)
    except DatakitError:
        # What cannot be read is the finding of another check.
        return True
    few = mask.ndim == 2 and mask.dtype.kind == "u" and int(mask.max(initial=0)) < HALF
    return not few or np.count_nonzero(np.bincount(mask.ravel())[1:]) <= 1


def _unknown(ignore: Label, stored: Label) -> npt.NDArray[np.bool_]:
    """Return where a label is unknown, in as many channels as it has."""
    unknown: npt.NDArray[np.bool_] = ignore > 0
    return unknown if stored.ndim == 2 else unknown[..., None]


def _read(
    file: FileRef | None, decode: Callable[[bytes, str], Label | None]
) -> tuple[Label | None, StoredFile]:
    if file is None:
        return None, StoredFile()
    probe = None
    try:
        data = file.read()
        probe = images.probe(data, file.name)
        return decode(data, file.name), StoredFile(probe)
    except TruncatedError as error:
        return None, StoredFile(probe, str(error), cut_off=True)
    except OutputError:
        # Not this sample's fault: the run stops and can go on later.
        raise
    except DatakitError as error:
        return None, StoredFile(probe, str(error))


def _foreground(stored: Label) -> Label:
    """Return a mask as 0/255; one that is stored like a picture stays as it is."""
    if stored.ndim == 2 and stored.dtype.kind == "u" and stored.max() <= 127:
        return (stored > 0).astype(np.uint8) * np.uint8(255)
    return stored


Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Draw:
    """Draw one sample for the contact sheets it is on: the whole with the label, and a close look.

    ``boxes`` is sample -> check -> where to look.
    """

    boxes: Mapping[str, Mapping[str, Box | None]]

    def __call__(self, item: Item) -> dict[str, npt.NDArray[np.uint8]]:
        """Return check -> (H, W, 3) uint8 RGB: photo with the label over it, and a crop of both."""
        subject, _ = read_subject(item)
        wanted = self.boxes.get(item.key, {})
        alpha, pair = subject.alpha, subject.paired
        if pair is not None:
            whole = overlay(*pair)
            return {check: _tile(whole, *pair, box) for check, box in wanted.items()}
        tile = np.full((TILE_PX, TILE_PX, 3), 200, np.uint8)
        if alpha is not None:
            gray = np.rint(alpha * 255).astype(np.uint8)
            tile = _fit(np.repeat(gray[..., None], 3, axis=2), TILE_PX)
            if subject.image is not None:
                tile = np.vstack([_fit(subject.image, TILE_PX), tile])
        return dict.fromkeys(wanted, tile)


def _tile(
    whole: npt.NDArray[np.uint8],
    image: npt.NDArray[np.uint8],
    alpha: npt.NDArray[np.float32],
    box: Box | None,
) -> npt.NDArray[np.uint8]:
    if box is not None:
        thick = max(2, max(alpha.shape) // 200)
        whole = np.asarray(cv2.rectangle(whole.copy(), box[:2], box[2:], (213, 94, 0), thick))
    return np.vstack([_fit(whole, TILE_PX), _zoomed(image, alpha, box)])


def _zoomed(
    image: npt.NDArray[np.uint8],
    alpha: npt.NDArray[np.float32],
    box: Box | None,
) -> npt.NDArray[np.uint8]:
    """Return a crop of the image and, beside it, of the subject on green, enlarged."""
    if box is not None:
        centre = ((box[1] + box[3]) // 2, (box[0] + box[2]) // 2)
        side = int(np.clip(1.5 * max(box[2] - box[0], box[3] - box[1]), CROP_PX, 4 * CROP_PX))
    else:
        solid = (alpha > 0.5).astype(np.uint8)
        edge = np.argwhere(cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
        centre = tuple(edge[len(edge) // 3]) if len(edge) else (alpha.shape[0] // 2,) * 2
        side = CROP_PX
    half = side // 2
    y = int(np.clip(centre[0], half, max(half, alpha.shape[0] - half)))
    x = int(np.clip(centre[1], half, max(half, alpha.shape[1] - half)))
    window = np.s_[max(0, y - half) : y + half, max(0, x - half) : x + half]
    photo, matte = image[window], alpha[window][..., None]
    green = np.array([0, 160, 60], np.float32)
    cut = np.rint(photo * matte + green * (1 - matte)).astype(np.uint8)
    pair = np.hstack([photo, cut])
    scale = TILE_PX / pair.shape[1]
    size_wh = (TILE_PX, max(1, round(pair.shape[0] * scale)))
    return np.asarray(cv2.resize(pair, size_wh, interpolation=cv2.INTER_NEAREST))


def _fit(tile: npt.NDArray[np.uint8], width_px: int) -> npt.NDArray[np.uint8]:
    size_wh = (width_px, max(1, round(tile.shape[0] * width_px / tile.shape[1])))
    shrink = cv2.INTER_AREA if width_px < tile.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(tile, size_wh, interpolation=shrink))
