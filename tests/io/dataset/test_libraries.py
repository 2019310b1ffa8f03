"""A dataset says which versions made its pixels."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import PIL

import datakit


def test_the_card_names_the_versions_that_decide_pixels(sample_data: Path, tmp_path: Path) -> None:
    datakit.trimap(sample_data / "portraits", tmp_path / "out", workers=0)
    [command] = json.loads((tmp_path / "out/dataset.json").read_text())["commands"]
    assert command["libraries"].keys() == {"numpy", "opencv", "pillow"}
    assert command["libraries"]["numpy"] == np.__version__
    assert command["libraries"]["pillow"] == PIL.__version__
    assert command["libraries"]["opencv"].startswith(cv2.__version__)
