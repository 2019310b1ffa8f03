"""DeepFillv2 (Yu et al. 2019, "Free-form image inpainting with gated convolution", ICCV).

A coarse network guesses the hole; a fine one looks at the guess with two branches, one of dilated
gated convolutions and one that copies what is known to where it is missing (contextual attention,
Yu et al. 2018, CVPR), and joins them. Names of layers are those of the PyTorch generator published
at github.com/nipponjo/deepfillv2-pytorch, so that its state dicts load by name. The authors' own
weights, trained in TensorFlow and converted there, are of the other `Flavour`: the same layers,
that see the picture half a step shifted.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Flavour = Literal["torch", "tensorflow"]
"""How a halving lies on the picture, and whether the scores of the attention are fused: in
TensorFlow the zeros around an even side are all after its end, the nearest pixels are spread from
the first to the last one, and nothing is fused."""

WIDTH = 48
INPUTS = 5
"""RGB, a channel of ones (the sketch that nobody drew), and the mask."""
PARAMETERS = 4_052_478
"""Of the published generator, its two stages together."""

_SOFTMAX_SCALE = 10.0
_RATE = 2
_LEAST_NORM = 1e-4


class GatedConv(nn.Module):
    """A convolution of which one half of the channels says how much of the other one passes.

    Parameters
    ----------
    inputs, outputs : int
    kernel_px : int
    stride, dilation : int
    activation : {"elu", "relu", "none"}
        "none" is a plain convolution without a gate, for the last layer.
    late : bool
        Whether the zeros of a halving are all after the end; see `Flavour`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_px: int = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        activation: Literal["elu", "relu", "none"] = "elu",
        late: bool = False,
    ) -> None:
        super().__init__()
        self._activation = activation
        self._zeros_after = kernel_px // 2 if late else 0
        self.conv = nn.Conv2d(
            inputs,
            outputs if activation == "none" else 2 * outputs,
            kernel_px,
            stride=stride,
            padding=0 if late else dilation * (kernel_px - 1) // 2,
            dilation=dilation,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, h, w)."""
        if self._zeros_after:
            x = functional.pad(x, (0, self._zeros_after, 0, self._zeros_after))
        found: Tensor = self.conv(x)
        if self._activation == "none":
            return found
        values, gate = found.chunk(2, dim=1)
        passed = functional.elu(values) if self._activation == "elu" else functional.relu(values)
        return passed * torch.sigmoid(gate)


class Upsampled(nn.Module):
    """A gated convolution of the picture at twice its size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = GatedConv(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, 2 h, 2 w)."""
        larger: Tensor = self.conv(functional.interpolate(x, scale_factor=2, mode="nearest"))
        return larger


class Down(nn.Module):
    """Half the size, then a gated convolution."""

    def __init__(self, inputs: int, outputs: int, hidden: int, flavour: Flavour) -> None:
        super().__init__()
        late = flavour == "tensorflow"
        self.conv1_downsample = GatedConv(inputs, hidden, stride=2, late=late)
        self.conv2 = GatedConv(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, h / 2, w / 2)."""
        found: Tensor = self.conv2(self.conv1_downsample(x))
        return found


class Up(nn.Module):
    """Twice the size, then a gated convolution."""

    def __init__(self, inputs: int, outputs: int, hidden: int) -> None:
        super().__init__()
        self.conv1_upsample = Upsampled(inputs, hidden)
        self.conv2 = GatedConv(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, 2 h, 2 w)."""
        found: Tensor = self.conv2(self.conv1_upsample(x))
        return found


class ContextualAttention(nn.Module):
    """Paste at each place the known patches that look like what is there, by how much they do.

    Patches of 3 x 3 are compared at half the size by their cosine; scores of neighbours that match
    neighbours support each other ("fusion" along rows and along columns, not in TensorFlow); what
    is pasted are patches of 4 x 4 of the whole size.

    Parameters
    ----------
    flavour : {"torch", "tensorflow"}
    """

    fuse_weight: Tensor

    def __init__(self, flavour: Flavour = "torch") -> None:
        super().__init__()
        self._flavour = flavour
        if flavour == "torch":
            self.register_buffer("fuse_weight", torch.eye(3).view(1, 1, 3, 3))

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Return (N, C, h, w) for features of the same shape, h and w even.

        Parameters
        ----------
        features : (N, C, h, w)
        mask : (N, 1, 4 h, 4 w)
            1 in the hole; all of a batch have the first one's.
        """
        count, channels, height, width = features.shape
        small = _fewer(features, _RATE, self._flavour)
        high, wide = small.shape[2:]
        pasted = functional.unfold(features, 2 * _RATE, padding=1, stride=_RATE)
        pasted = pasted.transpose(1, 2).reshape(count, -1, channels, 2 * _RATE, 2 * _RATE)
        compared = functional.unfold(small, 3, padding=1)
        compared = compared.transpose(1, 2).reshape(count, -1, channels, 3, 3)
        gap = _fewer(mask[:1], 4 * _RATE, self._flavour)
        gaps = functional.unfold(gap, 3, padding=1)
        known = (gaps.mean(dim=1) == 0).to(features.dtype).view(1, -1, 1, 1)
        found = []
        for one, patches, whole in zip(small, compared, pasted, strict=True):
            length = patches.square().sum(dim=(1, 2, 3), keepdim=True).sqrt()
            scores = functional.conv2d(
                one[None], patches / length.clamp_min(_LEAST_NORM), padding=1
            )
            if self._flavour == "torch":
                scores = self._fused(scores, high, wide)
            scores = scores.view(1, -1, high, wide)
            shares = functional.softmax(scores * known * _SOFTMAX_SCALE, dim=1) * known
            found.append(functional.conv_transpose2d(shares, whole, stride=_RATE, padding=1) / 4)
        return torch.cat(found).view(count, channels, height, width)

    def _fused(self, scores: Tensor, high: int, wide: int) -> Tensor:
        """Add the scores of the neighbours along rows, then along columns."""
        for _ in range(2):
            flat = scores.reshape(1, 1, high * wide, high * wide)
            flat = functional.conv2d(flat, self.fuse_weight, padding=1)
            # Rows become columns on both sides: of the patches and of the places.
            scores = flat.view(1, high, wide, high, wide).permute(0, 2, 1, 4, 3)
            high, wide = wide, high
        return scores.contiguous()


def _fewer(x: Tensor, times: int, flavour: Flavour) -> Tensor:
    """Return the nearest pixels of a picture of 1 / times the size; see `Flavour`."""
    if flavour == "torch":
        return functional.interpolate(x, scale_factor=1 / times, mode="nearest")
    for axis in (2, 3):
        length = x.shape[axis]
        spread = torch.linspace(0, length - 1, length // times, dtype=torch.float64)
        x = x.index_select(axis, (spread + 0.5).floor().long().to(x.device))
    return x


def _bottleneck(owner: nn.Module, prefix: str, channels: int) -> None:
    """Give a module the five convolutions that see ever wider."""
    for number, dilation in enumerate((1, 2, 4, 8, 16), 1):
        owner.add_module(f"{prefix}{number}", GatedConv(channels, channels, dilation=dilation))


def _through(owner: nn.Module, names: tuple[str, ...], x: Tensor) -> Tensor:
    for name in names:
        x = owner.get_submodule(name)(x)
    return x


_LAST = ("conv_bn6", "conv_bn7", "up_block1", "up_block2", "conv_to_rgb")
_COARSE = ("conv1", "down_block1", "down_block2", *(f"conv_bn{n}" for n in range(1, 6)), *_LAST)
_DILATED = (
    *("conv_conv1", "conv_down_block1", "conv_down_block2"),
    *(f"conv_conv_bn{n}" for n in range(1, 6)),
)
_TO_ATTENTION = ("ca_conv1", "ca_down_block1", "ca_down_block2", "ca_conv_bn1")
_FROM_ATTENTION = ("ca_conv_bn4", "ca_conv_bn5")


class Coarse(nn.Module):
    """The first guess: (N, 5, h, w) to RGB in [-1, 1]."""

    def __init__(self, width: int, flavour: Flavour) -> None:
        super().__init__()
        self.conv1 = GatedConv(INPUTS, width // 2, 5)
        self.down_block1 = Down(width // 2, width, width, flavour)
        self.down_block2 = Down(width, 2 * width, 2 * width, flavour)
        _bottleneck(self, "conv_bn", 2 * width)
        _add_last(self, 2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 3, h, w)."""
        return torch.tanh(_through(self, _COARSE, x))


class Fine(nn.Module):
    """The second look: RGB with the guess in its hole, to RGB in [-1, 1]."""

    def __init__(self, width: int, flavour: Flavour) -> None:
        super().__init__()
        self.conv_conv1 = GatedConv(3, width // 2, 5)
        self.conv_down_block1 = Down(width // 2, width, width // 2, flavour)
        self.conv_down_block2 = Down(width, 2 * width, width, flavour)
        _bottleneck(self, "conv_conv_bn", 2 * width)
        self.ca_conv1 = GatedConv(3, width // 2, 5)
        self.ca_down_block1 = Down(width // 2, width, width // 2, flavour)
        self.ca_down_block2 = Down(width, 2 * width, 2 * width, flavour)
        self.ca_conv_bn1 = GatedConv(2 * width, 2 * width, activation="relu")
        self.contextual_attention = ContextualAttention(flavour)
        self.ca_conv_bn4 = GatedConv(2 * width, 2 * width)
        self.ca_conv_bn5 = GatedConv(2 * width, 2 * width)
        _add_last(self, 4 * width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return (N, 3, h, w)."""
        dilated = _through(self, _DILATED, x)
        copied = self.contextual_attention(_through(self, _TO_ATTENTION, x), mask)
        copied = _through(self, _FROM_ATTENTION, copied)
        return torch.tanh(_through(self, _LAST, torch.cat((dilated, copied), dim=1)))


def _add_last(owner: nn.Module, inputs: int, width: int) -> None:
    """Give a module the layers from the bottleneck back to a picture."""
    owner.add_module("conv_bn6", GatedConv(inputs, 2 * width))
    owner.add_module("conv_bn7", GatedConv(2 * width, 2 * width))
    owner.add_module("up_block1", Up(2 * width, width, width))
    owner.add_module("up_block2", Up(width, width // 4, width // 2))
    owner.add_module("conv_to_rgb", GatedConv(width // 4, 3, activation="none"))


class DeepFill(nn.Module):
    """The generator: coarse, then fine.

    Parameters
    ----------
    width : int
        Channels of the first level; 48 in the publication.
    flavour : {"torch", "tensorflow"}
        Where the weights were trained.

    Examples
    --------
    >>> sum(weight.numel() for weight in DeepFill().parameters()) == PARAMETERS
    True
    """

    def __init__(self, width: int = WIDTH, flavour: Flavour = "torch") -> None:
        super().__init__()
        self.stage1 = Coarse(width, flavour)
        self.stage2 = Fine(width, flavour)

    def forward(self, photo: Tensor, mask: Tensor) -> Tensor:
        """Return what the fine stage says of the whole picture.

        Parameters
        ----------
        photo : (N, 3, h, w) in [-1, 1]
            What is under the hole does not matter; sides are multiples of 8, as there are two
            halvings, and one in the attention.
        mask : (N, 1, h, w) in {0, 1}
            1 in the hole.

        Returns
        -------
        (N, 3, h, w) in [-1, 1]
        """
        known = photo * (1 - mask)
        ones = torch.ones_like(mask)
        guess: Tensor = self.stage1(torch.cat((known, ones, mask), dim=1))
        found: Tensor = self.stage2(guess * mask + known, mask)
        return found
