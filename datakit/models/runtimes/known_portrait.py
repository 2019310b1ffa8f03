"""A portrait whose answer is known: it tells a map of the background from one of the person.

A model of something else, and one that has learnt nothing, has no answer here and is not judged.
The order of the colours and the fit cannot be told from one photo: a good network may see the
person in it as well either way (benchmarks/RESULTS.md).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.metrics.mask_metrics import iou
from datakit.errors import ModelError
from datakit.models.prediction import Image, Prediction
from datakit.models.runtimes.contract import Contract, finished, to_probability

THRESHOLD = 0.5
CLEAR = 0.7
"""From this IoU on a map shows the person of the portrait."""
NOTHING = 0.2
"""Below this IoU a map does not show the person at all."""


@cache
def known_portrait() -> tuple[Image, npt.NDArray[np.bool_]]:
    """Return the portrait, (224, 224, 3) uint8 RGB, and its person, (224, 224) bool.

    Examples
    --------
    >>> image, person = known_portrait()
    >>> image.shape, round(float(person.mean()), 1)
    ((224, 224, 3), 0.5)
    """
    photo, mask = (_decoded(name) for name in ("photo.jpg", "mask.png"))
    return np.asarray(cv2.cvtColor(photo, cv2.COLOR_BGR2RGB), np.uint8), mask[..., 0] > 0


def check_answer(output: npt.NDArray[Any], contract: Contract, name: str) -> None:
    """Check what a model gave for the known portrait.

    Parameters
    ----------
    output : (C, h, w)
        Of any dtype, before the contract's activation.
    contract : Contract
    name : str
        Subject of error messages.

    Raises
    ------
    ModelError
        If the map clearly shows all but the person: it is one of the background.
    """
    image, person = known_portrait()
    probability = finished(to_probability(output[None], contract.output), contract.output, name)
    placement = contract.input.place((image.shape[0], image.shape[1]))
    found = Prediction(probability[0], placement, raw_max=1.0).to_image_size()
    shown, left_out = (iou(mask, person) for mask in (found > THRESHOLD, found < THRESHOLD))
    if left_out >= CLEAR and shown < NOTHING:
        turned = "false" if contract.output.invert else "true"
        raise ModelError(
            f"{name}: expected the person of a known portrait, found all but the person (IoU "
            f"{shown:.2f}, of the background {left_out:.2f}); set output.invert: {turned} in its "
            "contract, or output.channel to the foreground's channel"
        )


def _decoded(name: str) -> npt.NDArray[np.uint8]:
    data = files("datakit.models.runtimes").joinpath("portrait", name).read_bytes()
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
