"""`prelabel --resume`: what an interrupted run is continued with decides the labels alike."""

from __future__ import annotations

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from datakit.errors import InputError
from datakit.verbs.prelabel import run
from datakit.verbs.shared.progress import SilentProgress

PHOTOS = 3


class StoppedAfterOne(SilentProgress):
    """Whoever watches stops the run when the first photo is done."""

    def advance(self, failed: int) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("swapped", ["weights", "contract"])
def test_a_run_is_not_resumed_with_another_model_at_the_same_place(
    tmp_path: Path, swapped: str
) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from tests.models import weight_makers

    (tmp_path / "src").mkdir()
    for number in range(PHOTOS):
        grey = np.full((40, 30, 3), 60 * (number + 1), np.uint8)
        cv2.imwrite(str(tmp_path / f"src/{number}.png"), grey)
    weights = tmp_path / "model.onnx"
    first, other = (weight_makers.brightness_onnx(gain=gain) for gain in (8.0, -8.0))
    weights.write_bytes(first)
    contract = weight_makers.contract_file(tmp_path, "stretch")
    options = run.Options(
        src=(str(tmp_path / "src"),),
        out=str(tmp_path / "out"),
        workers=0,
        model="onnx",
        weights=(str(weights),),
        contract=str(contract),
    )
    again = msgspec.structs.replace(options, resume=True)
    with pytest.raises(KeyboardInterrupt):
        run.run(options, StoppedAfterOne())
    if swapped == "weights":
        weights.write_bytes(other)
    else:
        weight_makers.contract_file(tmp_path, "letterbox")
    with pytest.raises(InputError, match="model weights that are unchanged"):
        run.run(again)
    weights.write_bytes(first)
    weight_makers.contract_file(tmp_path, "stretch")
    assert run.run(again).counts["samples"] == PHOTOS
