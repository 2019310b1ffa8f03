"""Any model through a contract: ONNX, TorchScript and exported torch programs."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings
from datakit.models.prediction import Image
from datakit.models.runtimes.contract import Contract, read_contract
from datakit.models.runtimes.known_portrait import check_answer, known_portrait
from datakit.models.runtimes.onnx_runner import OnnxSegmenter
from datakit.models.runtimes.probe import check_input, check_outputs, probe_pictures
from datakit.models.segmenters.base import Segmenter
from datakit.models.segmenters.trimapped import TrimappedSegmenter, trimapped_identity
from datakit.models.weights.files import Kind
from datakit.models.weights.given import GivenWeights, open_contracted

if TYPE_CHECKING:
    from torch import nn


class Probed(Segmenter, Protocol):
    """A segmenter that shows what its model returns."""

    def raw_output(self, image: Image) -> npt.NDArray[Any]:
        """Return the (C, h, w) output that the contract reads, before its activation."""
        ...


class ContractedFactory:
    """Builds a model of one kind from a file and a contract (`--weights FILE --contract YAML`).

    An ONNX file is a graph of known operators and is safe to read. TorchScript and ``.pt2`` files
    are PROGRAMS: reading and running one is like running a script of whoever made it. Use files
    that you trust, or prefer safetensors, state dicts and ONNX. (A U²-Net in such a file is safe
    as ``--model u2net``: only its tensors are read then.)
    """

    USES = frozenset({"weights", "contract", "device", "precision", "compiled"})

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        if kind == "onnx":
            # onnxruntime runs a graph in the precision that it was saved in.
            self.USES = frozenset({"weights", "contract", "device"})

    def identify(self, settings: Settings) -> Identity:
        """Find the file, and read the contract."""
        given, contract = open_contracted(settings, self.kind, read_contract)
        found = given.identity(self.kind)
        return trimapped_identity(found) if contract.input.trimap else found

    def __call__(self, settings: Settings) -> Segmenter:
        """Build it; ModelError when the contract does not fit the model's input."""
        given, contract = open_contracted(settings, self.kind, read_contract)
        identity = given.identity(self.kind)
        check_input(contract.input, given.shown)
        if self.kind == "onnx":
            found = OnnxSegmenter(identity, given.data, contract, settings)
            probed = _probed(found, contract, given)
            return TrimappedSegmenter(found, settings) if contract.input.trimap else probed
        if contract.input.beside or contract.input.trimap:
            field = "beside" if contract.input.beside else "trimap"
            raise ModelError(
                f"{given.path}: input.{field} is for ONNX models, found a {self.kind}; export it "
                "as ONNX"
            )
        from datakit.models.runtimes.torch_runner import TorchSegmenter

        batch = None
        if self.kind == "torchscript":
            model: Any = load_torchscript(given)
        else:
            model, batch = _exported(given, contract)
        made = TorchSegmenter(identity, model, contract, settings, fixed_batch=batch)
        return _probed(made, contract, given)


def _probed(segmenter: Probed, contract: Contract, given: GivenWeights) -> Segmenter:
    """Return the segmenter, once what it makes of known pictures is what its contract says."""
    outputs = [segmenter.raw_output(picture) for picture in probe_pictures()]
    check_outputs(np.stack(outputs), contract, given.shown)
    check_answer(segmenter.raw_output(known_portrait()[0]), contract, given.shown)
    return segmenter


def load_torchscript(given: GivenWeights) -> nn.Module:
    """Return the program of a TorchScript file; ModelError when torch cannot read it."""
    import torch

    try:
        with warnings.catch_warnings():
            # torch says that TorchScript will go; people's files stay.
            warnings.simplefilter("ignore", DeprecationWarning)
            load: Any = torch.jit.load
            model: nn.Module = load(io.BytesIO(given.data), map_location="cpu")
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{given.path}: torch cannot read it: {_first(error)}") from None
    return model.eval()


def _exported(given: GivenWeights, contract: Contract) -> tuple[nn.Module, int | None]:
    """Return a module, and the batch size when the program takes one only."""
    import torch

    try:
        program = torch.export.load(io.BytesIO(given.data))
    except Exception as error:  # noqa: BLE001
        # The reader of .pt2 raises whatever its JSON trips over.
        raise ModelError(f"{given.path}: torch cannot read it: {_first(error)}") from None
    names = set(program.graph_signature.user_inputs)
    nodes = [node for node in program.graph.nodes if node.name in names]
    value = nodes[0].meta.get("val") if len(nodes) == 1 else None
    # A free side is a symbol, not an int.
    shape = [side if isinstance(side, int) else None for side in getattr(value, "shape", ())]
    sides = contract.input.shape()
    if contract.input.fit == "multiple":
        sides = tuple(side if side == contract.input.channel_count else None for side in sides)
    if len(shape) != 4 or any(
        found is not None and found != wanted
        for found, wanted in zip(shape[1:], sides[1:], strict=True)
    ):
        raise ModelError(
            f"{given.path}: the contract gives one input of shape "
            f"({', '.join(map(str, contract.input.shape()))}), the program takes "
            f"{tuple(shape) if shape else 'another number of inputs'}; correct input.size"
        )
    return program.module(), shape[0]


def _first(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), repr(error))


ONNX = ContractedFactory("onnx")
TORCHSCRIPT = ContractedFactory("torchscript")
TORCH_EXPORT = ContractedFactory("torch-export")
