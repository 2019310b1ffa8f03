"""Sanity check of a contract: a model is run on a picture and its mirror image.

Values tell a missing activation from one too many, class indices from scores, and 0 .. 255 from
0 .. 1. Whatever a model has learnt, the map of the mirrored picture is about the mirrored map; that
of a model whose rows and columns are exchanged is turned upside down instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.images.network_input import Map
from datakit.errors import ModelError
from datakit.models.runtimes.contract import Contract, InputContract, OutputContract, to_probability

PICTURE_PX = 256
_MOST_INDICES = 40
_HIGHEST_INDEX = 200
_SUM_TOLERANCE = 1e-2
_FLAT = 1e-5
_VARIES = 0.05
_LOGITS_SPAN = 50.0
_BYTES = 255
# What networks are fed: of 0 .. 255 as it is, or of 0 .. 1, -1 .. 1 and per-channel deviations.
_SPANS = ((0.9, 8.0), (200.0, 300.0))

Outputs = npt.NDArray[Any]


def probe_pictures() -> list[npt.NDArray[np.uint8]]:
    """Return two (256, 256, 3) uint8 RGB pictures: shapes on a ground, and their mirror image.

    Examples
    --------
    >>> [picture.shape for picture in probe_pictures()]
    [(256, 256, 3), (256, 256, 3)]
    """
    y, x = np.mgrid[0:PICTURE_PX, 0:PICTURE_PX] / PICTURE_PX
    picture = np.stack([60 + 60 * y, 90 + 20 * x, 130 - 80 * y], axis=-1)
    picture[(x > 0.55) & (y < 0.8)] = 235
    picture[(x - 0.25) ** 2 + (y - 0.35) ** 2 < 0.02] = (225, 180, 150)
    picture[(abs(x - 0.25) < 0.17) & (y > 0.55)] = (20, 25, 60)
    picture[(x > 0.7) & (y > 0.85)] = 5
    image = np.rint(picture).astype(np.uint8)
    return [image, np.ascontiguousarray(image[:, ::-1])]


def check_input(contract: InputContract, name: str) -> None:
    """Check that the values a network is fed are of a range that networks are trained on.

    Raises
    ------
    ModelError
        If the span of a channel is that of no known scaling: `divide_by` and `std` do not fit.

    Examples
    --------
    >>> wrong = InputContract(size=(64, 64), divide_by=1, mean=(0.5,) * 3, std=(0.5,) * 3)
    >>> check_input(wrong, "model")
    Traceback (most recent call last):
    datakit.errors.ModelError: model: expected inputs that span about 1 to 6 or 255, found -1 .. \
509 for pixels of 0 .. 255; correct input.divide_by, input.mean or input.std in its contract
    """
    top = 1.0 if contract.divide_by == "max" else _BYTES / contract.divide_by
    for mean, std in zip(contract.mean, contract.std, strict=True):
        low, high = -mean / std, (top - mean) / std
        within = any(least <= high - low <= most for least, most in _SPANS)
        # Networks see values around zero, or from zero on; a mean below 1 is of 0 .. 1.
        mixed = 0 < mean < 1 < top
        if mixed or not within or low > 0 or high < 0.3 * (high - low):
            raise ModelError(
                f"{name}: expected inputs that span about 1 to 6 or 255, found {low:.4g} .. "
                f"{high:.4g} for pixels of 0 .. 255; correct input.divide_by, input.mean or "
                "input.std in its contract"
            )


def check_outputs(outputs: Outputs, contract: Contract, name: str) -> None:
    """Check what a model gave for `probe_pictures`.

    Parameters
    ----------
    outputs : (2, C, h, w)
        Of any dtype, before the contract's activation.
    contract : Contract
    name : str
        Subject of error messages.

    Raises
    ------
    ModelError
        If they cannot be what the contract says: with what was seen and the field to change.
    """
    values = np.asarray(outputs, np.float64)
    if not np.isfinite(values).all():
        raise ModelError(f"{name}: the model returned values that are no numbers")
    problem = _kind_problem(values, contract.output)
    if problem is None:
        maps = to_probability(values.astype(np.float32), contract.output)
        problem = _map_problem(np.clip(maps, 0, 1))
    if problem is not None:
        low, high = float(values.min()), float(values.max())
        raise ModelError(
            f"{name}: {problem} (probed with a picture, its output of shape "
            f"{tuple(values.shape)} held {low:.3g} .. {high:.3g})"
        )


def _kind_problem(values: npt.NDArray[np.float64], output: OutputContract) -> str | None:
    """Say what the values are, where that is not what the contract says."""
    low, high, channels = float(values.min()), float(values.max()), values.shape[1]
    whole = bool((values == np.rint(values)).all())
    few = len(np.unique(values)) <= _MOST_INDICES
    # Zeros and ones are a mask, which needs no class.
    indices = whole and few and low >= 0 and channels == 1 and 1 < high <= _HIGHEST_INDEX
    activation = output.activation
    if activation == "class-index":
        if not (whole and low >= 0 and channels == 1):
            return (
                "expected class indices, whole numbers in one channel, found scores; set "
                "output.activation to softmax, sigmoid or none"
            )
        return None
    if indices:
        return (
            "expected scores, found whole numbers, which are class indices; set "
            "output.activation: class-index and output.channel to the index of the foreground"
        )
    if activation == "softmax":
        return _softmax_problem(values)
    if activation == "sigmoid":
        return _sigmoid_problem(low, high)
    return _plain_problem(low / output.divide_by, high / output.divide_by, high, output)


def _softmax_problem(values: npt.NDArray[np.float64]) -> str | None:
    if values.shape[1] == 1:
        return (
            "softmax over the one channel of the output is 1 everywhere; set output.activation to "
            "sigmoid for logits, or to none for a map in [0, 1]"
        )
    adds_up = np.abs(values.sum(axis=1) - 1).max() < _SUM_TOLERANCE
    if adds_up and values.min() >= -_FLAT:
        return (
            "expected logits for the softmax, found probabilities that add up to 1: it is applied "
            "already; set output.activation: none"
        )
    return None


def _sigmoid_problem(low: float, high: float) -> str | None:
    if low >= 0 and high <= 1:
        return (
            "expected logits for the sigmoid, found values in [0, 1] of which it makes 0.5 to "
            "0.73: it is applied already, and nothing would be background; set "
            "output.activation: none"
        )
    if low >= 0 and high > _LOGITS_SPAN:
        return (
            "expected logits for the sigmoid, found a map of 0 .. 255; set output.activation: none "
            "and output.divide_by: 255"
        )
    return None


def _plain_problem(low: float, high: float, raw_high: float, output: OutputContract) -> str | None:
    if low < -0.5:
        return (
            "expected an output in [0, 1], found logits; set output.activation to sigmoid (one "
            "channel) or softmax (several)"
        )
    if high > 1.5 and not output.min_max:
        return (
            "expected an output in [0, 1], found larger values; set output.divide_by: 255 for a "
            "map of 0 .. 255, or output.activation to sigmoid or softmax for logits"
        )
    if output.divide_by > 1 and _VARIES < raw_high <= 1:
        return "expected values of 0 .. 255, found a map in [0, 1]; set output.divide_by: 1"
    return None


def _map_problem(maps: Map) -> str | None:
    """Say what is impossible about the (2, h, w) maps of the picture and its mirror image."""
    correct = "correct output.activation, output.channel or output.invert"
    if maps.min() >= 0.5:
        return f"expected foreground and background, found nothing below 0.5; {correct}"
    first, second = maps
    varies = float(first.std())
    if varies < _FLAT and 0.02 < float(first.mean()) < 0.98:
        return f"expected a map that follows the picture, found one value everywhere; {correct}"
    if varies < _VARIES:
        return None
    mirrored = float(np.abs(second - first[:, ::-1]).mean())
    if float(np.abs(second - first).mean()) < _FLAT < mirrored:
        return (
            "expected a map that follows the picture, found the same map for two; correct "
            "output.index"
        )
    upended = float(np.abs(second - first[::-1]).mean())
    if upended < 0.2 * mirrored and mirrored > _VARIES:
        return (
            "expected the map of the mirrored picture to be mirrored, found it upside down: rows "
            "and columns are exchanged; export it anew with an output of (N, C, height, width)"
        )
    return None
