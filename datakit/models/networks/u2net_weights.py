"""A U²-Net from any file that holds one: state dict, safetensors, TorchScript, .pt2 or ONNX."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from datakit.errors import ModelError
from datakit.models.networks.u2net import Size, U2Net, fold_batch_norms
from datakit.models.runtimes.onnx_file import OnnxFile, read_onnx
from datakit.models.weights.files import differing_keys, kind_of, read_tensors

_COUNTER = "num_batches_tracked"


def read_u2net(data: bytes, size: Size, name: str) -> U2Net:
    """Read a U²-Net in evaluation mode, its batch norms folded into its convolutions.

    Parameters
    ----------
    data : bytes
        Of a file of any kind; it is recognised by its content.
    size : {"u2net", "u2netp"}
    name : str
        Subject of error messages.

    Raises
    ------
    ModelError
        If the weights are of another architecture; the text names the first differing keys.
    """
    if kind_of(data, name) == "onnx":
        tensors = onnx_state(read_onnx(data, name), size, name)
    else:
        tensors, _ = read_tensors(data, name, _names(size))
    folded = not any(".bn_s1." in key for key in tensors)
    with torch.device("meta"):
        model = U2Net(size, folded=folded)
    _check(model, tensors, size, name)
    model = model.to_empty(device="cpu")
    # An exporter may drop the counters of batches, which nothing reads when a model runs.
    model.load_state_dict({k: v.float() for k, v in tensors.items()}, strict=False)
    return cast(U2Net, fold_batch_norms(model.eval()))


def onnx_state(file: OnnxFile, size: Size, name: str) -> dict[str, Tensor]:
    """Return an exported U²-Net's weights under the names of the publication.

    Exporters fold batch norms and give the convolutions numbers for names; their order is that of
    the forward pass, which is also the order in which the architecture defines them.

    Raises
    ------
    ModelError
        If there are not as many convolutions as a U²-Net has.
    """
    with torch.device("meta"):
        model = U2Net(size, folded=True)
    names = [key.removesuffix(".weight") for key in model.state_dict() if key.endswith(".weight")]
    if all(f"{key}.weight" in file.tensors for key in names):
        # Exported without folding: the names are there.
        kept = (key for key in U2Net(size).state_dict() if key in file.tensors)
        return {key: _tensor(file, key) for key in kept}
    by_name = {key for key in names if f"{key}.weight" in file.tensors}
    rest = [
        found for found in file.convolutions if found.weight.removesuffix(".weight") not in by_name
    ]
    unnamed = [key for key in names if key not in by_name]
    if len(rest) != len(unnamed):
        raise ModelError(
            f"{name}: expected the {len(names)} convolutions of a {size}, found "
            f"{len(file.convolutions)}; run it with --model onnx and a contract"
        )
    state = {}
    for key, found in zip(unnamed, rest, strict=True):
        state[f"{key}.weight"] = _tensor(file, found.weight)
        if found.bias is not None:
            state[f"{key}.bias"] = _tensor(file, found.bias)
    for key in by_name:
        state |= {f"{key}.{part}": _tensor(file, f"{key}.{part}") for part in ("weight", "bias")}
    return state


def _names(size: Size) -> set[str]:
    """Return the names of a U²-Net's tensors, its batch norms folded or not."""
    with torch.device("meta"):
        return {*U2Net(size).state_dict(), *U2Net(size, folded=True).state_dict()}


def _check(model: U2Net, tensors: dict[str, Tensor], size: Size, name: str) -> None:
    expected = {
        key: tuple(value.shape) for key, value in model.state_dict().items() if _COUNTER not in key
    }
    found = {key: tuple(value.shape) for key, value in tensors.items() if _COUNTER not in key}
    difference = differing_keys(expected, found)
    if difference is not None:
        raise ModelError(f"{name}: expected the weights of a {size}; {difference}{_hint(found)}")


def _hint(found: dict[str, Any]) -> str:
    shape = found.get("side6.weight")
    sizes = {(1, 64, 3, 3): "u2netp", (1, 512, 3, 3): "u2net"}
    return f"; use --model {sizes[shape]}" if shape in sizes else ""


def _tensor(file: OnnxFile, key: str) -> Tensor:
    return torch.from_numpy(np.array(file.tensors.get(key, np.empty(0)), np.float32))
