"""A plain U-Net (Ronneberger et al. 2015, arXiv:1505.04597) for models trained on one's own data.

A checkpoint says in its own metadata how wide and deep it is (`UNetConfig`), so that nobody has
to remember. Its input is RGB / 255, less the ImageNet mean and over the ImageNet deviation,
stretched to a square (`contracts/unet.yaml`); its output is one foreground logit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
import torch
from msgspec import Meta
from torch import Tensor, nn
from torch.nn import functional

from datakit.errors import ModelError

ARCHITECTURE = "datakit-unet"


class UNetConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shape of a U-Net, and the size it was trained at.

    Examples
    --------
    >>> config = UNetConfig(width=16, depth=3)
    >>> UNetConfig.from_metadata(config.metadata()) == config
    True
    """

    width: Annotated[int, Meta(ge=1, le=512, description="channels of the first level")] = 32
    depth: Annotated[int, Meta(ge=1, le=8, description="how often the resolution halves")] = 4
    size_px: Annotated[int, Meta(ge=16, le=4096, description="side of the square input")] = 320

    def metadata(self) -> dict[str, str]:
        """Return what a checkpoint's safetensors header holds: strings only, as it demands."""
        return {"architecture": ARCHITECTURE, "config": msgspec.json.encode(self).decode()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> UNetConfig:
        """Read `metadata` back.

        Raises
        ------
        ModelError
            If it is of another architecture or says nothing.
        """
        found = metadata.get("architecture")
        if found != ARCHITECTURE:
            raise ModelError(
                f"U-Net checkpoint: expected metadata with architecture {ARCHITECTURE}, "
                f"found {found or 'none'}; use a file that `datakit train` wrote"
            )
        try:
            return msgspec.json.decode(metadata.get("config", ""), type=cls)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise ModelError(f"U-Net checkpoint: its config cannot be read ({error})") from None


class Level(nn.Sequential):
    """Twice a 3 x 3 convolution, batch norm and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    """An encoder of `depth` halvings and a decoder with skips; one foreground logit.

    Examples
    --------
    >>> model = UNet(UNetConfig(width=4, depth=2))
    >>> model(torch.zeros(1, 3, 31, 20)).shape
    torch.Size([1, 1, 31, 20])
    """

    def __init__(self, config: UNetConfig | None = None) -> None:
        super().__init__()
        self.config = config or UNetConfig()
        widths = [self.config.width * 2**level for level in range(self.config.depth + 1)]
        self.down = nn.ModuleList(
            Level(inputs, outputs) for inputs, outputs in zip([3, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(
            Level(deep + beside, beside)
            for deep, beside in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(widths[0], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 1, h, w) logits for (N, 3, h, w) of any size."""
        skips: list[Tensor] = []
        for number, level in enumerate(self.down):
            if number:
                x = functional.max_pool2d(x, 2, ceil_mode=True)
            x = level(x)
            skips.append(x)
        for level, beside in zip(self.up, skips[-2::-1], strict=True):
            x = functional.interpolate(x, beside.shape[2:], mode="bilinear", align_corners=False)
            x = level(torch.cat((x, beside), 1))
        logits: Tensor = self.head(x)
        return logits

    def logits(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the one map as a tuple, as every architecture does."""
        return (self(x),)
