"""A contract's arithmetic on tensors, wherever they are; `contract` has the same for arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from datakit.errors import ModelError
from datakit.models.runtimes.contract import InputContract, OutputContract

_EPSILON = 1e-6


def to_values(stacked: Tensor, contract: InputContract) -> Tensor:
    """Bring (N, h, w, 3) values of 0 .. 255, RGB, to the (N, 3, h, w) float32 a model sees."""
    values = stacked.permute(0, 3, 1, 2).float()
    if contract.divide_by == "max":
        values = values / values.amax(dim=(1, 2, 3), keepdim=True).clamp_min(_EPSILON)
    else:
        values = values / contract.divide_by
    shape = (1, 3, 1, 1)
    mean = torch.tensor(contract.mean, device=values.device).reshape(shape)
    std = torch.tensor(contract.std, device=values.device).reshape(shape)
    values = (values - mean) / std
    return values.flip(1) if contract.channels == "bgr" else values


def to_maps(
    outputs: Any, contract: OutputContract, sides: Sequence[int], count: int, name: str
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Read a model's outputs.

    Parameters
    ----------
    outputs : tensor, or sequence or mapping of tensors
    contract : OutputContract
    sides : sequence of int
        Side outputs to keep.
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
        If there is no such output or channel.
    """
    found = _as_tuple(outputs)
    wanted = (contract.index, *sides)
    if not all(-len(found) <= index < len(found) for index in wanted):
        raise ModelError(
            f"{name}: the contract reads outputs {wanted}, the model has {len(found)}; correct "
            "output.index or output.sides"
        )
    maps, *beside = (_activated(found[index][:count], contract, name) for index in wanted)
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


def _activated(output: Tensor, contract: OutputContract, name: str) -> Tensor:
    """Return (N, h, w) float32; logits become float32 before anything else."""
    values = output.float()
    values = values[:, None] if values.ndim == 3 else values
    if values.ndim != 4 or contract.channel >= values.shape[1]:
        raise ModelError(
            f"{name}: expected an output of shape (N, C, h, w) with a channel {contract.channel}, "
            f"found {tuple(values.shape)}; correct output.index or output.channel in its contract"
        )
    if contract.activation == "softmax":
        values = torch.softmax(values, dim=1)
    values = values[:, contract.channel]
    if contract.activation == "sigmoid":
        values = torch.sigmoid(values)
    return 1 - values if contract.invert else values
