"""A plain U-Net from the file that `datakit train` wrote, and into it."""

from __future__ import annotations

from datakit.errors import ModelError
from datakit.models.networks.unet import UNet, UNetConfig
from datakit.models.weights.files import differing_keys, kind_of, read_tensors


def write_unet(model: UNet) -> bytes:
    """Return a U-Net as the bytes of a safetensors file, its shape in the metadata."""
    from safetensors.torch import save

    tensors = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    return save(tensors, model.config.metadata())


def read_unet(data: bytes, name: str) -> UNet:
    """Read what `write_unet` wrote, in evaluation mode.

    Raises
    ------
    ModelError
        If it is no safetensors file, of another architecture, or its tensors do not fit its config.
    """
    kind = kind_of(data, name)
    if kind != "safetensors":
        raise ModelError(
            f"{name}: expected a .safetensors file that `datakit train` wrote, found one of "
            f"the kind {kind}; draft with the --model that it is of"
        )
    tensors, metadata = read_tensors(data, name)
    try:
        model = UNet(UNetConfig.from_metadata(metadata))
    except ModelError as error:
        raise ModelError(f"{name}: {error}") from None
    expected = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in tensors.items()}
    difference = differing_keys(expected, found)
    if difference is not None:
        raise ModelError(f"{name}: expected the U-Net that its metadata tells of; {difference}")
    model.load_state_dict(tensors)
    return model.eval()
