"""DeepFillv2 from a published generator's state dict."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings
from datakit.models.inpainting.base import Inpainter
from datakit.models.inpainting.contract import read_inpainting_contract
from datakit.models.inpainting.networked import NetworkInpainter
from datakit.models.weights.files import kind_of
from datakit.models.weights.given import GivenWeights, open_weights

NAME = "deepfillv2"


class DeepFillFactory:
    """Builds DeepFillv2 from ``--weights FILE``: a state dict of the generator, read as data."""

    USES = frozenset({"weights", "device"})

    def identify(self, settings: Settings) -> Identity:
        """Find the file and tell its kind."""
        return _given(settings).identity(NAME)

    def __call__(self, settings: Settings) -> Inpainter:
        """Build it; ModelError when the file holds no DeepFillv2 generator."""
        given = _given(settings)
        import torch

        from datakit.models.inpainting.torch_forward import torch_forward
        from datakit.models.networks.deepfill_weights import read_deepfill
        from datakit.models.runtimes.torch_runner import choose_torch_device

        device = choose_torch_device(settings.device)
        model = read_deepfill(given.data, str(given.path))
        runtime = f"torch {torch.__version__}, {device}, float32"
        identity = replace(given.identity(NAME), runtime=runtime)
        contract = read_inpainting_contract(NAME)
        return NetworkInpainter(identity, contract, torch_forward(model, device, NAME))


def _given(settings: Settings) -> GivenWeights:
    given = open_weights(settings, None, NAME)
    kind_of(given.data, str(given.path))
    if find_spec("torch") is None:
        raise ModelError(
            f"--model {NAME}: torch is needed; install it: pip install 'datakit[prelabel]'"
        )
    return given


DEEPFILL = DeepFillFactory()
