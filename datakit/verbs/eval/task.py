"""One prediction and its truth -> the sample's errors and scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from datakit.core.images.resizing import resample
from datakit.core.matting.trimaps import dim_trimap, p3m_trimap
from datakit.core.metrics.mask_metrics import mask_scores
from datakit.core.metrics.matting_metrics import matting_errors
from datakit.core.metrics.ssim import WINDOW_PX, ssim
from datakit.errors import InputError
from datakit.io.pixels.decoders import decode_alpha, decode_ignore, decode_mask, decode_trimap
from datakit.io.pixels.mattes import Kind
from datakit.io.store.files import FileRef
from datakit.records.evaluation import Score
from datakit.verbs.shared.bands import foreground

Region = Literal["given", "p3m", "dim", "none"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A prediction, its truth, and the truth's trimap and ignore mask if there are any."""

    key: str
    id: str
    pred: FileRef
    gt: FileRef
    trimap: FileRef | None
    ignore: FileRef | None = None


@dataclass(frozen=True)
class Evaluate:
    """The task of ``eval``; see `datakit.verbs.eval.options.Options` for the fields."""

    kind: Kind
    profile: str
    region: Region
    threshold: float
    resize: bool

    def __call__(self, pair: Pair) -> Score:
        """Compare one pair."""
        if self.kind == "alpha":
            gt = decode_alpha(pair.gt.read(), pair.gt.name)
            pred = self._fitted(decode_alpha(pair.pred.read(), pair.pred.name), gt, pair)
            ignore = _ignored(pair, gt.shape)
            metrics = self._of_alphas(pred, gt, ignore, pair)
        else:
            gt = foreground(decode_mask(pair.gt.read(), pair.gt.name)).astype(np.float32)
            stored = foreground(decode_mask(pair.pred.read(), pair.pred.name))
            pred = self._fitted(stored.astype(np.float32), gt, pair)
            ignore = _ignored(pair, gt.shape)
            metrics = _scores(pred > 0.5, gt > 0.5, ignore)
        height, width = gt.shape
        return Score(
            id=pair.id,
            pred=pair.pred.name,
            gt=pair.gt.name,
            width=width,
            height=height,
            metrics=metrics,
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
        if self.region == "none" or pair.trimap is None:
            return None
        return decode_trimap(pair.trimap.read(), pair.trimap.name)

    def _fitted(
        self, pred: npt.NDArray[np.float32], gt: npt.NDArray[np.float32], pair: Pair
    ) -> npt.NDArray[np.float32]:
        if pred.shape == gt.shape:
            return pred
        if not self.resize:
            raise InputError(
                f"{pair.pred.name}: expected {gt.shape[1]}x{gt.shape[0]} pixels as "
                f"{pair.gt.name}, found {pred.shape[1]}x{pred.shape[0]}; --resize scales it"
            )
        return np.clip(resample(pred, (gt.shape[1], gt.shape[0])), 0, 1)


def _scores(
    pred: npt.NDArray[np.bool_], gt: npt.NDArray[np.bool_], ignore: npt.NDArray[np.bool_] | None
) -> dict[str, float]:
    """Return the scores of masks over the pixels that are known."""
    if ignore is None:
        return mask_scores(pred, gt)
    # Background in both: then a pixel is in no overlap, no union and no count.
    return mask_scores(pred & ~ignore, gt & ~ignore)


def _ignored(pair: Pair, shape_hw: tuple[int, ...]) -> npt.NDArray[np.bool_] | None:
    """Return where the truth is not known; None when all of it is."""
    if pair.ignore is None:
        return None
    ignore: npt.NDArray[np.bool_] = decode_ignore(pair.ignore.read(), pair.ignore.name) > 0
    if ignore.shape != shape_hw:
        raise InputError(
            f"{pair.ignore.name}: expected {shape_hw[1]}x{shape_hw[0]} pixels as {pair.gt.name}, "
            f"found {ignore.shape[1]}x{ignore.shape[0]}"
        )
    return ignore
