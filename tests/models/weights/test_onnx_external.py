"""Tensors beside an ONNX model: read from its own folder only, and covered by the digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from datakit.errors import ModelError  # noqa: E402
from datakit.models.factory import Settings  # noqa: E402
from datakit.models.runtimes.onnx_file import read_onnx  # noqa: E402
from datakit.models.weights.given import open_weights  # noqa: E402
from tests.models import weight_makers as makers  # noqa: E402


def saved(folder: Path, location: str = "m.onnx.data", **place: str) -> Path:
    """Save a model whose gain lies in another file, as torch's exporter does."""
    model = onnx.load_from_string(makers.brightness_onnx())
    tensor = model.graph.initializer[0]
    values = tensor.raw_data or np.asarray(tensor.float_data, np.float32).tobytes()
    tensor.ClearField("float_data")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entries = {"location": location, "offset": "4", "length": str(len(values)), **place}
    for key, value in entries.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    folder.mkdir(exist_ok=True)
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    (folder / "m.onnx.data").write_bytes(b"ABCD" + values)
    return folder / "m.onnx"


def test_the_file_beside_is_read_and_digested(tmp_path: Path) -> None:
    path = saved(tmp_path)
    given = open_weights(Settings(weights=(path,)), None, "onnx")
    assert read_onnx(given.data).tensors["gain"].tolist() == [8.0]
    onnx.checker.check_model(onnx.load_from_string(given.data))
    both = path.read_bytes() + (tmp_path / "m.onnx.data").read_bytes()
    assert given.provenance.sha256 == hashlib.sha256(both).hexdigest()
    assert given.shown == f"{path} (with m.onnx.data)"


@pytest.mark.parametrize("location", ["../m.onnx.data", "/etc/hostname", "a/m.data", "..", ""])
def test_no_other_folder_is_read(tmp_path: Path, location: str) -> None:
    with pytest.raises(ModelError, match="beside it"):
        open_weights(Settings(weights=(saved(tmp_path, location),)), None, "onnx")


def test_links_and_lies_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "linked")
    target = tmp_path / "elsewhere"
    (path.parent / "m.onnx.data").replace(target)
    (path.parent / "m.onnx.data").symlink_to(target)
    with pytest.raises(ModelError, match="no such file"):
        open_weights(Settings(weights=(path,)), None, "onnx")
    with pytest.raises(ModelError, match="bytes in"):
        open_weights(Settings(weights=(saved(tmp_path, length="9999"),)), None, "onnx")
    with pytest.raises(ModelError, match="in numbers"):
        open_weights(Settings(weights=(saved(tmp_path, offset="-3"),)), None, "onnx")
