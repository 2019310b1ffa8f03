"""U²-Net and U²-Net-p as segmenters."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import msgspec

from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings
from datakit.models.runtimes.contract import Contract, shipped
from datakit.models.runtimes.devices import parse_device
from datakit.models.runtimes.onnx_file import read_onnx
from datakit.models.runtimes.onnx_runner import OnnxSegmenter
from datakit.models.segmenters.base import Segmenter
from datakit.models.weights.files import kind_of, metadata_of
from datakit.models.weights.given import GivenWeights, open_weights
from datakit.models.weights.known import U2NET, U2NETP
from datakit.models.weights.provenance import Weights

if TYPE_CHECKING:
    from datakit.models.networks.u2net import Size

_CONVOLUTIONS = 119
LEAST_PX, MOST_PX = 32, 4096


class U2NetFactory:
    """Builds a U²-Net of one size from a file of any kind, recognised by its content.

    On the CPU, in float32, onnxruntime runs it when that is installed, as it is faster there: an
    ONNX file as it is, other files as a graph that is made from their tensors. Everything else runs
    in torch. The identity's `runtime` says which.

    The published pre-processing: 320 x 320 by stretching, over the picture's own maximum, ImageNet
    mean and deviation; probability is the fused map. Maps are not stretched to [0, 1] (see
    ``contracts/u2net.yaml``). A checkpoint of `datakit train` says another size itself.
    """

    USES = frozenset({"weights", "device", "precision", "compiled"})

    def __init__(self, size: Size, weights: Weights) -> None:
        self.size = size
        self.known = weights

    def identify(self, settings: Settings) -> Identity:
        """Find the file and tell its kind; its tensors are read by the call."""
        given = open_weights(settings, self.known, self.size)
        kind_of(given.data, str(given.path))
        _needs(given, settings)
        return given.identity(self.size)

    def __call__(self, settings: Settings) -> Segmenter:
        """Build it; ModelError names the first keys that differ from the architecture."""
        given = open_weights(settings, self.known, self.size)
        kind = kind_of(given.data, str(given.path))
        contract = shipped("u2net")
        identity = given.identity(self.size)
        in_onnxruntime = _in_onnxruntime(settings)
        if kind == "onnx" and in_onnxruntime:
            _check_graph(given, self.size)
            return OnnxSegmenter(identity, given.data, contract, settings)
        _needs(given, settings)
        from datakit.models.networks.u2net_weights import read_u2net

        model = read_u2net(given.data, self.size, str(given.path))
        contract = _as_trained(contract, given)
        if in_onnxruntime:
            from datakit.models.networks.u2net_graph import write_u2net

            graph = write_u2net(model, contract.input.size)
            made = OnnxSegmenter(identity, graph, contract, settings)
            runtime = f"{made.identity.runtime}, graph written from the tensors"
            made.identity = replace(made.identity, runtime=runtime)
            return made
        from datakit.models.runtimes.torch_runner import TorchSegmenter

        return TorchSegmenter(identity, model.logits, on_logits(contract), settings)


def _in_onnxruntime(settings: Settings) -> bool:
    """Whether onnxruntime runs it: on the CPU, in float32, when it is installed."""
    if find_spec("onnxruntime") is None or settings.precision != "float32" or settings.compiled:
        return False
    kind, _ = parse_device(settings.device)
    if kind == "auto" and find_spec("torch") is not None:
        import torch

        return not torch.cuda.is_available()
    return kind in ("auto", "cpu")


def _check_graph(given: GivenWeights, size: Size) -> None:
    """Check that an ONNX file is a U²-Net of the size, without torch."""
    graph = read_onnx(given.data, str(given.path))
    side = graph.tensors.get("side6.weight")
    channels = {"u2netp": 64, "u2net": 512}[size]
    if len(graph.convolutions) == _CONVOLUTIONS and (side is None or side.shape[1] == channels):
        return
    found = f"{len(graph.convolutions)} convolutions"
    if side is not None:
        found += f", side6.weight of shape {side.shape}"
    raise ModelError(
        f"{given.path}: expected the weights of a {size}: {_CONVOLUTIONS} convolutions, "
        f"side6.weight of shape (1, {channels}, 3, 3); found {found}; use the other size, or "
        "--model onnx with a contract"
    )


def _needs(given: GivenWeights, settings: Settings) -> None:
    """Check that the runtime is there that these weights need where they are to run."""
    onnx = kind_of(given.data, str(given.path)) == "onnx"
    if find_spec("torch") is None and not (onnx and _in_onnxruntime(settings)):
        raise ModelError(
            f"{given.path}: torch is needed to run it"
            f"{' so (on the CPU in float32, onnxruntime is enough)' if onnx else ''}; "
            "install it: pip install 'datakit[prelabel]'"
        )


def on_logits(contract: Contract) -> Contract:
    """Return the contract of the model's logits: the exported one has its sigmoid inside."""
    output = msgspec.structs.replace(contract.output, activation="sigmoid")
    return msgspec.structs.replace(contract, output=output)


def _as_trained(contract: Contract, given: GivenWeights) -> Contract:
    """Return the contract at the size that a checkpoint was trained at, when it says so."""
    stated = metadata_of(given.data).get("size_px")
    if stated is None:
        return contract
    if not stated.isdecimal() or not LEAST_PX <= int(stated) <= MOST_PX:
        raise ModelError(
            f"{given.path}: expected a size of {LEAST_PX} to {MOST_PX} px in its metadata, found "
            f"{stated[:20]!r}"
        )
    shaped = msgspec.structs.replace(contract.input, size=(int(stated), int(stated)))
    return msgspec.structs.replace(contract, input=shaped)


SMALL = U2NetFactory("u2netp", U2NETP)
FULL = U2NetFactory("u2net", U2NET)
