"""What a person paints over a label: a layer of values and weights, laid over masks and alphas."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Layer = npt.NDArray[np.uint8]
"""(H, W, 3): the value that was painted (0 background, 255 subject), its weight, and a mark.

A mark counts where the weight is half and more: the class or object that a mask gets there (1 to
254), `UNKNOWN`, or 0: none.
"""
UNKNOWN = 255
"""Mark of pixels of which a person said that nobody knows them."""

_HALF = 128


def over(lower: Layer, upper: Layer) -> Layer:
    """Lay a layer over another one; painting both in turn or their result once is the same.

    Parameters
    ----------
    lower, upper : (H, W, 3) uint8
        Value, weight and mark.

    Returns
    -------
    (H, W, 3) uint8
        With the upper mark where the upper layer decides, the lower one elsewhere.

    Raises
    ------
    InputError
        If the layers differ in size.

    References
    ----------
    Porter and Duff 1984, https://doi.org/10.1145/800031.808606: colours not multiplied in.

    Examples
    --------
    >>> erased = np.array([[[0, 255, 0], [0, 255, 0]]], np.uint8)
    >>> added = np.array([[[255, 255, 3], [0, 0, 0]]], np.uint8)
    >>> over(erased, added).tolist()
    [[[255, 255, 3], [0, 255, 0]]]
    """
    if lower.shape != upper.shape:
        raise InputError(f"brush: layers of {lower.shape} and {upper.shape} differ in size")
    result = lower.copy()
    window = touched(upper)
    below, above = lower[window].astype(np.float32), upper[window].astype(np.float32)
    weight = above[..., 1] / 255
    rest = below[..., 1] / 255 * (1 - weight)
    total = weight + rest
    value = (above[..., 0] * weight + below[..., 0] * rest) / np.maximum(total, 1e-6)
    result[window][..., :2] = np.rint(np.stack([value, total * 255], axis=-1)).astype(np.uint8)
    decided = upper[window][..., 1] >= _HALF
    result[window][..., 2] = np.where(decided, upper[window][..., 2], lower[window][..., 2])
    return result


def marked(layer: Layer, mark: int) -> Layer:
    """Return a layer whose mark is another one wherever it decides.

    The unknown has no soft rim: where a stroke of it does not decide, it leaves all as it is.

    Raises
    ------
    InputError
        If the mark is not 0 to 255.

    Examples
    --------
    >>> layer = np.array([[[255, 255, 0], [255, 90, 0]]], np.uint8)
    >>> marked(layer, 3).tolist(), marked(layer, UNKNOWN).tolist()
    ([[[255, 255, 3], [255, 90, 0]]], [[[0, 255, 255], [0, 0, 0]]])
    """
    if not 0 <= mark <= UNKNOWN:
        raise InputError(f"brush: expected a class or object up to 254, found {mark}")
    result = layer.copy()
    decided = layer[..., 1] >= _HALF
    result[..., 2] = np.where(decided, mark, 0)
    if mark == UNKNOWN:
        result[..., :2] = np.where(decided[..., None], np.array([0, 255], np.uint8), np.uint8(0))
    return result


def paint_alpha(alpha: npt.NDArray[np.float32], layer: Layer) -> npt.NDArray[np.float32]:
    """Paint over an alpha: (H, W) float32 in [0, 1]; what the brush did not touch stays exactly.

    So does what it marked as unknown: the ignore mask tells of that.

    Raises
    ------
    InputError
        If alpha and layer differ in size.

    Examples
    --------
    >>> alpha = np.array([[0.25, 0.25]], np.float32)
    >>> paint_alpha(alpha, np.array([[[255, 255, 0], [255, 0, 0]]], np.uint8)).tolist()
    [[1.0, 0.25]]
    """
    _require_size(alpha, layer)
    result = alpha.copy()
    window = touched(layer)
    part = layer[window].astype(np.float32) / np.float32(255)
    value, weight = part[..., 0], np.where(_is_unknown(layer[window]), 0, part[..., 1])
    result[window] = np.where(
        weight > 0, alpha[window] * (1 - weight) + value * weight, alpha[window]
    )
    return result


def paint_mask(mask: npt.NDArray[Any], layer: Layer, new_value: int) -> npt.NDArray[Any]:
    """Paint over a mask: binary, classes or objects.

    Parameters
    ----------
    mask : (H, W) integers
        0 is background.
    layer : (H, W, 3) uint8
        Where its weight is half and more, the value decides: below half erases. An added pixel
        gets the class or object of its mark, whatever it was before; unknown ones become 0.
    new_value : int
        What an added pixel without a mark becomes in a mask that is empty; otherwise it takes the
        value of the nearest labelled pixel, so that a stroke at an object's rim makes that object
        larger.

    Returns
    -------
    (H, W), dtype of ``mask``

    Raises
    ------
    InputError
        If mask and layer differ in size.

    Examples
    --------
    >>> mask = np.array([[0, 3, 3, 0, 0, 7]], np.uint8)
    >>> value_weight = [[255, 255], [0, 255], [0, 0], [0, 0], [255, 255], [0, 90]]
    >>> layer = np.array([[[*pair, 0] for pair in value_weight]], np.uint8)
    >>> paint_mask(mask, layer, new_value=255).tolist()
    [[3, 0, 3, 0, 7, 7]]
    """
    _require_size(mask, layer)
    decided, unknown = layer[..., 1] >= _HALF, _is_unknown(layer)
    subject = decided & (layer[..., 0] >= _HALF) & ~unknown
    named = subject & (layer[..., 2] > 0)
    added = subject & ~named & (mask == 0)
    result = mask.copy()
    if added.any():
        result[added] = _nearest_values(mask, new_value)[added]
    result[named] = layer[named, 2]
    result[decided & ~subject] = 0
    return result


def paint_trimap(trimap: npt.NDArray[np.uint8], layer: Layer) -> npt.NDArray[np.uint8]:
    """Paint over a trimap: what the brush decided is known, 0 or 255; what it marked unknown, 128.

    Raises
    ------
    InputError
        If trimap and layer differ in size.
    """
    _require_size(trimap, layer)
    known = np.where(layer[..., 0] >= _HALF, 255, 0).astype(np.uint8)
    decided = np.where(_is_unknown(layer), np.uint8(_HALF), known)
    return np.where(layer[..., 1] >= _HALF, decided, trimap)


def paint_ignore(
    ignore: npt.NDArray[np.uint8] | None, layer: Layer
) -> npt.NDArray[np.uint8] | None:
    """Paint over an ignore mask: what the brush decided is known, what it marked unknown is not.

    Parameters
    ----------
    ignore : (H, W) uint8, optional
        255 where the label is unknown, else 0; None: known everywhere.
    layer : (H, W, 3) uint8

    Returns
    -------
    (H, W) uint8, optional
        None where there was none and nothing was marked.

    Raises
    ------
    InputError
        If ignore mask and layer differ in size.

    Examples
    --------
    >>> layer = np.array([[[0, 255, UNKNOWN], [255, 255, 0], [0, 0, 0]]], np.uint8)
    >>> paint_ignore(np.array([[0, 255, 255]], np.uint8), layer).tolist()
    [[255, 0, 255]]
    """
    unknown = _is_unknown(layer)
    if ignore is None and not unknown.any():
        return None
    before = np.zeros(layer.shape[:2], np.uint8) if ignore is None else ignore
    _require_size(before, layer)
    decided = np.where(unknown, np.uint8(255), np.uint8(0))
    return np.where(layer[..., 1] >= _HALF, decided, before)


def _is_unknown(layer: Layer) -> npt.NDArray[np.bool_]:
    return np.asarray((layer[..., 2] == UNKNOWN) & (layer[..., 1] >= _HALF))


def _nearest_values(mask: npt.NDArray[Any], new_value: int) -> npt.NDArray[Any]:
    """Return, for every pixel, the value of the labelled pixel that is nearest to it."""
    values = np.unique(mask[mask > 0])
    if len(values) < 2:
        return np.full_like(mask, values[0] if len(values) else new_value)
    empty = (mask == 0).astype(np.uint8)
    _, places = cv2.distanceTransformWithLabels(
        empty, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(places.max()) + 1, mask.dtype)
    labelled = mask > 0
    table[places[labelled]] = mask[labelled]
    return np.asarray(table[places])


def touched(layer: Layer) -> tuple[slice, slice]:
    """Return the smallest window with all of a layer's weight."""
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(layer[..., 1]))
    return slice(y, y + height), slice(x, x + width)


def _require_size(label: npt.NDArray[Any], layer: Layer) -> None:
    if label.shape != layer.shape[:2] or layer.shape[2:] != (3,):
        raise InputError(
            f"brush: label {label.shape} needs a layer of that size with value, weight and mark, "
            f"found {layer.shape}"
        )
