"""What a training achieved: each score against the confidence interval of its gain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from datakit.core.images.randomness import derive_rng
from datakit.core.metrics.bootstrap import Interval, bootstrap_mean
from datakit.records.counts import counted

Scores = Sequence[dict[str, float]]

_SMALLER_IS_BETTER = ("mse",)
_WORDS = {"iou": "IoU", "mse": "MSE", "boundary_iou": "boundary IoU"}
_SLIGHT = 0.01
"""Below this share of what is true, as much as nothing is predicted."""
_TELLING_DIGITS = 4
"""To which a sample's gain is rounded: what is smaller is the noise of rounding."""
_WAY_OUT = "train longer (--epochs), on more samples, or with another --lr"


def verdict_of(before: Scores, after: Scores, seed: int) -> str:
    """Compare the scores of held-out samples before a training with those of its best epoch.

    Parameters
    ----------
    before, after : sequence of dict
        One row per sample, in the same order: ``iou``, ``mse``, ``boundary_iou``, ``foreground``
        and ``true_foreground``.
    seed : int
        Of the bootstrap.

    Returns
    -------
    str
        One sentence: that the model is of no use, as it predicts nothing, everything or the wrong
        pixels; else which scores improved, and which got worse, beyond the 95 % interval of the
        paired difference, and from what to what; or that none did.

    Examples
    --------
    >>> row = {"iou": 0.5, "mse": 0.2, "boundary_iou": 0.1, "foreground": 0.3}
    >>> rows = [{**row, "true_foreground": 0.3}] * 2
    >>> verdict_of(rows, rows, 0)
    'nothing improved: the best epoch is not better than the start on the 2 held-out samples \
(IoU 0.5000 -> 0.5000); train longer (--epochs), on more samples, or with another --lr'
    """
    held = counted(len(before), "held-out samples")
    useless = why_useless(after)
    if useless:
        told = f"the best epoch {useless} on the {held}"
        return f"of no use yet: {told}, it has not learned to find the subject; {_WAY_OUT}"
    better, worse, larger = [], [], []
    for name, found in gains(before, after, seed).items():
        first, last = _column(before, name).mean(), _column(after, name).mean()
        change = f"{_WORDS[name]} {first:.4f} -> {last:.4f}"
        if found.low > 0 and len(before) > 1:
            better.append(f"{change} (95 % of the gain: {found.low:.4f} .. {found.high:.4f})")
        elif found.high < 0 and len(before) > 1:
            worse.append(change)
        elif found.mean > 0:
            larger.append(change)
    if better and worse:
        return (
            f"mixed on the {held}: {', '.join(better)} improved, but worse is {', '.join(worse)}; "
            f"{_WAY_OUT}"
        )
    if better:
        return f"improved on the {held}: {', '.join(better)}"
    if larger:
        return (
            f"not surely improved: {', '.join(larger)}, which on the {held} is within chance; hold "
            "out more samples, or train longer"
        )
    change = f"IoU {_column(before, 'iou').mean():.4f} -> {_column(after, 'iou').mean():.4f}"
    return (
        f"nothing improved: the best epoch is not better than the start on the {held} ({change}); "
        f"{_WAY_OUT}"
    )


def gains(before: Scores, after: Scores, seed: int) -> dict[str, Interval]:
    """Return by how much each score improved, with the 95 % interval of the paired differences.

    Parameters
    ----------
    before, after : sequence of dict
        As in `verdict_of`.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict of str to Interval
        ``iou``, ``mse`` and ``boundary_iou``; above 0 is better, also where less of it is.

    Examples
    --------
    >>> row = {"iou": 0.5, "mse": 0.2, "boundary_iou": 0.1}
    >>> gains([row] * 2, [{**row, "mse": 0.1}] * 2, 0)["mse"].low
    0.1
    """
    found = {}
    for name in _WORDS:
        gain = _column(after, name) - _column(before, name)
        gain = -gain if name in _SMALLER_IS_BETTER else gain
        rng = derive_rng(seed, f"verdict {name}", 0)
        found[name] = bootstrap_mean(np.round(gain, _TELLING_DIGITS), rng)
    return found


def is_gain(before: Scores, after: Scores, seed: int) -> bool:
    """Tell whether a score improved beyond its interval; see `gains`."""
    return any(found.low > 0 for found in gains(before, after, seed).values())


def why_useless(after: Scores) -> str:
    """Say what a model does that finds no subject; empty when it finds one."""
    found, true = _column(after, "foreground").mean(), _column(after, "true_foreground").mean()
    facts = f"({found:.2%} of the pixels are predicted as foreground, {true:.2%} are)"
    if found < _SLIGHT * true:
        return f"predicts nothing {facts}"
    if 1 - found < _SLIGHT * (1 - true):
        return f"predicts everything {facts}"
    if _column(after, "iou").mean() < _SLIGHT:
        return f"predicts the wrong pixels (IoU {_column(after, 'iou').mean():.4f})"
    return ""


def means_of(rows: Scores) -> dict[str, float]:
    """Return the mean of each score over the samples; nothing without any.

    Examples
    --------
    >>> means_of([{"iou": 0.5}, {"iou": 1.0}])
    {'iou': 0.75}
    """
    names = rows[0] if rows else ()
    return {name: float(np.mean([row[name] for row in rows])) for name in names}


def _column(rows: Scores, name: str) -> npt.NDArray[np.float64]:
    return np.array([row[name] for row in rows], np.float64)
