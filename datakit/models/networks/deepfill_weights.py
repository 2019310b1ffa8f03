"""A DeepFillv2 generator from a state dict that holds one."""

from __future__ import annotations

import torch

from datakit.errors import ModelError
from datakit.models.networks.deepfill import WIDTH, DeepFill, Flavour
from datakit.models.weights.files import differing_keys, read_tensors

_FIRST = "stage1.conv1.conv.weight"

_FIRST_HALF = {
    "1": "conv1",
    "2_downsample": "down_block1.conv1_downsample",
    "3": "down_block1.conv2",
    "4_downsample": "down_block2.conv1_downsample",
    "5": "down_block2.conv2",
    "6": "conv_bn1",
}
_DILATED = {f"{number}_atrous": f"conv_bn{number - 5}" for number in (7, 8, 9, 10)}
_LAST_HALF = {
    "11": "conv_bn6",
    "12": "conv_bn7",
    "13_upsample": "up_block1.conv1_upsample",
    "14": "up_block1.conv2",
    "15_upsample": "up_block2.conv1_upsample",
    "16": "up_block2.conv2",
    "17": "conv_to_rgb",
}
_CONVERTED = {
    **{f"conv{old}": f"stage1.{new}" for old, new in (_FIRST_HALF | _DILATED | _LAST_HALF).items()},
    **{f"xconv{old}": f"stage2.conv_{new}" for old, new in (_FIRST_HALF | _DILATED).items()},
    **{f"pmconv{old}": f"stage2.ca_{new}" for old, new in _FIRST_HALF.items()},
    "pmconv9": "stage2.ca_conv_bn4",
    "pmconv10": "stage2.ca_conv_bn5",
    **{f"allconv{old}": f"stage2.{new}" for old, new in _LAST_HALF.items()},
}
"""Layers as the converted TensorFlow generator names them -> as the PyTorch one does."""


def read_deepfill(data: bytes, name: str) -> DeepFill:
    """Read a generator in evaluation mode; its width is that of its first layer.

    Both published generators are known by the names of their layers: the PyTorch one, and the
    authors' own weights that were converted from TensorFlow.

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
    tensors, _ = read_tensors(data, name, (*names, *_CONVERTED))
    flavour: Flavour = "tensorflow" if "xconv1.conv.weight" in tensors else "torch"
    if flavour == "tensorflow":
        tensors = {_renamed(key): value for key, value in tensors.items()}
    first = tensors.get(_FIRST)
    # A gated convolution has twice its channels, and the first level half the width.
    width = int(first.shape[0]) if first is not None and first.ndim == 4 else WIDTH
    if width < 4 or width % 4:
        raise ModelError(
            f"{name}: expected a DeepFillv2 of a multiple of 4 channels, found {width}"
        )
    model = DeepFill(width, flavour)
    expected = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in tensors.items()}
    difference = differing_keys(expected, found)
    if difference is not None:
        raise ModelError(f"{name}: expected the generator of a DeepFillv2; {difference}")
    model.load_state_dict({key: value.float() for key, value in tensors.items()})
    return model.eval()


def _renamed(key: str) -> str:
    """Return a converted layer's tensor under the PyTorch generator's name.

    Examples
    --------
    >>> _renamed("allconv13_upsample.conv.conv.bias")
    'stage2.up_block1.conv1_upsample.conv.conv.bias'
    """
    layer, dot, rest = key.partition(".")
    return f"{_CONVERTED.get(layer, layer)}{dot}{rest}"
