"""The networks that ``train`` knows: how each is built, fed, saved, and loaded to go on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, cast

import torch
from torch import Tensor, nn

from datakit.errors import InputError
from datakit.models.networks.u2net import U2Net
from datakit.models.networks.u2net_weights import read_u2net
from datakit.models.networks.unet import UNet, UNetConfig
from datakit.models.networks.unet_weights import read_unet

NetworkName = Literal["unet", "u2netp", "u2net"]

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


class Network(Protocol):
    """A module whose `logits` are the final map and, behind it, side outputs."""

    def logits(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return (N, 1, h, w) maps for a normalised (N, 3, h, w) batch."""


@dataclass(frozen=True)
class NetworkSpec:
    """Which network, in which shape.

    Attributes
    ----------
    name : {"unet", "u2netp", "u2net"}
    size_px : int
        Side of the square input.
    width, depth : int
        Of ``unet``: channels of the first level, and how often the resolution halves.

    Raises
    ------
    InputError
        If the input is too small for the network's depth.
    """

    name: NetworkName
    size_px: int
    width: int = 32
    depth: int = 4

    def __post_init__(self) -> None:
        least = 2 ** (self.depth + 1) if self.name == "unet" else 64
        if self.size_px < least:
            raise InputError(
                f"--size {self.size_px}: expected at least {least} px for {self.name}, whose "
                "deepest level would have less than 2 x 2 pixels"
            )

    def build(self, seed: int) -> nn.Module:
        """Build the network with weights drawn from a seed; the global generator stays as it is."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if self.name == "unet":
                return UNet(UNetConfig(width=self.width, depth=self.depth, size_px=self.size_px))
            return U2Net(self.name)

    def metadata(self) -> dict[str, str]:
        """Return what a checkpoint says of itself."""
        if self.name == "unet":
            config = UNetConfig(width=self.width, depth=self.depth, size_px=self.size_px)
            return config.metadata()
        return {"architecture": self.name, "size_px": str(self.size_px)}


def start_from(
    name: NetworkName, size_px: int, data: bytes, file: str
) -> tuple[NetworkSpec, nn.Module]:
    """Build a network with the weights of a file, to go on from them.

    Parameters
    ----------
    name, size_px
        As in `NetworkSpec`; a U-Net's checkpoint says its width and depth itself.
    data : bytes
        A state dict or safetensors; of U²-Net also ONNX. U²-Net's batch norms are folded into its
        convolutions, which keeps them as they were learnt.
    file : str
        Subject of error messages.

    Raises
    ------
    ModelError
        If the file is no weights file, or of another architecture.
    """
    if name != "unet":
        return NetworkSpec(name, size_px), read_u2net(data, name, file)
    found = read_unet(data, file)
    spec = NetworkSpec(name, size_px, found.config.width, found.config.depth)
    network = spec.build(0)
    network.load_state_dict(found.state_dict())
    return spec, network


def encoder_of(network: nn.Module, name: NetworkName) -> tuple[nn.Module, ...]:
    """Return the parts of a network that see the picture first, down to its lowest resolution.

    Examples
    --------
    >>> len(encoder_of(NetworkSpec("u2netp", 64).build(0), "u2netp"))
    6
    """
    if name == "unet":
        return (network.get_submodule("down"),)
    return tuple(network.get_submodule(f"stage{number}") for number in range(1, 7))


def normalised(images: Tensor, name: NetworkName) -> Tensor:
    """Bring (N, 3, H, W) RGB in [0, 1] to what the network of a name is fed, here and in prelabel.

    U²-Net divides each picture by its largest value first.
    """
    if name != "unet":
        peak = images.amax(dim=(1, 2, 3), keepdim=True)
        images = images / torch.where(peak > 0, peak, torch.ones_like(peak))
    mean = torch.tensor(_MEAN, device=images.device).view(1, 3, 1, 1)
    std = torch.tensor(_STD, device=images.device).view(1, 3, 1, 1)
    return (images - mean) / std


def logits_of(network: nn.Module, images: Tensor, name: NetworkName) -> tuple[Tensor, ...]:
    """Return the network's maps for a batch of RGB in [0, 1]."""
    return cast(Network, network).logits(normalised(images, name))
