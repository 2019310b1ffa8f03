"""Any inpainting network through a contract: ONNX and TorchScript (LaMa, MI-GAN, …)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings
from datakit.models.inpainting.base import Inpainter
from datakit.models.inpainting.contract import read_inpainting_contract
from datakit.models.inpainting.networked import Forward, NetworkInpainter
from datakit.models.runtimes.onnx_runner import open_session, run_session
from datakit.models.segmenters.contracted import load_torchscript
from datakit.models.weights.given import GivenWeights, open_contracted

Float = npt.NDArray[np.float32]

_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class ContractedInpainterFactory:
    """Builds a network of one kind from a file and a contract (`--weights FILE --contract YAML`).

    An ONNX file is a graph of known operators. A TorchScript file is a PROGRAM: use files of people
    that you trust.
    """

    USES = frozenset({"weights", "contract", "device"})

    def __init__(self, kind: Literal["onnx", "torchscript"]) -> None:
        self.kind = kind

    def identify(self, settings: Settings) -> Identity:
        """Find the file, and read the contract."""
        given, _ = open_contracted(settings, self.kind, read_inpainting_contract)
        return given.identity(self.kind)

    def __call__(self, settings: Settings) -> Inpainter:
        """Build it; ModelError when the contract does not fit the network's inputs."""
        given, contract = open_contracted(settings, self.kind, read_inpainting_contract)
        identity = given.identity(self.kind)
        inputs = 2 if contract.mask.place == "input" else 1
        forward, runtime = open_forward(given, self.kind, inputs, settings.device)
        return NetworkInpainter(replace(identity, runtime=runtime), contract, forward)


def open_forward(
    given: GivenWeights, kind: Literal["onnx", "torchscript"], inputs: int, device: str
) -> tuple[Forward, str]:
    """Load a network; return its forward pass and what computes it.

    Parameters
    ----------
    given : GivenWeights
    kind : {"onnx", "torchscript"}
    inputs : int
        How many the contract gives.
    device : str

    Raises
    ------
    ModelError
        If an ONNX file takes another number of inputs, or others than floats.
    """
    return (_onnx if kind == "onnx" else _torch)(given, inputs, device)


def _torch(given: GivenWeights, inputs: int, device: str) -> tuple[Forward, str]:
    """Load a program; how many inputs it takes, its forward pass says."""
    import torch

    from datakit.models.inpainting.torch_forward import torch_forward
    from datakit.models.runtimes.torch_runner import choose_torch_device

    chosen = choose_torch_device(device)
    forward = torch_forward(load_torchscript(given), chosen, "torchscript")
    return forward, f"torch {torch.__version__}, {chosen}, float32"


def _onnx(given: GivenWeights, inputs: int, device: str) -> tuple[Forward, str]:
    session, runtime = open_session(given.data, device, "onnx")
    taken = session.get_inputs()
    if len(taken) != inputs or any(one.type not in _DTYPES for one in taken):
        found = ", ".join(f"{one.name} {tuple(one.shape)} {one.type}" for one in taken)
        raise ModelError(
            f"{given.path}: the contract gives {inputs} input{'s' if inputs > 1 else ''} of "
            f"floats, the model takes {found}; correct mask.place, or take another contract"
        )

    def forward(values: list[Float]) -> list[Any]:
        feed = {
            one.name: value.astype(_DTYPES[one.type], copy=False)
            for one, value in zip(taken, values, strict=True)
        }
        return run_session(session, None, feed, "onnx")

    return forward, runtime


ONNX = ContractedInpainterFactory("onnx")
TORCHSCRIPT = ContractedInpainterFactory("torchscript")
