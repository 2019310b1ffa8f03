"""What a training achieved, in words: the improvement against its confidence interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datakit.core.images.randomness import derive_rng
from datakit.core.metrics.bootstrap import bootstrap_mean

Scores = Sequence[dict[str, float]]

_SMALLER_IS_BETTER = ("mse",)
_WORDS = {"iou": "IoU", "mse": "MSE", "boundary_iou": "boundary IoU"}


def verdict_of(before: Scores, after: Scores, seed: int) -> str:
    """Compare the scores of held-out samples before a training with those of its best epoch.

    Parameters
    ----------
    before, after : sequence of dict
        One row per sample, in the same order: ``iou``, ``mse`` and ``boundary_iou``.
    seed : int
        Of the bootstrap.

    Returns
    -------
    str
        One sentence: which scores improved beyond the 95 % interval of the paired difference, and
        from what to what; or that none did.

    Examples
    --------
    >>> rows = [{"iou": 0.0, "mse": 0.2, "boundary_iou": 0.0}] * 2
    >>> verdict_of(rows, rows, 0)
    'nothing improved: the best epoch is not better than the start on the 2 held-out samples \
(IoU 0.0000 -> 0.0000); train longer, on more samples or with another --lr'
    """
    better, larger = [], []
    for name, words in _WORDS.items():
        first = np.array([row[name] for row in before], np.float64)
        last = np.array([row[name] for row in after], np.float64)
        gain = first - last if name in _SMALLER_IS_BETTER else last - first
        found = bootstrap_mean(gain, derive_rng(seed, f"verdict {name}", 0))
        change = f"{words} {first.mean():.4f} -> {last.mean():.4f}"
        if found.low > 0 and len(gain) > 1:
            better.append(f"{change} (95 % of the gain: {found.low:.4f} .. {found.high:.4f})")
        elif found.mean > 0:
            larger.append(change)
    held = f"{len(before)} held-out sample{'s' * (len(before) != 1)}"
    if better:
        return f"improved on the {held}: {', '.join(better)}"
    if larger:
        return (
            f"not surely improved: {', '.join(larger)}, which on the {held} is within chance; hold "
            "out more samples, or train longer"
        )
    change = f"IoU {np.mean([row['iou'] for row in before]):.4f} -> "
    change += f"{np.mean([row['iou'] for row in after]):.4f}"
    return (
        f"nothing improved: the best epoch is not better than the start on the {held} ({change}); "
        "train longer, on more samples or with another --lr"
    )
