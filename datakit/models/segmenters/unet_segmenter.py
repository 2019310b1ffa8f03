"""The plain U-Net of `datakit train` as a segmenter."""

from __future__ import annotations

from importlib.util import find_spec

import msgspec

from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings
from datakit.models.runtimes.contract import shipped
from datakit.models.segmenters.base import Segmenter
from datakit.models.weights.files import kind_of
from datakit.models.weights.given import GivenWeights, open_weights


class UNetFactory:
    """Builds a U-Net whose checkpoint says its own width, depth and size (``--weights FILE``)."""

    USES = frozenset({"weights", "device", "precision", "compiled"})

    def identify(self, settings: Settings) -> Identity:
        """Find the file and tell its kind."""
        return _given(settings).identity("unet")

    def __call__(self, settings: Settings) -> Segmenter:
        """Build it; ModelError when the file is no U-Net that `datakit train` wrote."""
        given = _given(settings)
        from datakit.models.networks.unet_weights import read_unet
        from datakit.models.runtimes.torch_runner import TorchSegmenter

        model = read_unet(given.data, str(given.path))
        contract = shipped("unet")
        side = model.config.size_px
        shaped = msgspec.structs.replace(contract.input, size=(side, side))
        contract = msgspec.structs.replace(contract, input=shaped)
        return TorchSegmenter(given.identity("unet"), model.logits, contract, settings)


def _given(settings: Settings) -> GivenWeights:
    given = open_weights(settings, None, "unet")
    kind_of(given.data, str(given.path))
    if find_spec("torch") is None:
        raise ModelError(
            "--model unet: torch is needed; install it: pip install 'datakit[prelabel]'"
        )
    return given


UNET = UNetFactory()
