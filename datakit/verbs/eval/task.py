"""One prediction and its truth -> the sample's errors and scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from datakit.core.images.resizing import resample
from datakit.core.matting.trimaps import dim_trimap, p3m_trimap
from datakit.core.metrics.mask_metrics import mask_scores
from datakit.core.metrics.matting_metrics import matting_errors
from datakit.core.metrics.plate_metrics import hole_psnr_db, hole_ssim
from datakit.core.metrics.ssim import WINDOW_PX, ssim
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_ignored
from datakit.io.pixels.decoders import decode_alpha, decode_photo, decode_trimap
from datakit.models.inpainting.perceptual import PerceptualDistance
from datakit.records.evaluation import Score
from datakit.verbs.eval.known_label import known_label
from datakit.verbs.eval.labels import Kind
from datakit.verbs.shared.plates import read_region, region_file

HIGHEST_PSNR_DB = 100.0
"""Of a plate that equals the truth, whose ratio is infinite."""

Region = Literal["given", "p3m", "dim", "none"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A prediction and its truth."""

    key: str
    pred: Item
    gt: Item


@dataclass(frozen=True)
class Evaluate:
    """The task of ``eval``; see `datakit.verbs.eval.options.Options` for the fields."""

    kind: Kind
    profile: str
    region: Region
    threshold: float
    resize: bool
    lpips: tuple[str, str] | None = None
    """The network of a perceptual distance, and its contract."""

    @cached_property
    def _perceptual(self) -> PerceptualDistance | None:
        return None if self.lpips is None else PerceptualDistance(*self.lpips)

    def __call__(self, pair: Pair) -> Score:
        """Compare one pair."""
        if self.kind == "plate":
            return _of_plates(pair, self._perceptual)
        gt_name, pred_name = _file(pair.gt, self.kind), _file(pair.pred, self.kind)
        names = pred_name, gt_name
        if self.kind == "alpha":
            gt = _alpha(pair.gt)
            pred = self._fitted(_alpha(pair.pred), gt, names)
            ignore = _ignored(pair.gt, gt.shape)
            metrics = self._of_alphas(pred, gt, ignore, pair)
        else:
            truth = known_label(pair.gt, {}, {}, self.threshold)
            gt = truth.classes.astype(np.float32)
            known = known_label(pair.pred, {}, {}, self.threshold)
            pred = self._fitted(known.classes.astype(np.float32), gt, names)
            metrics = _scores(pred > 0.5, gt > 0.5, truth.unknown)
        height, width = gt.shape
        return Score(
            id=pair.key, pred=pred_name, gt=gt_name, width=width, height=height, metrics=metrics
        )

    def _of_alphas(
        self,
        pred: npt.NDArray[np.float32],
        gt: npt.NDArray[np.float32],
        ignore: npt.NDArray[np.bool_] | None,
        pair: Pair,
    ) -> dict[str, float]:
        metrics = matting_errors(pred, gt, self._trimap(gt, pair), self.profile, ignore)
        if ignore is not None:
            pred = np.where(ignore, gt, pred)
        if min(gt.shape) >= WINDOW_PX:
            metrics["ssim"] = ssim(pred, gt)
        return metrics | _scores(pred > self.threshold, gt > self.threshold, ignore)

    def _trimap(self, gt: npt.NDArray[np.float32], pair: Pair) -> npt.NDArray[np.uint8] | None:
        if self.region == "p3m":
            return p3m_trimap(gt)
        if self.region == "dim":
            return dim_trimap(gt)
        trimap = pair.gt.trimap
        if self.region == "none" or trimap is None:
            return None
        return decode_trimap(trimap.read(), trimap.name)

    def _fitted(
        self,
        pred: npt.NDArray[np.float32],
        gt: npt.NDArray[np.float32],
        names: tuple[str, str],
    ) -> npt.NDArray[np.float32]:
        if pred.shape == gt.shape:
            return pred
        if not self.resize:
            raise InputError(
                f"{names[0]}: expected {gt.shape[1]}x{gt.shape[0]} pixels as {names[1]}, found "
                f"{pred.shape[1]}x{pred.shape[0]}; --resize scales it"
            )
        return np.clip(resample(pred, (gt.shape[1], gt.shape[0])), 0, 1)


def _of_plates(pair: Pair, perceptual: PerceptualDistance | None) -> Score:
    """Compare a plate with the photo of the empty scene, in the region that was filled."""
    file = region_file(pair.pred)
    if file is None or pair.pred.image is None or pair.gt.image is None:
        raise InputError(f"{pair.key}: expected a plate with its region and a photo of its scene")
    plate, truth = (decode_photo(ref.read(), ref.name) for ref in (pair.pred.image, pair.gt.image))
    region = read_region(file)
    height, width = truth.shape[:2]
    metrics = {
        "psnr": min(hole_psnr_db(plate, truth, region), HIGHEST_PSNR_DB),
        "ssim": hole_ssim(plate, truth, region),
    }
    if perceptual is not None:
        metrics["lpips"] = perceptual.distance(plate, truth, region)
    return Score(
        id=pair.key,
        pred=pair.pred.source_name,
        gt=pair.gt.source_name,
        width=width,
        height=height,
        metrics=metrics,
    )


def _file(item: Item, kind: Kind) -> str:
    """Return the file that a label of an item is in; the image's name for annotated objects."""
    ref = item.alpha if kind == "alpha" else item.mask
    return item.source_name if ref is None else ref.name


def _alpha(item: Item) -> npt.NDArray[np.float32]:
    if item.alpha is None:
        raise InputError(f"{item.source_name}: expected an alpha, found none")
    return decode_alpha(item.alpha.read(), item.alpha.name)


def _scores(
    pred: npt.NDArray[np.bool_], gt: npt.NDArray[np.bool_], ignore: npt.NDArray[np.bool_] | None
) -> dict[str, float]:
    """Return the scores of masks over the pixels that are known."""
    if ignore is None:
        return mask_scores(pred, gt)
    # Background in both: then a pixel is in no overlap, no union and no count.
    return mask_scores(pred & ~ignore, gt & ~ignore)


def _ignored(item: Item, shape_hw: tuple[int, ...]) -> npt.NDArray[np.bool_] | None:
    """Return where the truth is not known; None when all of it is."""
    ignored = decode_ignored(item)
    if ignored is None:
        return None
    ignore: npt.NDArray[np.bool_] = ignored > 0
    if ignore.shape != shape_hw:
        raise InputError(
            f"{item.source_name}: expected an ignore mask of {shape_hw[1]}x{shape_hw[0]} pixels, "
            f"the truth's size, found {ignore.shape[1]}x{ignore.shape[0]}"
        )
    return ignore
