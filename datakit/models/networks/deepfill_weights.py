"""A DeepFillv2 generator from a state dict that holds one."""

from __future__ import annotations

import torch

from datakit.errors import ModelError
from datakit.models.networks.deepfill import WIDTH, DeepFill
from datakit.models.weights.files import differing_keys, read_tensors

_FIRST = "stage1.conv1.conv.weight"


def read_deepfill(data: bytes, name: str) -> DeepFill:
    """Read a generator in evaluation mode; its width is that of its first layer.

    Parameters
    ----------
    data : bytes
        Of a state dict (also in a checkpoint of both networks), safetensors or TorchScript file.
    name : str
        Subject of error messages.

    Raises
    ------
    ModelError
        If the weights are of another architecture; the text names the first differing keys.
    """
    with torch.device("meta"):
        names = tuple(DeepFill().state_dict())
    tensors, _ = read_tensors(data, name, names)
    first = tensors.get(_FIRST)
    # A gated convolution has twice its channels, and the first level half the width.
    width = int(first.shape[0]) if first is not None and first.ndim == 4 else WIDTH
    if width < 4 or width % 4:
        raise ModelError(
            f"{name}: expected a DeepFillv2 of a multiple of 4 channels, found {width}"
        )
    model = DeepFill(width)
    expected = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in tensors.items()}
    difference = differing_keys(expected, found)
    if difference is not None:
        raise ModelError(f"{name}: expected the generator of a DeepFillv2; {difference}")
    model.load_state_dict({key: value.float() for key, value in tensors.items()})
    return model.eval()
