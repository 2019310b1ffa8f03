"""U²-Net (Qin et al. 2020, doi:10.1016/j.patcog.2020.107404), with the published names.

State dicts of the authors' repository load unchanged: 798 entries named as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

Size = Literal["u2net", "u2netp"]

# (class, height, input, middle, output channels) of each stage; height 0 is the dilated RSU-4F.
_Stage = tuple[int, int, int, int]
_FULL: dict[str, _Stage] = {
    "stage1": (7, 3, 32, 64),
    "stage2": (6, 64, 32, 128),
    "stage3": (5, 128, 64, 256),
    "stage4": (4, 256, 128, 512),
    "stage5": (0, 512, 256, 512),
    "stage6": (0, 512, 256, 512),
    "stage5d": (0, 1024, 256, 512),
    "stage4d": (4, 1024, 128, 256),
    "stage3d": (5, 512, 64, 128),
    "stage2d": (6, 256, 32, 64),
    "stage1d": (7, 128, 16, 64),
}
_SMALL: dict[str, _Stage] = {
    name: (height, 3 if name == "stage1" else 64 * (1 + name.endswith("d")), 16, 64)
    for name, (height, *_) in _FULL.items()
}
STAGES: Mapping[Size, dict[str, _Stage]] = {"u2net": _FULL, "u2netp": _SMALL}


class ConvNormRelu(nn.Module):
    """3 x 3 convolution, batch norm, ReLU (``REBNCONV`` of the paper's code).

    Parameters
    ----------
    inputs, outputs, dilation : int
    folded : bool
        Without a batch norm: its numbers are in the convolution already.
    """

    def __init__(self, inputs: int, outputs: int, dilation: int = 1, folded: bool = False) -> None:
        super().__init__()
        self.conv_s1 = nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)
        self.bn_s1 = nn.Identity() if folded else nn.BatchNorm2d(outputs)
        self.relu_s1 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, outputs, h, w)."""
        return cast(Tensor, self.relu_s1(self.bn_s1(self.conv_s1(x))))

    def fold(self) -> None:
        """Move the batch norm into the convolution: the same function, one pass less."""
        if isinstance(self.bn_s1, nn.BatchNorm2d):
            self.conv_s1 = nn.utils.fuse_conv_bn_eval(self.conv_s1.eval(), self.bn_s1.eval())
            self.bn_s1 = nn.Identity()


class ResidualUBlock(nn.Module):
    """RSU-L: a small U-Net with `height` levels inside one stage."""

    def __init__(
        self, height: int, inputs: int, middle: int, outputs: int, folded: bool = False
    ) -> None:
        super().__init__()
        self.height = height
        self.rebnconvin = ConvNormRelu(inputs, outputs, folded=folded)
        self.rebnconv1 = ConvNormRelu(outputs, middle, folded=folded)
        for level in range(2, height):
            self.add_module(f"rebnconv{level}", ConvNormRelu(middle, middle, folded=folded))
        self.add_module(f"rebnconv{height}", ConvNormRelu(middle, middle, 2, folded))
        for level in range(height - 1, 1, -1):
            self.add_module(f"rebnconv{level}d", ConvNormRelu(2 * middle, middle, folded=folded))
        self.rebnconv1d = ConvNormRelu(2 * middle, outputs, folded=folded)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, outputs, h, w)."""
        entry = self.rebnconvin(x)
        levels = [self.rebnconv1(entry)]
        for level in range(2, self.height):
            levels.append(self.get_submodule(f"rebnconv{level}")(_halved(levels[-1])))
        deep = self.get_submodule(f"rebnconv{self.height}")(levels[-1])
        for level in range(self.height - 1, 0, -1):
            beside = levels[level - 1]
            joined = torch.cat((_enlarged(deep, beside), beside), 1)
            deep = self.get_submodule(f"rebnconv{level}d")(joined)
        return cast(Tensor, deep + entry)


class DilatedUBlock(nn.Module):
    """RSU-4F: four levels at one resolution, dilated instead of pooled."""

    def __init__(self, inputs: int, middle: int, outputs: int, folded: bool = False) -> None:
        super().__init__()
        self.rebnconvin = ConvNormRelu(inputs, outputs, folded=folded)
        self.rebnconv1 = ConvNormRelu(outputs, middle, folded=folded)
        self.rebnconv2 = ConvNormRelu(middle, middle, 2, folded)
        self.rebnconv3 = ConvNormRelu(middle, middle, 4, folded)
        self.rebnconv4 = ConvNormRelu(middle, middle, 8, folded)
        self.rebnconv3d = ConvNormRelu(2 * middle, middle, 4, folded)
        self.rebnconv2d = ConvNormRelu(2 * middle, middle, 2, folded)
        self.rebnconv1d = ConvNormRelu(2 * middle, outputs, 1, folded)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, outputs, h, w)."""
        entry = self.rebnconvin(x)
        first = self.rebnconv1(entry)
        second = self.rebnconv2(first)
        third = self.rebnconv3(second)
        deep = self.rebnconv4(third)
        deep = self.rebnconv3d(torch.cat((deep, third), 1))
        deep = self.rebnconv2d(torch.cat((deep, second), 1))
        return cast(Tensor, self.rebnconv1d(torch.cat((deep, first), 1)) + entry)


class U2Net(nn.Module):
    """Six encoders and five decoders, each an RSU, with a side output each.

    Parameters
    ----------
    size : {"u2net", "u2netp"}
        44,009,869 or 1,131,181 parameters.
    folded : bool
        Built without batch norms, for state dicts whose convolutions hold them.

    Examples
    --------
    >>> sum(p.numel() for p in U2Net("u2netp").parameters())
    1131181
    """

    def __init__(self, size: Size = "u2netp", folded: bool = False) -> None:
        super().__init__()
        stages = STAGES[size]
        for name, (height, inputs, middle, outputs) in stages.items():
            block = (
                ResidualUBlock(height, inputs, middle, outputs, folded)
                if height
                else DilatedUBlock(inputs, middle, outputs, folded)
            )
            self.add_module(name, block)
        sides = ("stage1d", "stage2d", "stage3d", "stage4d", "stage5d", "stage6")
        for number, name in enumerate(sides, 1):
            self.add_module(f"side{number}", nn.Conv2d(stages[name][3], 1, 3, padding=1))
        self.outconv = nn.Conv2d(6, 1, 1)

    def logits(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return seven (N, 1, h, w) maps before the sigmoid: the fused one, then the sides."""
        maps = [self.get_submodule("stage1")(x)]
        for number in range(2, 7):
            maps.append(self.get_submodule(f"stage{number}")(_halved(maps[-1])))
        deep = maps[-1]
        decoded = [deep]
        for number in range(5, 0, -1):
            beside = maps[number - 1]
            joined = torch.cat((_enlarged(deep, beside), beside), 1)
            deep = self.get_submodule(f"stage{number}d")(joined)
            decoded.append(deep)
        first = self.get_submodule("side1")(decoded[-1])
        sides = [first]
        for number in range(2, 7):
            side = self.get_submodule(f"side{number}")(decoded[-number])
            sides.append(_enlarged(side, first))
        return (self.outconv(torch.cat(sides, 1)), *sides)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return seven (N, 1, h, w) float32 maps in [0, 1] for (N, 3, h, w), as published."""
        return tuple(torch.sigmoid(logit.float()) for logit in self.logits(x))


def fold_batch_norms(model: nn.Module) -> nn.Module:
    """Fold every batch norm of a U²-Net into its convolution, in place; returns the model."""
    for module in model.modules():
        if isinstance(module, ConvNormRelu):
            module.fold()
    return model


def _halved(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 2, stride=2, ceil_mode=True)


def _enlarged(x: Tensor, beside: Tensor) -> Tensor:
    return functional.interpolate(x, size=beside.shape[2:], mode="bilinear", align_corners=False)
