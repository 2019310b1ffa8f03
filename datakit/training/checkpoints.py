"""Checkpoints as safetensors: the weights alone, or all that is needed to go on.

No pickle anywhere: a checkpoint is data, whoever made it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping

import torch
from torch import Tensor, nn, optim

from datakit.errors import ModelError
from datakit.models.weights.files import read_tensors

_DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}
STAGE = "stage"
"""Which of several trainings a checkpoint is of, in its metadata."""

_MODEL, _BEST, _AVERAGE, _OPTIMIZER = "model/", "best/", "average/", "optimizer/"


def encode_weights(state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """Return a safetensors file: the same weights and metadata give the same bytes.

    The library's own writer puts the metadata in another order each time.

    References
    ----------
    The format: https://huggingface.co/docs/safetensors/index#format.
    """
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    bodies: list[bytes] = []
    position = 0
    for key in sorted(state):
        tensor = state[key].detach().cpu().contiguous()
        body = tensor.numpy().tobytes()
        end = position + len(body)
        entry = {"dtype": _DTYPES[tensor.dtype], "shape": [*tensor.shape]}
        header[key] = {**entry, "data_offsets": [position, end]}
        bodies.append(body)
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((struct.pack("<Q", len(text)), text, *bodies))


def encode_state(
    network: nn.Module,
    optimizer: optim.Optimizer,
    best: Mapping[str, Tensor],
    average: Mapping[str, Tensor],
    metadata: Mapping[str, str],
) -> bytes:
    """Return a checkpoint's bytes: network, optimizer, best weights so far, moving average."""
    tensors = {_MODEL + key: value for key, value in network.state_dict().items()}
    tensors |= {_BEST + key: value for key, value in best.items()}
    tensors |= {_AVERAGE + key: value for key, value in average.items()}
    for number, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            tensors[f"{_OPTIMIZER}{number}/{key}"] = torch.as_tensor(value)
    return encode_weights(tensors, metadata)


def stage_of(data: bytes, name: str) -> str:
    """Return the stage that a checkpoint is of; ModelError when the file is damaged."""
    return read_tensors(data, name)[1].get(STAGE, "")


def restore_state(
    data: bytes,
    name: str,
    network: nn.Module,
    optimizer: optim.Optimizer,
    average: nn.Module | None = None,
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Put a checkpoint back into network, optimizer and, if there is one, the moving average.

    Returns
    -------
    best : dict of str to Tensor
        The best weights so far.
    metadata : dict of str to str
        What the checkpoint says of itself.

    Raises
    ------
    ModelError
        If the file is damaged or of another network.
    """
    tensors, metadata = read_tensors(data, name)
    moments: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith(_OPTIMIZER):
            number, _, part = key.removeprefix(_OPTIMIZER).partition("/")
            moments.setdefault(int(number), {})[part] = value
    try:
        network.load_state_dict(_part(tensors, _MODEL))
        if average is not None:
            average.load_state_dict(_part(tensors, _AVERAGE))
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    except (RuntimeError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{name}: this checkpoint does not fit the network ({reason})") from None
    return _part(tensors, _BEST), metadata


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)
    }
