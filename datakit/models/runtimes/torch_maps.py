"""A contract's arithmetic on tensors, wherever they are; `contract` has the same for arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from datakit.errors import ModelError
from datakit.models.runtimes.contract import LUMA, InputContract, OutputContract
from datakit.models.runtimes.output_layout import arranged, refuse_parts_of_masks

_EPSILON = 1e-6


def to_values(stacked: Tensor, contract: InputContract) -> Tensor:
    """Bring (N, h, w, 3) values of 0 .. 255, RGB, to the float32 that a model is fed."""
    values = stacked.permute(0, 3, 1, 2).float()
    if contract.divide_by == "max":
        values = values / values.amax(dim=(1, 2, 3), keepdim=True).clamp_min(_EPSILON)
    else:
        values = values / contract.divide_by
    shape = (1, 3, 1, 1)
    mean = torch.tensor(contract.mean, device=values.device).reshape(shape)
    std = torch.tensor(contract.std, device=values.device).reshape(shape)
    values = (values - mean) / std
    if contract.channels == "bgr":
        values = values.flip(1)
    elif contract.channels == "grey":
        weights = torch.tensor(LUMA, device=values.device).reshape(shape)
        values = (values * weights).sum(dim=1, keepdim=True)
    return values.permute(0, 2, 3, 1) if contract.layout == "nhwc" else values


def chosen(
    outputs: Any, contract: OutputContract, sides: Sequence[int], hw: tuple[int, int], name: str
) -> list[Tensor]:
    """Return the output that a contract reads, and its side outputs, each (N, C, h, w).

    Parameters
    ----------
    outputs : tensor, or sequence or mapping of tensors
    contract : OutputContract
    sides : sequence of int
        Side outputs to keep.
    hw : tuple of int
        Size of the input.
    name : str
        Subject of error messages.

    Raises
    ------
    ModelError
        If there is no such output or channel, or its shape is another.
    """
    found = _as_tuple(outputs)
    wanted = (contract.index, *sides)
    if not all(-len(found) <= index < len(found) for index in wanted):
        raise ModelError(
            f"{name}: the contract reads outputs {wanted}, the model has {len(found)}; correct "
            "output.index or output.sides"
        )
    refuse_parts_of_masks([tuple(one.shape) for one in found], contract.index, name)
    return [arranged(found[index], contract, hw, name) for index in wanted]


def to_maps(
    outputs: Sequence[Tensor], contract: OutputContract, count: int, name: str
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Read a model's outputs.

    Parameters
    ----------
    outputs : sequence of (N, C, h, w)
        As `chosen` gives them.
    contract : OutputContract
    count : int
        Pictures of the batch; what is after them filled it up.
    name : str
        Subject of error messages.

    Returns
    -------
    maps : (N, h, w) float32 in [0, 1]
    sides : (N, k, h, w) float32 in [0, 1] or None
    raw : (N, 2) float32
        Least and largest value of each map before it was stretched or clipped.

    Raises
    ------
    ModelError
        If side outputs are of several sizes.
    """
    maps, *beside = (_activated(found[:count], contract) for found in outputs)
    raw = torch.stack((maps.amin(dim=(1, 2)), maps.amax(dim=(1, 2))), dim=1)
    if contract.min_max:
        low, high = raw[:, :1, None], raw[:, 1:, None]
        span = high - low
        # A constant map stays as it is: stretching it would divide by zero.
        maps = torch.where(span > _EPSILON, (maps - low) / span.clamp_min(_EPSILON), maps)
    if len({tuple(side.shape) for side in beside}) > 1:
        shapes = ", ".join(str(tuple(side.shape[1:])) for side in beside)
        raise ModelError(f"{name}: expected side outputs of one size, found {shapes}")
    stacked = torch.stack(beside, dim=1).clamp(0, 1) if beside else None
    return maps.clamp(0, 1), stacked, raw


def check_range(raw: npt.NDArray[np.float32], contract: OutputContract, name: str) -> None:
    """Check the (N, 2) extremes of maps, once they are on the host.

    Raises
    ------
    ModelError
        If a value is not a number, or far outside [0, 1]: an activation is missing.
    """
    low, high = float(raw[:, 0].min()), float(raw[:, 1].max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ModelError(f"{name}: the model returned values that are no numbers")
    if not contract.min_max and (low < -0.5 or high > 1.5):
        raise ModelError(
            f"{name}: expected an output in [0, 1], found {low:.3g} .. {high:.3g}; set "
            "output.activation in its contract"
        )


def _as_tuple(outputs: Any) -> tuple[Tensor, ...]:
    if isinstance(outputs, Tensor):
        return (outputs,)
    values = outputs.values() if isinstance(outputs, Mapping) else outputs
    return tuple(value for value in values if isinstance(value, Tensor))


def _activated(output: Tensor, contract: OutputContract) -> Tensor:
    """Return (N, h, w) float32; logits become float32 before anything else."""
    if contract.activation == "class-index":
        values = (output[:, 0] == contract.channel).float()
        return 1 - values if contract.invert else values
    values = output.float() / contract.divide_by
    if contract.activation == "softmax":
        values = torch.softmax(values, dim=1)
    values = values[:, contract.channel]
    if contract.activation == "sigmoid":
        values = torch.sigmoid(values)
    return 1 - values if contract.invert else values
