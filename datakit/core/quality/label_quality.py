"""Labels against a model: a quality score for the label, and where the two disagree."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.core.quality.matte_regions import Box
from datakit.errors import InputError

BLOCKS = 32
TEMPERATURE = 0.1


class Disagreement(NamedTuple):
    """The largest connected region where model and label disagree; area as a share of the subject.

    ``box_xyxy`` is in pixel edges, None when there is no such region.
    """

    area_share: float
    box_xyxy: Box | None


def label_quality(
    alpha: NDArray[np.float32],
    confidence: NDArray[np.float32],
    *,
    blocks: int = BLOCKS,
    temperature: float = TEMPERATURE,
) -> float:
    """Return a label's quality in [0, 1]: the softmin over blocks of the model's agreement with it.

    The agreement of a pixel is the model's probability of the label it has; pixels are averaged
    in ``blocks`` x ``blocks`` blocks, and the softmin makes one wrong region count although
    the rest is right.

    Parameters
    ----------
    alpha, confidence : (H, W) float32 in [0, 1]
        The label and the model's probability of foreground.
    blocks : int
        Blocks along each side.
    temperature : float
        Small: the worst block alone counts; large: the mean.

    References
    ----------
    Lad, Mueller: Estimating label quality and errors in semantic segmentation data via any model,
    ICML workshop 2023 (the score of cleanlab's segmentation package).

    Examples
    --------
    >>> alpha = np.zeros((64, 64), np.float32)
    >>> alpha[16:48, 16:48] = 1
    >>> label_quality(alpha, alpha), round(label_quality(alpha, np.zeros_like(alpha)), 2)
    (1.0, 0.0)
    """
    _require_pair(alpha, confidence)
    agreement = np.where(alpha > 0.5, confidence, 1 - confidence)
    size = (min(blocks, alpha.shape[1]), min(blocks, alpha.shape[0]))
    score = cv2.resize(agreement, size, interpolation=cv2.INTER_AREA).astype(np.float64)
    weight = np.exp((1 - score) / temperature)
    return float((score * weight).sum() / weight.sum())


def missing_region(
    alpha: NDArray[np.float32], confidence: NDArray[np.float32], *, slack_px: int
) -> Disagreement:
    """Return the largest region that the model is sure of and the label does not have.

    Parameters
    ----------
    alpha, confidence : (H, W) float32 in [0, 1]
        The label and the model's probability of foreground.
    slack_px : int
        Disagreement thinner than twice this (a model's coarse edge) does not count.

    Returns
    -------
    Disagreement
        Its area as a share of the label's foreground (of the image when that is empty).
    """
    return _largest((confidence > 0.7) & (alpha < 0.3), alpha, slack_px)


def extra_region(
    alpha: NDArray[np.float32], confidence: NDArray[np.float32], *, slack_px: int
) -> Disagreement:
    """Return the largest region that the label has and the model is sure is background.

    Parameters and result are as in `missing_region`.
    """
    return _largest((confidence < 0.3) & (alpha > 0.7), alpha, slack_px)


def _largest(where: NDArray[np.bool_], alpha: NDArray[np.float32], slack_px: int) -> Disagreement:
    size = 2 * slack_px + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    # Opening: what is thinner than the kernel vanishes, the rest keeps its size. The picture's
    # border is no limit to a region.
    padded = np.pad(where.astype(np.uint8), size, mode="edge")
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, kernel)[size:-size, size:-size]
    count, _, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(opened))
    if count < 2:
        return Disagreement(0.0, None)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    x, y, width, height, area = (int(value) for value in stats[largest])
    subject = int(np.count_nonzero(alpha > 0.5)) or alpha.size
    return Disagreement(area / subject, (x, y, x + width, y + height))


def _require_pair(alpha: NDArray[np.float32], confidence: NDArray[np.float32]) -> None:
    if alpha.shape != confidence.shape or alpha.ndim != 2:
        raise InputError(
            f"alpha {alpha.shape} and confidence {confidence.shape}: expected (H, W) of one size"
        )
