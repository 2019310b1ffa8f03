"""How an output's axes are read, for arrays and tensors alike, and what is no mask at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from datakit.errors import ModelError
from datakit.models.runtimes.contract import OutputContract

_MOST_CLASSES = 256
_PROTOTYPES = 32
"""Channels of the prototypes that instance models mix their masks of."""


def arranged(output: Any, contract: OutputContract, input_hw: tuple[int, int], name: str) -> Any:
    """Bring an output to (N, C, h, w), by the contract's layout.

    Parameters
    ----------
    output : array or tensor
        (N, C, h, w) or (N, h, w) of the layout ``nchw``, (N, h, w, C) of ``nhwc``, (N, h·w) or
        (N, C, h·w) of ``flat``, whose h and w are the input's.
    contract : OutputContract
    input_hw : tuple of int
        Size of the input.
    name : str
        Subject of error messages.

    Raises
    ------
    ModelError
        If its axes are others, its aspect is not the input's, or it lacks the channel: with the
        shape, what it looks like, and the field to change.

    Examples
    --------
    >>> import numpy as np
    >>> arranged(np.zeros((2, 4, 6)), OutputContract(), (8, 12), "model").shape
    (2, 1, 4, 6)
    >>> arranged(np.zeros((1, 8, 12, 1)), OutputContract(), (8, 12), "model")
    Traceback (most recent call last):
    datakit.errors.ModelError: model: expected an output of shape (N, C, h, w) over an input of \
8 x 12, found (1, 8, 12, 1), which is (N, h, w, C): set output.layout: nhwc in its contract
    """
    shape = tuple(int(side) for side in output.shape)
    found = output
    if contract.layout == "nchw" and len(shape) == 3:
        found = output[:, None]
    elif contract.layout == "nhwc" and len(shape) == 4:
        found = output.swapaxes(2, 3).swapaxes(1, 2)
    elif contract.layout == "flat" and len(shape) in (2, 3) and shape[-1] == math.prod(input_hw):
        found = output.reshape(shape[0], -1, *input_hw)
    fits = len(shape) in _AXES[contract.layout] and len(found.shape) == 4
    if not fits or not _has_aspect(found.shape[2:], input_hw):
        raise ModelError(
            f"{name}: expected an output of shape {_EXPECTED[contract.layout]} over an input of "
            f"{input_hw[0]} x {input_hw[1]}, found {shape}, {_resemblance(shape, input_hw)}"
        )
    if contract.channel >= found.shape[1] and contract.activation != "class-index":
        raise ModelError(
            f"{name}: expected an output of shape (N, C, h, w) with a channel {contract.channel}, "
            f"found {tuple(found.shape)}; correct output.index or output.channel in its contract"
        )
    return found


_AXES = {"nchw": (3, 4), "nhwc": (4,), "flat": (2, 3)}
_EXPECTED = {"nchw": "(N, C, h, w)", "nhwc": "(N, h, w, C)", "flat": "(N, h·w)"}


def refuse_parts_of_masks(shapes: Sequence[Sequence[object]], index: int, name: str) -> None:
    """Refuse an instance model, whose outputs are boxes and the prototypes that masks are mixed of.

    Parameters
    ----------
    shapes : sequence of shapes
        Of all outputs, as the model declares them; a free side is no int.
    index : int
        The output that the contract reads.
    name : str

    Raises
    ------
    ModelError
        If the outputs are those of such a model.
    """
    chosen = shapes[index]
    beside = [shape for shape in shapes if len(shape) == 3]
    if len(chosen) == 4 and chosen[1] == _PROTOTYPES and beside:
        raise ModelError(
            f"{name}: expected a map of the foreground, found prototypes {tuple(chosen)} beside "
            f"boxes {tuple(beside[0])}: an instance model, which gives no mask by itself; export "
            "its masks, or take a semantic or matting model"
        )


def _has_aspect(sides: Sequence[int], input_hw: tuple[int, int]) -> bool:
    """Tell whether a map covers the input at one scale, but for the rounding of its sides."""
    shares = [side / whole for side, whole in zip(sides, input_hw, strict=True)]
    return min(sides) > 0 and abs(shares[0] - shares[1]) <= sum(1 / side for side in input_hw)


def _resemblance(shape: tuple[int, ...], input_hw: tuple[int, int]) -> str:
    """Say what an output that does not fit looks like, and the way out."""
    change = "in its contract"
    if len(shape) == 4 and shape[3] <= _MOST_CLASSES and _has_aspect(shape[1:3], input_hw):
        return f"which is (N, h, w, C): set output.layout: nhwc {change}"
    if len(shape) >= 3 and _has_aspect(shape[-2:], input_hw):
        return f"which is (N, C, h, w): set output.layout: nchw {change}"
    if len(shape) >= 3 and _has_aspect(shape[:-3:-1], input_hw):
        return "whose rows and columns are exchanged; export it anew"
    if len(shape) in (2, 3) and shape[-1] == math.prod(input_hw):
        return f"which is (N, h·w): set output.layout: flat {change}"
    if len(shape) == 2:
        return "a vector per picture (an embedding or class scores): this model gives no mask"
    if len(shape) == 3:
        return f"a list per picture (boxes or points): no mask; correct output.index {change}"
    return f"which is of another aspect; correct output.index, output.layout or input.size {change}"
