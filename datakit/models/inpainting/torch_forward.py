"""A torch module as the forward pass of an inpainter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from datakit.errors import ModelError
from datakit.models.inpainting.networked import Forward

Float = npt.NDArray[np.float32]


def torch_forward(module: nn.Module, device: torch.device, name: str) -> Forward:
    """Return a function from a list of arrays to a list of arrays; the module is moved.

    Errors of the module are ModelErrors: the contract gives what it does not take.
    """
    module = module.to(device).eval()

    @torch.inference_mode()
    def forward(inputs: list[Float]) -> list[Float]:
        try:
            found = module(*(torch.from_numpy(one).to(device) for one in inputs))
        except (RuntimeError, TypeError) as error:
            shapes = ", ".join(str(one.shape) for one in inputs)
            first = str(error).strip().splitlines()[0]
            raise ModelError(
                f"{name}: the model does not take inputs of shape {shapes}, which its contract "
                f"gives: {first}"
            ) from None
        tensors = [found] if isinstance(found, Tensor) else list(found)
        return [tensor.float().cpu().numpy() for tensor in tensors]

    return forward
