"""Promptable models as two ONNX files: the encoder runs once a picture, the decoder per prompt.

SAM (Kirillov et al. 2023, arXiv:2304.02643), MobileSAM, EfficientSAM and SAM 2 are exported so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.images import network_input
from datakit.core.images.network_input import Map, Placement
from datakit.errors import ModelError
from datakit.models.runtimes.contract import sigmoid, to_values
from datakit.models.runtimes.onnx_runner import open_session, run_session
from datakit.models.runtimes.prompt_contract import PromptContract

Image = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]
Click = tuple[float, float, bool]

_BOX_LABELS = (2.0, 3.0)
_FILLING = (0.0, 0.0, -1.0)


@dataclass(frozen=True, eq=False)
class Encoded:
    """A picture as the decoder takes it."""

    features: dict[str, npt.NDArray[Any]]
    placement: Placement


class PromptableModel:
    """An encoder and a decoder.

    Parameters
    ----------
    encoder, decoder : bytes
        ONNX files.
    contract : PromptContract
    device : str
    name : str
        Subject of error messages.

    Attributes
    ----------
    runtime : str
        Library, version and device.

    Raises
    ------
    ModelError
        If onnxruntime is missing or cannot read a file, or a name of the contract is not an input
        or output of the model: with those that it has.
    """

    def __init__(
        self, encoder: bytes, decoder: bytes, contract: PromptContract, device: str, name: str
    ) -> None:
        self._encoder, _ = open_session(encoder, device, f"{name} encoder")
        self._decoder, self.runtime = open_session(decoder, device, f"{name} decoder")
        self._contract, self._name = contract, name
        self._check()

    def _check(self) -> None:
        prompts, count = self._contract.prompts, len(self._encoder.get_outputs())
        wrong = [one for one in prompts.embeddings.values() if not -count <= one < count]
        if wrong:
            raise ModelError(
                f"{self._name}: the contract reads output {wrong[0]} of the encoder, which has "
                f"{count}; correct prompts.embeddings"
            )
        given = {*prompts.embeddings, prompts.points, prompts.labels, *prompts.beside}
        given |= {prompts.size} if prompts.size else set()
        taken = {one.name for one in self._decoder.get_inputs()}
        if given != taken:
            raise ModelError(
                f"{self._name}: the contract gives the decoder {', '.join(sorted(given))}, it "
                f"takes {', '.join(sorted(taken))}; correct prompts in its contract"
            )
        outputs = len(self._decoder.get_outputs())
        for index in (self._contract.output.index, self._contract.output.scores):
            if index is not None and not -outputs <= index < outputs:
                raise ModelError(
                    f"{self._name}: the contract reads output {index} of the decoder, which has "
                    f"{outputs}; correct output.index or output.scores"
                )

    def encode(self, image: Image) -> Encoded:
        """Look at an (H, W, 3) uint8 RGB picture once, for any number of prompts."""
        given = self._contract.input
        placement = given.place((image.shape[0], image.shape[1]))
        stacked = network_input.to_input(image, placement, given.padding)[None]
        values = to_values(stacked, given)
        if given.fit in ("corner", "letterbox"):
            # What is padded is 0 after the scaling, as the published code has it.
            x0, y0, x1, y1 = placement.window_xyxy
            inside = np.zeros(placement.input_hw, bool)
            inside[y0:y1, x0:x1] = True
            values *= inside[..., None] if given.layout == "nhwc" else inside
        outputs = self._run(self._encoder, {self._encoder.get_inputs()[0].name: values})
        chosen = self._contract.prompts.embeddings
        return Encoded({key: outputs[index] for key, index in chosen.items()}, placement)

    def answer(self, encoded: Encoded, clicks: Sequence[Click] = (), box: Box | None = None) -> Map:
        """Return the mask of a prompt.

        Parameters
        ----------
        encoded : Encoded
        clicks : sequence of (x, y, positive)
            Pixel edges of the picture.
        box : four floats, optional
            x0, y0, x1, y1 in pixel edges.

        Returns
        -------
        (H, W) float32 in [0, 1]
            At the picture's size.

        Raises
        ------
        ModelError
            If there is neither a click nor a box, or the decoder gives no mask.
        """
        rows = [(x, y, float(positive)) for x, y, positive in clicks]
        if box is not None:
            rows += [(box[0], box[1], _BOX_LABELS[0]), (box[2], box[3], _BOX_LABELS[1])]
        if not rows:
            raise ModelError(f"{self._name}: expected a click or a box, found no prompt")
        table = np.array(rows, np.float32)
        x0, y0, x1, y1 = encoded.placement.window_xyxy
        high, wide = encoded.placement.image_hw
        table[:, 0] = table[:, 0] * np.float32((x1 - x0) / wide) + x0
        table[:, 1] = table[:, 1] * np.float32((y1 - y0) / high) + y0
        if box is None:
            table = np.vstack([table, np.array(_FILLING, np.float32)])
        prompts = self._contract.prompts
        feeds = {
            **encoded.features,
            prompts.points: table[None, :, :2],
            prompts.labels: table[None, :, 2],
            **{
                key: np.full(one.shape, one.value, np.float32)
                for key, one in prompts.beside.items()
            },
        }
        if prompts.size:
            feeds[prompts.size] = np.array([high, wide], np.float32)
        return self._mask(self._run(self._decoder, feeds), encoded.placement)

    def _mask(self, outputs: list[npt.NDArray[Any]], placement: Placement) -> Map:
        output = self._contract.output
        masks = np.asarray(outputs[output.index], np.float32)
        if masks.ndim != 4 or masks.shape[0] != 1:
            raise ModelError(
                f"{self._name}: expected masks of shape (1, M, h, w), found {masks.shape}; correct "
                "output.index in its contract"
            )
        best = 0 if output.scores is None else int(np.argmax(outputs[output.scores]))
        found: Map = masks[0, min(best, masks.shape[1] - 1)]
        if not np.isfinite(found).all():
            raise ModelError(f"{self._name}: the model returned values that are no numbers")
        if output.activation == "none" and not -0.5 <= found.min() <= found.max() <= 1.5:
            raise ModelError(
                f"{self._name}: expected masks in [0, 1], found {found.min():.3g} .. "
                f"{found.max():.3g}; set output.activation: sigmoid in its contract"
            )
        if output.activation == "sigmoid":
            found = sigmoid(found)
        if output.frame == "input":
            found = network_input.without_padding(found, placement)
        return np.clip(network_input.resize_map(found, placement.image_hw), 0, 1)

    def _run(self, session: Any, feeds: dict[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        return run_session(session, None, feeds, self._name)
